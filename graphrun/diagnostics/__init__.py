"""What becomes of problems once they are found: what codes mean, and the forms of other programs."""
