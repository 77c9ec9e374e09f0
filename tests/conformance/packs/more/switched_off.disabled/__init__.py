"""A pack that is switched off by its name, and is not to be imported."""

raise AssertionError("imported all the same")
