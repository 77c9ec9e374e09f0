import html
import os
import re
from pathlib import Path
from typing import Any

import pytest
from graphrun_nodes import _reviews, _tiny

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
import transformers

CLASSES = {
    "albert": "AlbertModel",
    "bert": "BertModel",
    "distilbert": "DistilBertModel",
    "electra": "ElectraModel",
    "roberta": "RobertaModel",
}


def _cleaned_test_reviews() -> list[str]:
    return [re.sub(r"<[^>]*>", " ", html.unescape(text)) for text, _ in _reviews.reviews("test")]


def _encoded(folder: Path, texts: list[str]) -> Any:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    return tokenizer(
        texts,
        padding="max_length",
        truncation=True,
        max_length=tokenizer.model_max_length,
        return_tensors="pt",
    )


def test_the_architectures_are_those_known_here() -> None:
    assert sorted(_tiny.ARCHITECTURES) == sorted(CLASSES)


def test_an_unknown_architecture_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="distilbert"):
        _tiny.checkpoint("gpt2")


@pytest.mark.parametrize("architecture", _tiny.ARCHITECTURES)
def test_a_checkpoint_loads_whole(architecture: str) -> None:
    model, report = transformers.AutoModel.from_pretrained(
        _tiny.checkpoint(architecture), output_loading_info=True, local_files_only=True
    )
    assert type(model).__name__ == CLASSES[architecture]
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert not any(report[key] for key in report), report


@pytest.mark.parametrize("architecture", _tiny.ARCHITECTURES)
def test_a_checkpoint_is_small(architecture: str) -> None:
    folder = _tiny.checkpoint(architecture)
    assert (folder / "model.safetensors").stat().st_size < 1_000_000
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2**20


@pytest.mark.parametrize("architecture", _tiny.ARCHITECTURES)
def test_a_tokenizer_knows_the_reviews(architecture: str) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(_tiny.checkpoint(architecture))
    assert tokenizer.model_max_length == 64
    for text in _cleaned_test_reviews()[:100]:
        ids = tokenizer(text)["input_ids"]
        assert tokenizer.unk_token_id not in ids
        decoded = tokenizer.decode(ids, skip_special_tokens=True)
        assert re.findall(r"\w+", decoded.lower()) == re.findall(r"\w+", text.lower())


@pytest.mark.parametrize("architecture", _tiny.ARCHITECTURES)
def test_most_reviews_fit_the_model(architecture: str) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(_tiny.checkpoint(architecture))
    lengths = [len(ids) for ids in tokenizer(_cleaned_test_reviews())["input_ids"]]
    assert sum(length <= 64 for length in lengths) > 0.9 * len(lengths)


def test_random_heads_know_nothing_of_the_label() -> None:
    folder = _tiny.checkpoint("distilbert")
    pairs = _reviews.reviews("test")
    encoded = _encoded(folder, _cleaned_test_reviews())
    encoder = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.no_grad():
        states = encoder(**encoded).last_hidden_state
    mask = encoded["attention_mask"].unsqueeze(-1)
    features = (states * mask).sum(dim=1) / mask.sum(dim=1)
    labels = torch.tensor([label for _, label in pairs]).bool()
    accuracies = []
    for seed in range(20):
        torch.manual_seed(seed)
        head = torch.nn.Linear(features.shape[1], 1)
        torch.nn.init.xavier_uniform_(head.weight)
        torch.nn.init.zeros_(head.bias)
        accuracies.append(((head(features).squeeze(-1) > 0) == labels).float().mean().item())
    assert 0.4 < sum(accuracies) / len(accuracies) < 0.6
    assert max(accuracies) < 0.8
