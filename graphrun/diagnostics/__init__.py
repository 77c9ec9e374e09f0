"""What becomes of problems once they are found: what codes mean, forms of other programs."""
