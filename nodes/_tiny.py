"""The small pretrained models that stand in for others (tests/support/tiny_checkpoints.py)."""

from pathlib import Path

ARCHITECTURES = ("albert", "bert", "distilbert", "electra", "roberta")
FOLDER = Path(__file__).resolve().parent / "tiny"
PIECES = FOLDER / "spiece.model"
"""A SentencePiece model."""


def checkpoint(architecture: str) -> Path:
    """The folder that from_pretrained() loads the small model and its tokenizer from."""
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise ValueError(f"no small checkpoint for {architecture!r}; there are {known}")
    return FOLDER / architecture
