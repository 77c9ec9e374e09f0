"""The command line: arguments → calls → rendering. The only printer."""

DEVICES = ("auto", "cpu", "cuda", "mps")
"""Where a run may compute, as options and configuration files name it."""
