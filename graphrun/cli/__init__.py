"""The command line: arguments → calls → rendering. The only printer."""

DEVICES = ("auto", "cpu", "cuda", "mps")
"""Where a run may compute, as options and configuration files name it."""

PRECISIONS = ("auto", "fp32", "tf32", "bf16", "fp16")
"""The number formats that a run may compute in, likewise."""
