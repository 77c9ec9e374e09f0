"""Workflows run by the command line, in this process; what they showed and wrote."""

import json
from pathlib import Path

from graphrun.cli.main import main
from graphrun.report import check_report

ROOT = Path(__file__).parents[2]


def run(capsys, file, *options):
    """The report of a run that has to succeed."""
    code = main(["run", str(file), "--json", *options])
    report = json.loads(capsys.readouterr().out)
    assert code == 0, report.get("error", report)
    assert check_report(report) == []
    return report


def shown(report, title):
    """The text that the node with a title showed."""
    (node,) = (node for node in report["nodes"] if node["title"] == title)
    return node["ui"]["text"][0]


def files(report):
    return [Path(path) for path in report["files"]]
