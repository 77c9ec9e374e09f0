"""What tests of nodes share: a recording call and small checkpoints."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from recording import WORDS, Recorder

from graphrun.catalog.running import CALL, Settings

# Read by the libraries when they are imported: no network, and no traces in the user's cache.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp(prefix="graphrun-datasets-")


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Recorder]:
    # Numbers are compared with those of torch, whatever else this machine is fast at.
    recorder = Recorder(Settings(outputs=tmp_path / "outputs", precision="fp32"))
    token = CALL.set(recorder)
    yield recorder
    CALL.reset(token)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A folder with a random model of two layers, 32 features wide, and its tokenizer."""
    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp(kind)
            _make_checkpoint(kind, made[kind])
        return made[kind]

    return make


def _make_checkpoint(kind: str, folder: Path) -> None:
    import torch
    import transformers

    tokenizer = _tokenizer(kind)
    common = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    if kind == "distilbert":
        sizes = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 48}
    else:
        sizes = {
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 48,
        }
    if kind in ("albert", "electra"):
        sizes["embedding_size"] = 16
    config = transformers.AutoConfig.for_model(kind, **common, **sizes, max_position_embeddings=66)
    torch.manual_seed(5)
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _tokenizer(kind: str) -> Any:
    import transformers

    letters = [chr(code) for code in range(97, 123)]
    if kind == "albert":
        specials = [(token, 0.0) for token in ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]")]
        words = [(f"▁{word}", -3.0) for word in WORDS]
        pieces = [*specials, *[(letter, -20.0) for letter in ("▁", *letters)], *words]
        return transformers.AlbertTokenizer(vocab=pieces, model_max_length=64)
    if kind == "roberta":
        tokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "Ġ", *letters, "th", "the", "Ġthe"]
        merges = [("t", "h"), ("th", "e"), ("Ġ", "the")]
        vocabulary = {token: index for index, token in enumerate(tokens)}
        return transformers.RobertaTokenizer(vocab=vocabulary, merges=merges, model_max_length=64)
    pieces = [f"##{letter}" for letter in letters]
    tokens = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *letters,
        *pieces,
        *(word for word in WORDS if len(word) > 1),
    ]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    return transformers.BertTokenizer(vocab=vocabulary, model_max_length=64)
