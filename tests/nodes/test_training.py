"""The training node against a loop written out by hand, to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from graphrun_nodes._around import around
from graphrun_nodes._encoded import EncodedText
from graphrun_nodes.loaders import data_loader
from graphrun_nodes.losses import bce_with_logits_loss
from graphrun_nodes.models import fine_tuned_classifier
from graphrun_nodes.optimizers import adam, adam_w, cosine_annealing, reduce_on_plateau
from graphrun_nodes.text import tokenizer_encode
from graphrun_nodes.training import train_transformer_classifier as train
from recording import PAIRS, Recorder
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from graphrun.errors import Cancelled, InputError, MissingResource

BCE = nn.BCEWithLogitsLoss()


class Net(nn.Module):
    """Two layers with dropout, so that the order of random numbers matters."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 1))

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.layers(x)
        return found


def points(rows: int, seed: int = 0) -> TensorDataset:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 4, generator=generator)
    return TensorDataset(x, (x.sum(1) > 0).long())


def net(seed: int = 1) -> Net:
    torch.manual_seed(seed)
    return Net()


class Scripted(nn.Module):
    """A loss whose values in evaluation mode are given: `values` by epoch of validation."""

    def __init__(self, model: nn.Module, values: list[float]) -> None:
        super().__init__()
        self.model, self.values = [model], iter(values)

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        if self.model[0].training:
            return BCE(output, target)
        return torch.tensor(next(self.values))


def scripted(values: list[float], call: Recorder, **options: Any) -> tuple[Any, ...]:
    """Train with given validation losses; returns the model and the weights of every epoch."""
    model, rows = net(), points(8)
    weights: list[Tensor] = []
    optimizer = adam(model, 0.05)
    loader = DataLoader(rows, batch_size=8)

    def remember(values: Any) -> None:
        weights.append(model.layers[0].weight.detach().clone())

    call.metric = remember  # type: ignore[method-assign]
    result = train(
        model, loader, optimizer=optimizer, loss_function=Scripted(model, values),
        epochs=len(values), val_loader=DataLoader(rows, batch_size=8), **options,
    )  # fmt: skip
    return *result, weights


def by_hand(
    model: nn.Module, optimizer: Any, scheduler: Any, loaders: tuple[Any, Any], epochs: int
) -> tuple[list[float], list[float], list[float]]:
    """The reference: nothing clever."""
    train_losses, val_losses, accuracies = [], [], []
    best, best_loss = {}, float("inf")
    for _ in range(epochs):
        model.train()
        total = 0.0
        for x, y in loaders[0]:
            target = y.unsqueeze(1).float()
            optimizer.zero_grad()
            loss = BCE(model(x), target)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(target)
        train_losses.append(total / len(loaders[0].dataset))
        model.eval()
        total, right, count = 0.0, 0, 0
        with torch.no_grad():
            for x, y in loaders[1]:
                output = model(x)
                total += BCE(output, y.unsqueeze(1).float()).item() * len(y)
                if len(y) > 1:
                    right += int(((torch.sigmoid(output) > 0.5).squeeze() == y).sum())
                    count += len(y)
        val_losses.append(total / len(loaders[1].dataset))
        accuracies.append(right / count)
        if val_losses[-1] < best_loss:
            best_loss = val_losses[-1]
            best = {name: value.clone() for name, value in model.state_dict().items()}
        scheduler.step()
    if val_losses[-1] > best_loss:
        model.load_state_dict(best)
    return train_losses, val_losses, accuracies


@pytest.mark.parametrize("rate", [0.01, 1.0])
def test_losses_and_weights_equal_a_loop_by_hand(call: Recorder, rate: float) -> None:
    call.set(literal=True)  # or the optimizer's steps are those of another kernel
    epochs, data, val = 6, points(50), points(33, seed=9)  # 33 = 8 * 4 + a batch of one row

    def prepared() -> tuple[Any, ...]:
        model = net()
        optimizer = adam_w(model, rate, weight_decay=0.1)
        loaders = data_loader(data, 7, shuffle=True), data_loader(val, 8)
        return model, optimizer, cosine_annealing(optimizer, epochs), loaders

    model, optimizer, scheduler, loaders = prepared()
    torch.manual_seed(11)
    expected = by_hand(model, optimizer, scheduler, loaders, epochs)
    other, optimizer, scheduler, loaders = prepared()
    with around(11):
        result, train_loss, val_loss = train(
            other, loaders[0], optimizer=optimizer, loss_function=bce_with_logits_loss("mean"),
            epochs=epochs, scheduler=scheduler, val_loader=loaders[1],
        )  # fmt: skip
    assert result is other
    assert train_loss.tolist() == torch.tensor(expected[0]).tolist()
    assert val_loss.tolist() == torch.tensor(expected[1]).tolist()
    assert train_loss.dtype == val_loss.dtype == torch.float32
    for name, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    assert not other.training
    assert [m["train_loss"] for m in call.metrics] == expected[0]
    assert [m["val_loss"] for m in call.metrics] == expected[1]
    assert [m["val_accuracy"] for m in call.metrics] == expected[2]
    assert [m["epoch"] for m in call.metrics] == list(range(1, epochs + 1))
    assert call.metrics[0]["lr"] == rate
    assert call.metrics[3]["lr"] == pytest.approx(rate / 2)
    steps = epochs * (len(loaders[0]) + len(loaders[1]))
    assert call.steps == [(step, steps) for step in range(1, steps + 1)]


