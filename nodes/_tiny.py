"""The small pretrained models that stand in for others (tests/support/tiny_checkpoints.py)."""

import json
from pathlib import Path

ARCHITECTURES = ("albert", "bert", "distilbert", "electra", "roberta")
FOLDER = Path(__file__).resolve().parent / "tiny"
HELD_OUT = frozenset({"test", "val", "valid", "validation", "dev", "eval"})
"""Names of splits that are not trained on."""
PIECES = FOLDER / "spiece.model"
"""A SentencePiece model."""


def checkpoint(architecture: str) -> Path:
    """The folder that from_pretrained() loads the small model and its tokenizer from."""
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise ValueError(f"no small checkpoint for {architecture!r}; there are {known}")
    return FOLDER / architecture


def titled(architecture: str, title: str) -> str:
    """What is said of a small model."""
    config = json.loads((checkpoint(architecture) / "config.json").read_text("utf-8"))
    layers = config.get("num_hidden_layers") or config.get("n_layers")
    return f"built-in {layers}-layer {title}"
