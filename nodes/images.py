"""Tensors from pictures and back, cropped, padded and resized."""

from __future__ import annotations

from graphrun.node import Nodes

NODES = Nodes(category="Data Analysis", spaced=True)
