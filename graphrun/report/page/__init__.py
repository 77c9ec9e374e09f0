"""Run folders as one HTML file that a browser shows without a network, a server or a library."""

from graphrun.report.page.writing import NAME, write

__all__ = ["NAME", "write"]
