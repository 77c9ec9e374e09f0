"""Probability distributions and what can be asked of them."""

from __future__ import annotations

from graphrun.node import Nodes

NODES = Nodes(category="Distribution", spaced=True)
