"""The five architectures through the real from_pretrained, against plain transformers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from graphrun_nodes.losses import bce_with_logits_loss
from graphrun_nodes.models import fine_tuned_classifier, lora_classifier
from graphrun_nodes.optimizers import adam
from graphrun_nodes.text import tokenizer_encode
from recording import KINDS, PAIRS, Recorder
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from graphrun.errors import InputError, MissingResource

CLASSES = {
    "albert": "AlbertModel",
    "bert": "BertModel",
    "distilbert": "DistilBertModel",
    "electra": "ElectraModel",
    "roberta": "RobertaModel",
}
Checkpoint = Callable[[str], Path]


def _batch(folder: Path) -> tuple[Tensor, Tensor]:
    encode: Any = tokenizer_encode(str(folder), padding_method="longest", max_length=64)
    encoded = encode([text for text, _ in PAIRS])
    return encoded["input_ids"], encoded["attention_mask"]


def _plain(kind: str, folder: Path, batch: tuple[Tensor, Tensor]) -> Any:
    encoder = getattr(transformers, CLASSES[kind]).from_pretrained(folder)
    with torch.no_grad():
        return encoder(batch[0], attention_mask=batch[1])


@pytest.mark.parametrize("kind", KINDS)
def test_the_output_is_encoder_pooling_and_head(kind: str, checkpoint: Checkpoint) -> None:
    folder = checkpoint(kind)
    batch = ids, mask = _batch(folder)
    assert mask.sum(1).unique().numel() > 1, "texts of several lengths, so that the mask matters"
    plain = _plain(kind, folder, batch)
    rows = [plain.last_hidden_state[i, : mask[i].sum()].mean(0) for i in range(len(ids))]
    pooled = {
        True: torch.stack(rows),
        False: plain.get("pooler_output", plain.last_hidden_state[:, 0]),
    }
    for mean, expected in pooled.items():
        model = fine_tuned_classifier(str(folder), mean).eval()
        with torch.no_grad():
            logits = model(batch)
        assert logits.shape == (len(ids), 1)
        hand = expected @ model.linear.weight.T + model.linear.bias
        torch.testing.assert_close(logits, hand, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_training_steps_lower_the_loss(kind: str, checkpoint: Checkpoint) -> None:
    torch.manual_seed(0)
    folder = checkpoint(kind)
    with torch.no_grad():  # as around every node
        model = fine_tuned_classifier(str(folder)).eval()
        optimizer = adam(model, 1e-3)
        loss_function = bce_with_logits_loss("mean")
    assert all(parameter.requires_grad for parameter in model.parameters())
    target = torch.tensor([[float(label)] for _, label in PAIRS])
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = loss_function(model(_batch(folder)), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.01


@pytest.mark.parametrize("kind", ["roberta", "albert"])
def test_tokenizers_of_other_families(kind: str, checkpoint: Checkpoint) -> None:
    folder = checkpoint(kind)
    encode: Any = tokenizer_encode(str(folder), padding_method="max_length", max_length=12)
    reference = transformers.AutoTokenizer.from_pretrained(folder)
    expected = reference("the film", padding="max_length", max_length=12)["input_ids"]
    assert encode("the film")["input_ids"].tolist() == [expected]
    assert expected[-1] == reference.pad_token_id


def test_what_a_classifier_cannot_take_is_named(checkpoint: Checkpoint) -> None:
    model = fine_tuned_classifier(str(checkpoint("bert")))
    ids, mask = torch.ones(2, 5, dtype=torch.int64), torch.ones(2, 5, dtype=torch.int64)
    for inputs, message in (
        (ids, "takes a pair"),
        ((ids, mask[:1]), "shape \\(2, 5\\), not int64 \\(1, 5\\)"),
        ((ids + 999, mask), "llm_model \\(BertModel\\) cannot work with int64 \\(2, 5\\): "),
        ((ids.repeat(1, 99), mask.repeat(1, 99)), "int64 \\(2, 495\\): "),
    ):
        with pytest.raises(InputError, match=message):
            model(inputs)


def test_the_head_starts_as_it_should(checkpoint: Checkpoint) -> None:
    torch.manual_seed(3)
    model = fine_tuned_classifier(str(checkpoint("bert")))
    torch.manual_seed(3)
    expected = nn.Linear(32, 1)
    nn.init.xavier_uniform_(expected.weight)
    assert torch.equal(model.linear.weight, expected.weight)
    assert model.linear.bias.item() == 0
    assert model.dropout is None
    assert model.config["model_name"] == str(checkpoint("bert"))
    assert model.config["encoder"]["hidden_size"] == 32


def test_dropout_is_there_when_asked_for(checkpoint: Checkpoint) -> None:
    folder = str(checkpoint("distilbert"))
    assert fine_tuned_classifier(folder, dropout=0.25).dropout.p == 0.25
    with pytest.raises(InputError, match="dropout"):
        fine_tuned_classifier(folder, dropout=-0.1)


def test_half_precision_checkpoints_become_float32(checkpoint: Checkpoint, tmp_path: Path) -> None:
    encoder = transformers.BertModel.from_pretrained(checkpoint("bert"), dtype=torch.float16)
    encoder.save_pretrained(tmp_path)
    model = fine_tuned_classifier(str(tmp_path))
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_lora_trains_adapters_and_head_and_nothing_else(checkpoint: Checkpoint) -> None:
    folder = checkpoint("distilbert")
    torch.manual_seed(0)
    with torch.no_grad():
        model = lora_classifier(str(folder), lora_r=4, lora_alpha=8, lora_dropout=0.0)
        optimizer = adam(model, 1e-2)
    trainable = {name for name, p in model.named_parameters() if p.requires_grad}
    assert {"linear.weight", "linear.bias"} < trainable
    assert any("lora_A" in name for name in trainable)
    assert all("lora_" in name or name.endswith("bias") for name in trainable - {"linear.weight"})
    assert all(
        name.startswith("llm_model.base_model.model.")
        for name in model.state_dict()
        if not name.startswith("linear")
    )
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for _ in range(2):  # B starts at zero, so A moves in the second step only
        optimizer.zero_grad()
        model(_batch(folder)).square().mean().backward()
        optimizer.step()
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert any("lora_A" in name for name in moved)
    assert any("lora_B" in name for name in moved)
    assert moved <= trainable


def test_any_name_will_do_when_the_configuration_is_known(
    call: Recorder, checkpoint: Checkpoint
) -> None:
    call.alias("my-company/encoder-7", checkpoint("electra"))
    model = fine_tuned_classifier("my-company/encoder-7")
    assert type(model.llm_model).__name__ == "ElectraModel"


def test_a_configuration_without_type_is_known_by_the_name(
    call: Recorder, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    transformers.BertModel.from_pretrained(checkpoint("bert")).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    del config["model_type"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    call.alias("bert-base-uncased", tmp_path)
    assert type(fine_tuned_classifier("bert-base-uncased").llm_model).__name__ == "BertModel"


def test_other_architectures_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "t5"}')
    with pytest.raises(InputError, match="t5; known: albert, bert, distilbert, electra, roberta"):
        fine_tuned_classifier(str(tmp_path))


def test_a_checkpoint_that_lacks_weights_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    transformers.BertModel.from_pretrained(checkpoint("bert")).save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    body = {n: t for n, t in weights.items() if not n.startswith("encoder.layer.1.")}
    save_file(body, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match="lack 16 tensors"):
        fine_tuned_classifier(str(tmp_path))


def test_a_new_pooler_is_noticed(call: Recorder, checkpoint: Checkpoint, tmp_path: Path) -> None:
    transformers.BertModel.from_pretrained(checkpoint("bert")).save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    body = {n: t for n, t in weights.items() if not n.startswith("pooler.")}
    save_file(body, tmp_path / "model.safetensors", metadata={"format": "pt"})
    fine_tuned_classifier(str(tmp_path))
    assert call.codes == ["new_pooler"]


def test_damaged_weights_name_the_model_and_the_place(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    transformers.BertModel.from_pretrained(checkpoint("bert")).save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"not weights at all")
    with pytest.raises(InputError, match="cannot be loaded from") as caught:
        fine_tuned_classifier(str(tmp_path))
    assert caught.value.input == "model_name"


def test_an_absent_model_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingResource, match="no folder"):
        fine_tuned_classifier(str(tmp_path / "nothing"))