def test_without_validation(call: Recorder) -> None:
    model = net()
    _, train_loss, val_loss = train(
        model, DataLoader(points(10), batch_size=5), optimizer=adam(model), loss_function=BCE,
        epochs=3, early_stopping=True, early_stopping_rounds=1,
    )  # fmt: skip
    assert train_loss.shape == (3,)
    assert val_loss.shape == (0,)
    assert model.training
    assert set(call.metrics[0]) == {"epoch", "train_loss", "lr", "samples_per_s"}
    assert call.metrics[0]["samples_per_s"] > 0


def test_the_loss_is_over_all_rows_even_if_some_are_dropped() -> None:
    model, data = net(), points(10)
    model.layers[2].p = 0.0
    expected = BCE(model(data.tensors[0][:4]), data.tensors[1][:4, None].float()).item() * 4 / 10
    loader = DataLoader(data, batch_size=4, drop_last=True)
    with torch.no_grad():
        loader.dataset.tensors = tuple(torch.cat([t[:4], t[:4], t[8:]]) for t in data.tensors)
    _, losses, _ = train(model, loader, optimizer=torch.optim.SGD(model.parameters(), lr=0.0),
                         loss_function=BCE)  # fmt: skip
    assert losses.item() == pytest.approx(expected * 2)


def test_the_best_weights_come_back(call: Recorder) -> None:
    model, _, val_loss, weights = scripted([3.0, 1.0, 2.0], call)
    assert val_loss.tolist() == [3.0, 1.0, 2.0]
    assert torch.equal(model.layers[0].weight, weights[1])


def test_the_last_weights_stay_when_asked_for_or_no_worse(call: Recorder) -> None:
    model, *_, weights = scripted([3.0, 1.0, 2.0], call, output_best_val_model=False)
    assert torch.equal(model.layers[0].weight, weights[2])
    model, *_, weights = scripted([3.0, 1.0, 1.0], call)
    assert torch.equal(model.layers[0].weight, weights[2])


def test_a_first_loss_that_is_nan_is_never_beaten(call: Recorder) -> None:
    model, _, val_loss, weights = scripted([float("nan"), 1.0, 2.0], call)
    assert val_loss.isnan().tolist() == [True, False, False]
    assert torch.equal(model.layers[0].weight, weights[2])
    *_, val_loss, weights = scripted(
        [float("nan"), 1.0, 0.5, 0.1], call, early_stopping=True, early_stopping_rounds=2
    )
    assert len(val_loss) == 3


def test_early_stopping_counts_epochs_without_a_better_loss(call: Recorder) -> None:
    losses = [3.0, 2.0, 2.5, 2.0, 1.0]
    _, train_loss, val_loss, _ = scripted(
        losses, call, early_stopping=True, early_stopping_rounds=2
    )
    assert val_loss.tolist() == losses[:4]
    assert len(train_loss) == 4


def test_the_scheduler_is_not_stepped_in_the_epoch_that_stops() -> None:
    for rounds, steps in ((2, 3), (4, 5)):  # stops in epoch 4; goes to the end
        model = net()
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
        loader = DataLoader(points(8), batch_size=8)
        train(
            model, loader, optimizer=optimizer, scheduler=scheduler, val_loader=loader,
            loss_function=Scripted(model, [3.0, 2.0, 2.5, 2.0, 1.0]), epochs=5,
            early_stopping=True, early_stopping_rounds=rounds,
        )  # fmt: skip
        assert optimizer.param_groups[0]["lr"] == 0.5**steps


