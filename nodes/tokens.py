"""SentencePiece models, tokenizers as tensors, and word vectors."""

from __future__ import annotations

from graphrun.node import Nodes

NODES = Nodes(category="Data Analysis", spaced=True)
