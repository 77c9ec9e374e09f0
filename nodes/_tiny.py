"""Where the small pretrained checkpoints that stand in for hub models are kept."""

from pathlib import Path

ARCHITECTURES = ("albert", "bert", "distilbert", "electra", "roberta")

_FOLDER = Path(__file__).resolve().parent / "tiny"


def checkpoint(architecture: str) -> Path:
    """The folder that from_pretrained() loads the small model and its tokenizer from."""
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise ValueError(f"no small checkpoint for {architecture!r}; there are {known}")
    return _FOLDER / architecture
