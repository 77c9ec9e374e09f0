"""`python -m graphrun` and the console script."""

import sys

from graphrun.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
