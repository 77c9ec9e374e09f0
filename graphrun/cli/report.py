"""`graphrun report RUN...`"""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from graphrun.cli import config, render
from graphrun.errors import Diagnostic, ExitCode, UsageError

_LATEST = "latest"

_EXAMPLES = """examples:
  graphrun report latest --open
  graphrun report runs/20261125-083237-prompt -o report.html
  graphrun report runs/*-distilbert_classification -o comparison.html"""


def arguments(parser: ArgumentParser) -> None:
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.description = "Write a run folder as one HTML file, or compare several."
    parser.epilog = _EXAMPLES
    told = (
        f"a run folder, `{_LATEST}` (the newest one), or a folder of run folders such as that of "
        "a sweep; of several runs, the others are compared with the first"
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help=told)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="where to write (default RUN/report.html; of several runs comparison.html)",
    )
    parser.add_argument("--open", action="store_true", help="show it in the browser")


def report(options: Namespace) -> int:
    """Write the page and print its path.

    Raises:
        UsageError: a folder is no run's, or the page cannot be written.
    """
    from graphrun.report.page import NAME, write

    folders = [folder for run in options.runs for folder in _folders(run)]
    target = options.output or (folders[0] / NAME if len(folders) == 1 else Path("comparison.html"))
    render.out(str(write(folders, target)))
    if options.open:
        import webbrowser

        webbrowser.open(target.absolute().as_uri())
    return ExitCode.OK


def _folders(run: str) -> list[Path]:
    """The folder of a run, or those in it that are of runs, in the order of their numbers."""
    if run == _LATEST and not Path(run).exists():
        run = str(_latest())
    inner = {path.parent for path in Path(run).glob("*/report.json")}
    if (Path(run) / "report.json").is_file() or not inner:
        return [Path(run)]
    return sorted(inner, key=lambda path: [(len(w), w) for w in re.findall(r"\d+", path.name)])


def _latest() -> Path:
    """Names of runs and sweeps begin with their time, so the last name is the newest."""
    runs = Path(config.read(Path.cwd()).get("out", "runs")).expanduser()
    inner = (file.parent.parent for file in runs.glob("*/*/report.json"))
    sweeps = {folder for folder in inner if (folder / "sweep.json").is_file()}
    found = sorted({file.parent for file in runs.glob("*/report.json")} | sweeps)
    if not found:
        message = f"there is no run with a report below {runs}"
        raise UsageError(Diagnostic("no_report", message, hint="give the folder of a run"))
    return found[-1]