def test_reduce_on_plateau_follows_the_validation_loss() -> None:
    model, loader = net(), DataLoader(points(8), batch_size=8)
    optimizer = adam(model, 0.1)
    scheduler = reduce_on_plateau(optimizer, 0, gamma=0.5)
    train(
        model, loader, optimizer=optimizer, scheduler=scheduler, val_loader=loader, epochs=3,
        loss_function=Scripted(model, [1.0, 2.0, 3.0]),
    )  # fmt: skip
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1 / 4)


def test_reduce_on_plateau_needs_a_validation_loader() -> None:
    model = net()
    optimizer = adam(model)
    with pytest.raises(InputError, match="connect val_loader") as caught:
        train(
            model, DataLoader(points(4)), optimizer=optimizer, loss_function=BCE,
            scheduler=reduce_on_plateau(optimizer),
        )  # fmt: skip
    assert caught.value.input == "scheduler"


def test_training_without_batches_is_an_error() -> None:
    model = net()
    none = DataLoader(points(4), batch_size=5, drop_last=True)
    with pytest.raises(InputError, match="no batches") as caught:
        train(model, none, optimizer=adam(model), loss_function=BCE)
    assert caught.value.input == "train_loader"


def test_an_optimizer_of_another_model_is_refused() -> None:
    with pytest.raises(InputError, match="another model"):
        train(net(), DataLoader(points(4)), optimizer=adam(net()), loss_function=BCE)
    model = net()
    with pytest.raises(InputError, match="another optimizer"):
        train(
            model, DataLoader(points(4)), optimizer=adam(model), loss_function=BCE,
            scheduler=cosine_annealing(adam(model)),
        )  # fmt: skip


def test_a_loss_by_row_cannot_be_trained_with() -> None:
    model = net()
    with pytest.raises(InputError, match="one value a row") as caught:
        train(model, DataLoader(points(4), batch_size=4), optimizer=adam(model),
              loss_function=bce_with_logits_loss("none"))  # fmt: skip
    assert caught.value.input == "loss_function"


def test_unpacked_input_and_labels_with_two_axes() -> None:
    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 1)

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            found: Tensor = self.linear(x * mask)
            return found

    x = torch.randn(6, 4)
    pairs = [((row, (row > 0).float()), torch.tensor([1.0])) for row in x]
    model = Masked()
    loader: Any = DataLoader(pairs, batch_size=3)  # type: ignore[arg-type]
    _, losses, _ = train(
        model, loader, optimizer=adam(model, 0.1), loss_function=BCE, epochs=5, unpack_input=True
    )
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("after", [1, 3, 5])
def test_an_interrupted_training_keeps_its_weights(call: Recorder, after: int) -> None:
    model, loader = net(), DataLoader(points(8), batch_size=4)
    call.stop_after = after
    with pytest.raises(Cancelled):
        train(model, loader, optimizer=adam(model), loss_function=BCE, epochs=9, val_loader=loader)
    path = call.settings.outputs / "interrupted.safetensors"
    saved = load_file(path)
    assert saved.keys() == model.state_dict().keys()
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in saved.items())
    assert str(path) in call.notices[-1]["message"]
    assert call.ui["files"] == [str(path)]


def test_without_a_gpu_the_cpu_is_used_and_it_is_said_once(call: Recorder) -> None:
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("there is a GPU")
    for _ in range(2):
        model = net()
        train(model, DataLoader(points(4)), optimizer=adam(model), loss_function=BCE, use_gpu=True)
    assert call.codes == ["no_gpu"]
    call.set(device="cuda")
    model = net()
    with pytest.raises(MissingResource, match="no cuda device"):
        train(model, DataLoader(points(4)), optimizer=adam(model), loss_function=BCE)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_model_comes_back_and_can_be_trained_again() -> None:
    model, loader = net(), DataLoader(points(64), batch_size=8)
    optimizer = adam(model, 0.01)
    for _ in range(2):
        _, losses, _ = train(
            model, loader, optimizer=optimizer, loss_function=BCE, epochs=3, val_loader=loader,
            use_gpu=True,
        )  # fmt: skip
        assert {p.device.type for p in model.parameters()} == {"cpu"}
    assert losses[-1] < losses[0]


def test_a_loss_that_is_lost_is_said_once(call: Recorder) -> None:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=float("inf"))
    train(model, DataLoader(points(8)), optimizer=optimizer, loss_function=BCE, epochs=3)
    assert call.codes == ["loss_not_finite"]


def _reviews(call: Recorder, folder: Path, labels: list[int]) -> EncodedText:
    import datasets

    call.alias("distilbert-base-uncased", folder)
    encode: Any = tokenizer_encode(
        "distilbert-base-uncased", padding_method="max_length", max_length=12
    )
    columns = {"text": [text for text, _ in PAIRS], "label": labels}
    return EncodedText(datasets.Dataset.from_dict(columns), encode, clean=True)


