"""`python -m graphrun` and the console script."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code. Ctrl-C is quiet even while modules are imported."""
    try:
        from graphrun.cli.main import main as run

        code = run(argv)
    except KeyboardInterrupt:
        code = 130
    if code == 130:
        # One more Ctrl-C while Python clears up must not change the exit code.
        import signal

        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


if __name__ == "__main__":
    sys.exit(main())
