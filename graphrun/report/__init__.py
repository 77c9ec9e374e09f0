"""Folds over events: the report, the run folder, the views. `live` needs rich and a terminal."""

from graphrun.report.folder import RunFolder, check_report, observers
from graphrun.report.lines import Lines
from graphrun.report.report import Report
from graphrun.report.text import LIBRARY, summary

__all__ = ["LIBRARY", "Lines", "Report", "RunFolder", "check_report", "observers", "summary"]
