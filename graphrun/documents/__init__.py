"""Bytes → Workflow or Prompt."""

from graphrun.documents.checks import schema
from graphrun.documents.load import Workflow, load, loads, read
from graphrun.documents.prompt import BadLink, Link, Prompt, PromptNode
from graphrun.documents.source import Source

__all__ = [
    "BadLink",
    "Link",
    "Prompt",
    "PromptNode",
    "Source",
    "Workflow",
    "load",
    "loads",
    "read",
    "schema",
]
