"""Models with low-rank adapters, saved whole, alone and merged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from graphrun_nodes._around import around
from graphrun_nodes.models import fine_tuned_classifier, lora_classifier
from graphrun_nodes.saving import load_model, save_model
from graphrun_nodes.training import NODES
from recording import KINDS, Recorder
from safetensors import safe_open
from torch import Tensor, nn

from graphrun.errors import InputError, MissingResource

Checkpoint = Callable[[str], Path]


def made(folder: Path, seed: int = 1, **options: Any) -> nn.Module:
    with around(seed):
        options = {"lora_r": 2, "lora_alpha": 6, **options}
        return lora_classifier(str(folder), True, **options)


def trained(folder: Path, **options: Any) -> nn.Module:
    """A model whose adapters, biases and head have moved."""
    model = made(folder, **options)
    generator = torch.Generator().manual_seed(2)
    for value in model.parameters():
        if value.requires_grad:
            value.data += torch.randn(value.shape, generator=generator) * 0.1
    return model


def logits(model: nn.Module) -> Tensor:
    ids = torch.randint(5, 30, (4, 6), generator=torch.Generator().manual_seed(0))
    found: Tensor = model.eval()((ids, torch.ones_like(ids)))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_adapters_come_back(call: Recorder, checkpoint: Checkpoint, kind: str) -> None:
    model, folder = trained(checkpoint(kind)), checkpoint(kind)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    expected = logits(model)
    other = made(folder, seed=5)
    assert not torch.allclose(logits(other), expected, atol=1e-3)
    paths = {
        part: save_model(model, f"{part}.safetensors") for part in ("m", "m.adapter", "m.merged")
    }
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not call.notices
    for part in ("m", "m.adapter"):
        other = load_model(made(folder, seed=5), paths[part])
        assert torch.equal(logits(other), expected), part
    for plain in (fine_tuned_classifier(str(folder), True), made(folder, seed=5)):
        found = logits(load_model(plain, paths["m.merged"]))
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    sizes = {part: Path(path).stat().st_size for part, path in paths.items()}
    assert sizes["m.adapter"] < sizes["m.merged"] / 2 < sizes["m"] / 2


def test_what_the_files_say(call: Recorder, checkpoint: Checkpoint) -> None:
    model = trained(checkpoint("distilbert"))
    about, names = {}, {}
    for part in ("m", "m.adapter", "m.merged"):
        with safe_open(save_model(model, f"{part}.safetensors"), "pt") as file:
            about[part] = json.loads(file.metadata()["graphrun.model"])
            names[part] = set(file.keys())
    assert names["m"] == model.state_dict().keys()
    parameters = {name for name, value in model.named_parameters() if value.requires_grad}
    assert names["m.adapter"] == parameters
    plain = fine_tuned_classifier(str(checkpoint("distilbert")), True)
    assert names["m.merged"] == plain.state_dict().keys()
    assert about["m"] == about["m.adapter"] == model.config
    assert about["m.merged"] == plain.config


def test_names_of_pickles_and_of_other_models(call: Recorder, checkpoint: Checkpoint) -> None:
    model = trained(checkpoint("bert"))
    assert Path(save_model(model, "x.adapter.pt")).name == "x.adapter.safetensors"
    assert torch.equal(
        logits(load_model(made(checkpoint("bert"), seed=3), "x.adapter.pt")), logits(model)
    )
    assert call.codes == ["saved_as_safetensors"]
    linear = nn.Linear(2, 2)
    for name in ("y.adapter.safetensors", "y.merged.safetensors"):
        path = save_model(linear, name)
        other = load_model(nn.Linear(2, 2), path)
        assert torch.equal(other.weight, linear.weight)
    assert call.codes[1:] == ["no_adapters"], "merged weights are what there is"


def test_encoders_that_were_trained_too_are_with_the_adapters(
    call: Recorder, checkpoint: Checkpoint
) -> None:
    model = trained(checkpoint("electra"))
    model.requires_grad_(True)
    for value in model.parameters():
        value.data += 0.01
    path = save_model(model, "all.adapter.safetensors")
    other = load_model(made(checkpoint("electra"), seed=7), path)
    assert torch.equal(logits(other), logits(model))


def test_adapters_of_another_encoder_are_refused(call: Recorder, checkpoint: Checkpoint) -> None:
    path = save_model(trained(checkpoint("bert")), "a.adapter.safetensors")
    changed = made(checkpoint("bert"), seed=2)
    value = next(v for n, v in changed.state_dict().items() if "word_embeddings" in n)
    value[3, 0] += 1e-3
    others = {
        "another encoder": [changed, made(checkpoint("roberta"))],
        "another lora_alpha": [made(checkpoint("bert"), lora_alpha=7)],
        "of another shape": [made(checkpoint("bert"), lora_r=3)],
        "missing": [fine_tuned_classifier(str(checkpoint("bert")))],
    }
    for said, models in others.items():
        for other in models:
            before = {name: value.clone() for name, value in other.state_dict().items()}
            with pytest.raises(InputError, match=said) as caught:
                load_model(other, path)
            assert (caught.value.code, caught.value.input) == ("weights_do_not_fit", "model_path")
            assert all(torch.equal(v, before[n]) for n, v in other.state_dict().items())


def test_a_trained_model_is_saved_and_read_again(call: Recorder, checkpoint: Checkpoint) -> None:
    from graphrun_nodes.optimizers import adam

    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(5, 30, (8, 6), generator=generator)
    pairs = [((row, torch.ones_like(row)), (row[0] > 16).long()) for row in ids]
    loader: Any = torch.utils.data.DataLoader(pairs, batch_size=4)  # type: ignore[arg-type]
    model = made(checkpoint("distilbert"))
    train = NODES["PtTrainClassificationTransformerModel"]
    optimizer, loss = adam(model, 0.02), nn.BCEWithLogitsLoss()
    with around(3):
        _, losses, _ = train(model, loader, optimizer=optimizer, loss_function=loss, epochs=4)
    assert losses[-1] < losses[0]
    path = save_model(model, "t.adapter.safetensors")
    assert torch.equal(
        logits(load_model(made(checkpoint("distilbert"), seed=9), path)), logits(model)
    )


# Where weights are found.


def test_tiny_goes_on_without_weights(call: Recorder) -> None:
    model = nn.Linear(2, 2)
    before = model.weight.clone()
    with pytest.raises(MissingResource, match="--tiny"):
        load_model(model, "gone.pt")
    call.set(tiny=True)
    assert load_model(model, "gone.pt") is model
    assert torch.equal(model.weight, before)
    assert call.codes == ["stand_in"]
    assert call.notices[0]["input"] == "model_path"
    assert "gone.pt" in call.notices[0]["message"]
    path = save_model(nn.Linear(2, 2), "here.safetensors")
    assert not torch.equal(load_model(model, path).weight, before)


def test_weights_are_looked_for_among_the_models_last(call: Recorder, tmp_path: Path) -> None:
    call.set(models=tmp_path / "models")
    (tmp_path / "models" / "sub").mkdir(parents=True)
    one, other = nn.Linear(2, 2), nn.Linear(2, 2)
    torch.save(one.state_dict(), tmp_path / "models" / "sub" / "m.pt")
    assert torch.equal(load_model(nn.Linear(2, 2), "sub/m.pt").weight, one.weight)
    save_model(other, "sub/m.safetensors")
    assert torch.equal(load_model(nn.Linear(2, 2), "sub/m.pt").weight, other.weight)
    with pytest.raises(MissingResource, match="gone") as caught:
        load_model(one, "gone.pt")
    assert str(tmp_path / "models" / "gone.pt") in str(caught.value)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_files_saved_on_a_gpu_are_read_without(call: Recorder, tmp_path: Path) -> None:
    model = nn.Linear(2, 2).cuda()
    torch.save(model.state_dict(), tmp_path / "m.pt")
    for path in (str(tmp_path / "m.pt"), save_model(model, "n.safetensors")):
        other = load_model(nn.Linear(2, 2), path)
        assert other.weight.device.type == "cpu"
        assert torch.equal(other.weight, model.weight.cpu())
