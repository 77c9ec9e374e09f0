"""Figures of a trained model, and its predictions."""

from __future__ import annotations

from graphrun.node import Nodes

NODES = Nodes(category="Training", spaced=True)
