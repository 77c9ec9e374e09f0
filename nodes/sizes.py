"""Shapes of tensors as values of their own."""

from __future__ import annotations

from graphrun.node import Nodes

NODES = Nodes(category="Data Analysis", spaced=True)
