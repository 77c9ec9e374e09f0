"""Workflow → Prompt: what the editor does when it exports, with nothing lost in silence."""

from graphrun.convert.convert import convert, explain

__all__ = ["convert", "explain"]