def test_labels_are_looked_at_before_the_first_step(
    call: Recorder, checkpoint: Callable[[str], Path]
) -> None:
    data = _reviews(call, checkpoint("distilbert"), [0, 1, 2, 2, 0, 1, 0, 2])
    model = net()
    with pytest.raises(InputError, match="has 2 in 3 rows, the first is row 2") as caught:
        train(model, DataLoader(data), optimizer=adam(model), loss_function=BCE)
    assert (caught.value.code, caught.value.input) == ("label_not_binary", "train_loader")
    assert not call.steps


def test_a_real_classifier_learns(call: Recorder, checkpoint: Callable[[str], Path]) -> None:
    data = _reviews(call, checkpoint("distilbert"), [label for _, label in PAIRS])
    with around(4):
        model = fine_tuned_classifier("distilbert-base-uncased", dropout=0.1)
        optimizer = adam_w(model, 3e-3)
    loader = data_loader(data, 4, shuffle=True, parameters='{"num_workers": 1}')
    with around(5):
        _, _, val = train(
            model, loader, optimizer=optimizer, loss_function=BCE, epochs=8,
            val_loader=data_loader(data, 8),
        )  # fmt: skip
    assert val[-1] < val[0] / 2
    assert call.metrics[-1]["val_accuracy"] == 1.0


def test_around_seeds_and_puts_the_generators_back() -> None:
    import random

    import numpy as np

    def draws() -> tuple[float, float, float]:
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    before = random.getstate(), torch.get_rng_state()
    with around(7):
        first = draws()
        assert not torch.is_grad_enabled()
    with around(7):
        assert draws() == first
    with around(2**59 + 1):
        assert draws() != first
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
    assert torch.is_grad_enabled()


def test_a_validation_tells_how_rows_are_classified(call: Recorder) -> None:
    """Of all rows but those of a batch of one."""
    model, val = net(), points(33, seed=9)
    train(
        model, DataLoader(points(40), batch_size=8), optimizer=adam(model, 0.1), loss_function=BCE,
        epochs=2, val_loader=DataLoader(val, batch_size=8),
    )  # fmt: skip
    told = call.metrics[-1]
    x, y = val.tensors[0][:32], val.tensors[1][:32]
    answers = (torch.sigmoid(model(x)) > 0.5).flatten()
    counts = [
        [int(((y == label) & (answers == said)).sum()) for said in (0, 1)] for label in (0, 1)
    ]
    assert told["val_confusion"] == counts
    assert told["val_precision"] == counts[1][1] / (counts[0][1] + counts[1][1])
    assert told["val_recall"] == counts[1][1] / sum(counts[1])
    assert 0 <= told["val_f1"] <= 1
    assert 0.5 < told["val_auc"] <= 1
    assert "tokens_per_s" not in told


@pytest.mark.parametrize("make", [adam, adam_w])
def test_optimizers_are_afterwards_as_they_were(call: Recorder, make: Any) -> None:
    """They step in one kernel meanwhile, which differs from others by rounding."""
    found = []
    for literal in (False, True):
        call.set(literal=literal)
        model = net()
        optimizer = make(model, 0.01)
        fused: list[Any] = []
        optimizer.register_step_pre_hook(
            lambda o, *_, f=fused: f.append(o.param_groups[0]["fused"])
        )
        train(model, DataLoader(points(20), batch_size=5), optimizer=optimizer, loss_function=BCE)
        assert fused == [None if literal else True] * 4
        assert optimizer.param_groups[0]["fused"] is None
        found.append(model.state_dict())
    for name, value in found[0].items():
        torch.testing.assert_close(value, found[1][name])


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_training_in_another_precision(call: Recorder, precision: str) -> None:
    found = []
    for name in ("fp32", precision):
        call.set(precision=name, clip_grad=0.5)
        torch.manual_seed(3)
        model = net()
        _, losses, val = train(
            model, DataLoader(points(40), batch_size=8), optimizer=adam(model, 0.05),
            loss_function=BCE, epochs=3, val_loader=DataLoader(points(20), batch_size=5),
        )  # fmt: skip
        found.append(torch.cat([losses, val]))
    assert not torch.equal(*found)
    torch.testing.assert_close(*found, rtol=0.05, atol=0.01)
    (said,) = [n["message"] for n in call.notices if n["code"] == "way_of_computing"]
    assert said.startswith(f"numbers are computed in {precision}: as asked for")
