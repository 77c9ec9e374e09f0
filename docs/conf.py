"""Sphinx: how the pages of this folder become a site (`make docs-site`)."""

import re

project = "graphrun"
copyright = "the graphrun contributors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
default_role = "code"
smartquotes = False  # two dashes begin an option
html_theme = "furo"
html_title = "graphrun"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"

_FOLDER = re.compile(r"\[([^]]*)\]\((?:\.\./)+tests/[^)]*\)")


def setup(app):
    app.connect("source-read", _read)
    app.connect("autodoc-process-docstring", _blocks, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _read(_app, name, source):
    """Pages of node classes are reached from their index: 300 entries in the sidebar of each page
    would be most of the site, and of the time that it takes. Folders of tests are not part of it.
    """
    if name.startswith("nodes/") and name != "nodes/README":
        source[0] = f"---\norphan: true\n---\n{source[0]}"
    source[0] = _FOLDER.sub(r"\1", source[0])


def _blocks(_app, what, _name, _object, _options, lines):
    """Indented blocks of docstrings are code; those of modules are written in the page instead."""
    if what == "module":
        lines.clear()
    for number in range(len(lines) - 1, 0, -1):
        if lines[number].startswith("    ") and not lines[number - 1]:
            before = next((one for one in reversed(lines[:number]) if one), "")
            if before and not before.startswith((" ", ":", "..")):
                lines[number:number] = ["::", ""]
