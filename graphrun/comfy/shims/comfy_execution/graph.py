"""Stand-in: blockers, and the prompt as nodes see it."""

from graphrun.catalog.blocking import Blocker as ExecutionBlocker
from graphrun.catalog.builder import is_link
from graphrun.comfy import missing

__all__ = ["ExecutionBlocker", "is_link"]


class NodeNotFoundError(Exception):
    """A node id that a prompt does not have."""


class NodeInputError(Exception):
    """An input that a node does not have."""


class DependencyCycleError(Exception):
    """Nodes that wait for each other."""


# The object that nodes get as DYNPROMPT is the engine's; packs need the name for annotations.
__getattr__ = missing.names(__name__, "DynamicPrompt ExecutionList TopologicalSort get_input_info")
