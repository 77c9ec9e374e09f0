"""Trainings that are stopped and go on, against those that are not, to the last bit."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from graphrun_nodes import NODE_CLASS_MAPPINGS
from graphrun_nodes._around import around
from graphrun_nodes.loaders import data_loader
from graphrun_nodes.optimizers import adam, adam_w, cosine_annealing, reduce_on_plateau
from graphrun_nodes.training import NODES
from graphrun_nodes.training import train_transformer_classifier as train
from recording import Recorder
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from graphrun.cache import Checkpoints
from graphrun.catalog.running import CALL, Settings
from graphrun.errors import Cancelled

BCE = nn.BCEWithLogitsLoss()
STAGED = NODES["PtTrainFineTuneClassificationTransformerModel"]
EPOCHS, ROWS, BATCH = 3, 26, 4
STEPS = EPOCHS * (7 + 3)
"""Of a training with 26 and 10 rows in batches of 4."""


class Net(nn.Module):
    """An encoder and a head, with dropout, averages, and a buffer that is in no state dict."""

    def __init__(self) -> None:
        super().__init__()
        self.llm_model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh())
        self.dropout, self.linear = nn.Dropout(0.3), nn.Linear(8, 1)
        self.register_buffer("seen", torch.zeros(()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.seen += 1
        found: Tensor = self.linear(self.dropout(self.llm_model(x))) + self.seen * 1e-3
        return found


class Noisy(Dataset[tuple[Tensor, Tensor]]):
    """Rows that are never twice the same, and count how often they are read."""

    def __init__(self, rows: int, seed: int = 0) -> None:
        self.x = torch.randn(rows, 4, generator=torch.Generator().manual_seed(seed))
        self.reads = 0

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        self.reads += 1
        x = self.x[index] + random.random() * 0.1 + torch.rand(()) * 0.1
        return x, (self.x[index].sum() > 0).long()


class Stream(IterableDataset[tuple[Tensor, Tensor]]):
    """Rows one after the other."""

    def __init__(self) -> None:
        self.rows = Noisy(ROWS)

    def __len__(self) -> int:
        return ROWS

    def __iter__(self) -> Any:
        return (self.rows[index] for index in range(ROWS))


def loaders(**options: Any) -> tuple[Any, Any]:
    shuffled = data_loader(Noisy(ROWS), BATCH, shuffle=True, **options)
    return shuffled, data_loader(Noisy(10, 5), BATCH, **options)


class Outcome:
    """A training that went to its end or was stopped, with all that it leaves."""

    def __init__(
        self, kept: Checkpoints | None = None, stop_after: int | None = None, *,
        node: Callable[..., Any] = train, epochs: int = EPOCHS, optimize: Any = adam_w,
        schedule: Any = None, made: Any = loaders, key: str = "a", **options: Any,
    ) -> None:  # fmt: skip
        torch.manual_seed(1)
        self.model = Net()
        self.optimizer = optimize(self.model, 0.05)
        if schedule:
            options["scheduler"] = self.scheduler = schedule(self.optimizer)
        self.train, self.val = made() if made else (None, None)
        self.call = Recorder(Settings(outputs=kept.path if kept else Path()))
        self.call.stop_after, self.stopped = stop_after, False
        self.call.kept = kept.at(key) if kept is not None else None
        token = CALL.set(self.call)
        try:
            with around(11):
                self.losses = node(
                    self.model, self.train, optimizer=self.optimizer, loss_function=BCE,
                    epochs=epochs, val_loader=self.val, **options,
                )[1:]  # fmt: skip
        except Cancelled:
            self.stopped = True
        finally:
            CALL.reset(token)

    def check(self, other: Outcome) -> None:
        """Both are the same in every bit that anything later could depend on."""
        assert not self.stopped
        assert not other.stopped
        assert self.model.training == other.model.training
        same(dict(self.model.named_buffers()), dict(other.model.named_buffers()))
        same(self.model.state_dict(), other.model.state_dict())
        same(self.optimizer.state_dict(), other.optimizer.state_dict())
        assert [p.requires_grad for p in self.model.parameters()] == [
            p.requires_grad for p in other.model.parameters()
        ]
        if hasattr(self, "scheduler"):
            same(self.scheduler.state_dict(), other.scheduler.state_dict())
        same(self.losses, other.losses)
        figures = [
            [{**figures, "samples_per_s": None} for figures in one.call.metrics]
            for one in (self, other)
        ]
        assert figures[0] == figures[1]


def same(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    if isinstance(one, Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            same(one[key], other[key])
    elif isinstance(one, list | tuple):
        for left, right in zip(one, other, strict=True):
            same(left, right)
    else:
        assert one == other


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "kept", every=1e9)


def cosine(optimizer: Any) -> Any:
    return cosine_annealing(optimizer, EPOCHS)


def plateau(optimizer: Any) -> Any:
    return reduce_on_plateau(optimizer, gamma=0.5, grace_period=0)


CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "cosine": {"schedule": cosine},
    "plateau": {"schedule": plateau},
    "staged": {"node": STAGED, "optimize": adam, "freeze_pretrained_module_epochs": 2},
    "early": {"early_stopping": True, "early_stopping_rounds": 1, "epochs": 6},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("stop", [1, 6, 7, 8, 10, 11, 14, 18, 25, STEPS])
def test_a_training_that_was_stopped_goes_on_to_the_same_end(
    kept: Checkpoints, case: str, stop: int
) -> None:
    """After one batch, in the middle, after the last, in a validation, after an epoch."""
    whole = Outcome(**CASES[case])
    stopped = Outcome(kept, stop, **CASES[case])
    if not stopped.stopped:
        assert case == "early"
        stopped.check(whole)
        return
    assert "interrupted" in stopped.call.codes
    again = Outcome(kept, **CASES[case])
    again.check(whole)
    assert again.call.codes == ["training_continued"]
    assert again.call.steps[0][0] == stop + 1


def test_it_can_be_stopped_at_every_step(kept: Checkpoints) -> None:
    whole = Outcome(schedule=cosine)
    for stop in range(1, STEPS + 1):
        assert Outcome(kept, stop, schedule=cosine).stopped
    Outcome(kept, schedule=cosine).check(whole)


def test_batches_that_are_done_are_not_read_again(kept: Checkpoints) -> None:
    Outcome(kept, 5)
    again = Outcome(kept)
    assert again.train.dataset.reads == EPOCHS * ROWS - 5 * BATCH
    assert again.call.notices[0]["message"] == "continuing the training from epoch 1, batch 6 of 7"


@pytest.mark.parametrize("stop", [3, 13])
def test_workers_go_on_with_their_random_numbers(kept: Checkpoints, stop: int) -> None:
    def made() -> tuple[Any, Any]:
        return loaders(parameters='{"num_workers": 1}')

    whole = Outcome(made=made, epochs=2)
    assert Outcome(kept, stop, made=made, epochs=2).stopped
    Outcome(kept, made=made, epochs=2).check(whole)


@pytest.mark.parametrize("stop", [3, 13])
def test_generators_that_loaders_were_given(kept: Checkpoints, stop: int) -> None:
    def made() -> tuple[Any, Any]:
        generator = torch.Generator().manual_seed(3)
        return DataLoader(Noisy(ROWS), BATCH, shuffle=True, generator=generator), loaders()[1]

    whole = Outcome(made=made, epochs=2)
    assert Outcome(kept, stop, made=made, epochs=2).stopped
    Outcome(kept, made=made, epochs=2).check(whole)


def replacing() -> tuple[Any, Any]:
    rows = Noisy(ROWS)
    sampler = torch.utils.data.WeightedRandomSampler([1.0] * ROWS, ROWS)
    return DataLoader(rows, BATCH, sampler=sampler), None


@pytest.mark.parametrize("made", [replacing, lambda: (DataLoader(Stream(), BATCH), None)])
def test_what_cannot_go_on_within_an_epoch_goes_on_from_its_start(
    kept: Checkpoints, made: Any
) -> None:
    whole = Outcome(made=made)
    assert Outcome(kept, 10, made=made).stopped
    again = Outcome(kept, made=made)
    again.check(whole)
    assert again.call.steps[0][0] == 8


def test_workers_that_outlive_an_epoch_start_over(kept: Checkpoints) -> None:
    def made() -> tuple[Any, Any]:
        return loaders(parameters='{"num_workers": 1, "persistent_workers": True}')

    whole = Outcome(made=made, epochs=2)
    assert Outcome(kept, 13, made=made, epochs=2).stopped
    again = Outcome(kept, made=made, epochs=2)
    again.check(whole)
    assert again.call.steps[0][0] == 1
    Outcome(kept, made=None, epochs=2).check(whole)


@pytest.mark.parametrize("case", CASES)
def test_a_finished_training_is_not_repeated(kept: Checkpoints, case: str) -> None:
    whole = Outcome(kept, **CASES[case])
    again = Outcome(kept, **CASES[case], made=None)
    again.check(whole)
    assert again.call.codes == ["training_finished"]
    assert again.call.steps == []


@pytest.mark.parametrize("case", CASES)
def test_more_epochs_go_on_from_the_last(kept: Checkpoints, case: str) -> None:
    options = {**CASES[case], "epochs": 5}
    whole = Outcome(**options)
    Outcome(kept, **{**options, "epochs": 3})
    again = Outcome(kept, **options)
    again.check(whole)
    if len(whole.call.metrics) > 3:
        assert again.call.notices[0]["message"] == "continuing the training from epoch 4"


def test_best_weights_are_put_back_whenever_it_ends(kept: Checkpoints) -> None:
    """The rate is so high that losses go up and down."""
    options: dict[str, Any] = {"optimize": lambda m, rate: adam(m, 1.0)}
    for epochs in range(1, 7):
        whole = Outcome(epochs=epochs, **options)
        Outcome(kept, epochs=epochs, **options).check(whole)
    best = [m["val_loss"] for m in whole.call.metrics]
    assert best[-1] > min(best)


def test_fewer_epochs_use_a_state_that_is_kept_or_start_over(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, keep=2, every=0)
    Outcome(kept, STEPS)
    kept = Checkpoints(tmp_path, keep=3, every=1e9)
    Outcome(kept, epochs=4)
    fewer = Outcome(kept, epochs=3)
    fewer.check(Outcome(epochs=3))
    assert fewer.call.codes == ["training_finished"]
    start = Outcome(kept, epochs=1)
    start.check(Outcome(epochs=1))
    assert start.call.codes == ["training_starts_over"]
    Outcome(kept, epochs=4).check(Outcome(epochs=4))


def test_another_model_starts_over(kept: Checkpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    Outcome(kept, 12)
    seed = torch.manual_seed
    with monkeypatch.context() as patch:
        patch.setattr(torch, "manual_seed", lambda number: seed(number + 1))
        whole = Outcome()
        again = Outcome(kept)
    again.check(whole)
    assert again.call.codes == ["training_starts_over"]


def test_other_data_starts_over(kept: Checkpoints) -> None:
    def made() -> tuple[Any, Any]:
        return data_loader(Noisy(ROWS + 4), BATCH, shuffle=True), loaders()[1]

    Outcome(kept, 12)
    again = Outcome(kept, made=made)
    again.check(Outcome(made=made))
    assert again.call.codes == ["training_starts_over"]


def test_a_host_is_asked_for_the_loaders_that_are_connected() -> None:
    inputs = {"model": Net(), "epochs": 2, "train_loader": None, "use_gpu": False}
    inputs["optimizer"] = adam(inputs["model"], 0.1)
    ask = NODE_CLASS_MAPPINGS["PtTrainModel"].check_lazy_status
    assert ask(**inputs) == ["train_loader"]
    assert ask(**inputs, val_loader=None) == ["train_loader", "val_loader"]


def test_a_damaged_state_costs_what_came_after_the_one_before(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, keep=2, every=0)
    Outcome(kept, 12)
    newest = max(kept.at("a").folder.glob("0*"))
    with (newest / "0").open("r+b") as file:
        file.seek(-9, 2)
        file.write(b"\x55")
    again = Outcome(kept)
    again.check(Outcome())
    assert again.call.codes == ["checkpoint_damaged", "training_continued"]
    assert again.call.steps[0][0] == 12


def test_a_state_that_is_saved_at_every_step(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, keep=3, every=0)
    Outcome(kept).check(Outcome())
    assert len(list(kept.at("a").folder.glob("0*"))) == 3


def test_what_cannot_be_kept_costs_no_training(kept: Checkpoints) -> None:
    class Odd(torch.optim.SGD):
        def state_dict(self) -> Any:
            return {**super().state_dict(), "odd": object()}

    options: dict[str, Any] = {"optimize": lambda m, rate: Odd(m.parameters(), rate)}
    found = Outcome(kept, **options)
    assert not found.stopped
    assert found.call.codes.count("checkpoint_failed") >= 1
    assert "no exact form for builtins.object" in found.call.notices[0]["message"]
    same(found.model.state_dict(), Outcome(**options).model.state_dict())


def test_two_at_once_train_once(tmp_path: Path) -> None:
    """The second waits for the first, and takes what it has made."""
    kept = Checkpoints(tmp_path)
    first = kept.at("a")
    first.take()
    found: list[Outcome] = []
    # Generators are shared by threads: only one of them trains at a time.
    other = threading.Thread(target=lambda: found.append(Outcome(kept)))
    other.start()
    other.join(1.5)
    assert other.is_alive()
    first.release()
    other.join(30)
    assert found[0].call.codes == ["training_elsewhere"]
    found[0].check(Outcome())


def test_outside_of_a_run_nothing_is_kept(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Outcome()
    assert list(tmp_path.iterdir()) == []


def test_tables_of_tensors_are_left_as_they_are(kept: Checkpoints) -> None:
    rows = TensorDataset(torch.randn(8, 4), torch.ones(8).long())

    def made() -> tuple[Any, Any]:
        return DataLoader(rows, 4), None

    assert Outcome(kept, 3, made=made).stopped
    Outcome(kept, made=made).check(Outcome(made=made))
