"""Stand-in: blockers, and the prompt as nodes see it."""

from graphrun.catalog.blocking import Blocker as ExecutionBlocker
from graphrun.catalog.builder import is_link
from graphrun.comfy import missing

__all__ = ["ExecutionBlocker", "is_link"]
__getattr__ = missing.names(__name__)
