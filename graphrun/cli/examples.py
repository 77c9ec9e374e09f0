"""Examples in `--help`: commands that somebody may copy."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter


def teach(parser: ArgumentParser, about: str, *lines: str) -> None:
    """Begin the help with what a verb is for, and end it with commands."""
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.description = about
    parser.epilog = "examples:\n" + "\n".join(f"  {line}" for line in lines)
