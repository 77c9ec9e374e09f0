"""Stand-in: how nodes build graphs, which is part of our own node API."""

from graphrun.catalog.blocking import Blocker as ExecutionBlocker
from graphrun.catalog.builder import GraphBuilder, Node, add_graph_prefix, is_link
from graphrun.comfy import missing

__all__ = ["ExecutionBlocker", "GraphBuilder", "Node", "add_graph_prefix", "is_link"]
__getattr__ = missing.names(__name__)
