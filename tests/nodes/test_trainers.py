"""All trainers against loops written out by hand, to the last bit, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from graphrun_nodes._around import around
from graphrun_nodes._torch import described
from graphrun_nodes.loaders import tensor_loader
from graphrun_nodes.models import fine_tuned_classifier, lora_classifier
from graphrun_nodes.optimizers import adam, adam_w, cosine_annealing, reduce_on_plateau
from graphrun_nodes.training import NODES
from graphrun_nodes.transforms import picture_to_tensor
from graphrun_nodes.vision import image_folder
from PIL import Image
from recording import Recorder
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD
from torch.utils.data import DataLoader, Dataset, TensorDataset

from graphrun.errors import InputError

CLASSIFY, SCHEDULED, REGRESS = (
    NODES[f"PtTrain{name}"]
    for name in ("ClassificationModel", "ClassificationModelLr", "RegressionModel")
)
ANY, RNN, STAGED = (
    NODES[f"PtTrain{name}"]
    for name in ("Model", "RNNModel", "FineTuneClassificationTransformerModel")
)
TRAINERS = list(NODES)
Answer = Callable[[nn.Module, Any, Tensor], tuple[Tensor, Tensor]]
same = torch.testing.assert_close


def mlp(outputs: int = 3, seed: int = 1) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, outputs))


def data(rows: int = 40, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 4, generator=generator)
    return x, x[:, :3].argmax(1)


def by_hand(
    model: nn.Module, optimizer: Any, loss: Any, loaders: tuple[Any, Any], epochs: int,
    *, answer: Answer | None = None, scheduler: Any = None, begin: Any = None,
) -> tuple[list[float], list[float]]:  # fmt: skip
    """The reference: nothing clever."""
    found: tuple[list[float], list[float]] = ([], [])
    best, best_loss = {}, float("inf")
    for epoch in range(epochs):
        if begin:
            optimizer = begin(model, optimizer, epoch)
        for loader, losses in zip(loaders, found, strict=True):
            training = losses is found[0]
            model.train(training)
            total = 0.0
            for x, y in loader:
                with torch.set_grad_enabled(training):
                    optimizer.zero_grad()
                    output, target = answer(model, x, y) if answer else (model(x), y)
                    value = loss(output, target)
                if training:
                    value.backward()
                    optimizer.step()
                total += value.item() * len(y)
            losses.append(total / len(loader.dataset))
        if found[1][-1] < best_loss:
            best_loss = found[1][-1]
            best = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            scheduler.step(found[1][-1])
        elif scheduler:
            scheduler.step()
    if found[1][-1] > best_loss:
        model.load_state_dict(best)
    return found


@pytest.fixture(autouse=True)
def literal(call: Recorder) -> None:
    """Optimizers step as torch has them do, for comparisons to the bit."""
    call.set(literal=True)


def agree(
    node: Callable[..., Any], make: Callable[[], tuple[Any, ...]], loss: Any, rows: Any, val: Any,
    *, epochs: int = 6, falls: bool = True, reference: dict[str, Any] | None = None, **inputs: Any,
) -> nn.Module:  # fmt: skip
    """Node and reference give the same bits; `make` gives model, optimizer and a scheduler."""
    own = {} if node in (CLASSIFY, SCHEDULED, REGRESS) else {"loss_function": loss}
    results = []
    for hand in (True, False):
        with torch.enable_grad():
            model, optimizer, scheduler = make()
        loaders = tensor_loader(*rows, 7, shuffle=True), tensor_loader(*val, 8)
        if hand:
            torch.manual_seed(11)
            losses = by_hand(
                model, optimizer, loss, loaders, epochs, scheduler=scheduler, **reference or {}
            )
        else:
            given = {"scheduler": scheduler} if scheduler else {}
            with around(11):
                found = node(
                    model=model, train_loader=loaders[0], optimizer=optimizer, epochs=epochs,
                    val_loader=loaders[1], **own, **given, **inputs,
                )  # fmt: skip
            assert found[0] is model
            losses = found[1].tolist(), found[2].tolist()
        results.append((model, torch.tensor(losses)))
    assert torch.equal(results[0][1], results[1][1])
    states = [model.state_dict() for model, _ in results]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    if falls:
        assert losses[0][-1] < losses[0][0]
    trained: nn.Module = results[1][0]
    return trained


@pytest.mark.parametrize("rate", [0.01, 1.0])
def test_classifiers(rate: float) -> None:
    def make(scheduled: bool) -> tuple[Any, ...]:
        model = mlp()
        optimizer = adam(model, rate)
        return model, optimizer, cosine_annealing(optimizer, 6) if scheduled else None

    for node in (CLASSIFY, SCHEDULED, ANY):
        agree(
            node, lambda node=node: make(node is not CLASSIFY), nn.CrossEntropyLoss(), data(),
            data(9, 5), falls=rate < 1,
        )  # fmt: skip


def test_regression_on_a_line() -> None:
    x = torch.linspace(-1, 1, 50).unsqueeze(1)

    def make() -> tuple[Any, ...]:
        torch.manual_seed(2)
        model = nn.Linear(1, 1)
        return model, torch.optim.SGD(model.parameters(), lr=0.1), None

    model = agree(REGRESS, make, nn.MSELoss(), (x, 2 * x + 5), (x, 2 * x + 5), epochs=25)
    assert model.weight.item() == pytest.approx(2, abs=0.05)
    assert model.bias.item() == pytest.approx(5, abs=0.05)


@pytest.mark.parametrize(
    "loss", [nn.HuberLoss(), nn.L1Loss(reduction="sum"), nn.KLDivLoss(reduction="batchmean")]
)
def test_any_loss_with_a_scheduler_on_plateau(loss: nn.Module) -> None:
    def make() -> tuple[Any, ...]:
        model = mlp()
        optimizer = adam_w(model, 0.05)
        return model, optimizer, reduce_on_plateau(optimizer, 0, gamma=0.5)

    x, y = data()
    target = F.one_hot(y, 3).float()
    agree(
        ANY, make, loss, (x, target), (x[:9], target[:9]), falls=not isinstance(loss, nn.KLDivLoss)
    )


def sequences(rows: int = 30, seed: int = 0) -> Tensor:
    """(rows, 5, 3), the last steps of some rows padded with zeros, one row all zeros."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 5, 3, generator=generator)
    for row in range(rows):
        x[row, 1 + row % 5 :] = 0
    x[3] = 0
    return x


class Headed(nn.Module):
    """A recurrent layer with a linear head on its last step."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.layer, self.head = nn.GRU(3, 6, batch_first=True), nn.Linear(6, outputs)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.head(self.layer(x)[0][:, -1])
        return found


@pytest.mark.parametrize("steps", [True, False])
def test_recurrent_models_with_a_head(call: Recorder, steps: bool) -> None:
    x = sequences()
    y = x[:, :, :2] if steps else (x.sum((1, 2)) > 0).long()
    loss: nn.Module = nn.MSELoss() if steps else nn.BCEWithLogitsLoss()

    def make() -> tuple[Any, ...]:
        torch.manual_seed(3)
        model = Headed(2 if steps else 1)
        return model, adam(model, 0.02), None

    def answer(model: nn.Module, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return model(x), y[:, -1] if steps else y[:, None].float()

    agree(
        RNN, make, loss, (x, y), (x[:9], y[:9]), reference={"answer": answer},
        classification_metrics=not steps, use_valid_token_mean=steps,
    )  # fmt: skip
    assert all(("val_accuracy" in values) != steps for values in call.metrics)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("state", ["none", "one", "every"])
@pytest.mark.parametrize("mean", [True, False])
def test_bare_recurrent_layers(kind: type[nn.RNNBase], both: bool, state: str, mean: bool) -> None:
    x = sequences(16)
    y = torch.tanh(x.cumsum(1))
    torch.manual_seed(4)
    with torch.inference_mode():  # as ComfyUI makes tensors
        rows = {"one": 1, "every": 8}.get(state)
        h_0 = rows and torch.randn(1 + both, rows, 3)

    def make() -> tuple[Any, ...]:
        torch.manual_seed(3)
        model = kind(3, 3, batch_first=True, bidirectional=both)
        return model, adam(model, 0.02), None

    def answer(model: nn.Module, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        if h_0 is None:
            sequence = model(x)[0]
        else:
            start = torch.stack([h_0[:, i if state == "every" else 0] for i in range(len(x))], 1)
            sequence = model(x, (start, 0 * start) if kind is nn.LSTM else start)[0]
        if mean:
            valid = (x.abs().sum(2) > 0).float()[:, :, None]
            sequence = (sequence * valid).sum(1) / valid.sum(1).clamp(min=1)
        else:
            sequence = sequence[:, -1]
        target = y[:, -1]
        return sequence, torch.cat([target, target], 1) if both else target

    agree(
        RNN, make, nn.MSELoss(), (x, y), (x[:9], y[:9]), epochs=2, reference={"answer": answer},
        linear_head=False, use_valid_token_mean=mean, h_0=h_0, falls=False,
    )  # fmt: skip


def test_a_target_with_two_axes_is_taken_as_it_is() -> None:
    x, layer = sequences(8), nn.GRU(3, 3, batch_first=True, bidirectional=True)
    loader = tensor_loader(x, torch.zeros(8, 6), 4)
    inputs = {"train_loader": loader, "optimizer": adam(layer, 0.01), "loss_function": nn.MSELoss()}
    _, losses, _ = RNN(layer, linear_head=False, epochs=3, **inputs)
    assert losses[-1] < losses[0]


def test_pieces_of_a_batch_start_where_their_rows_do(call: Recorder) -> None:
    x, start = sequences(8), torch.randn(1, 8, 3, generator=torch.Generator().manual_seed(1))
    found = []
    for pieces in (1, 3):
        torch.manual_seed(3)
        layer = nn.GRU(3, 3, batch_first=True)
        call.set(grad_accum=pieces)
        _, losses, _ = RNN(
            layer, linear_head=False, epochs=2, train_loader=tensor_loader(x, x.tanh(), 8),
            optimizer=SGD(layer.parameters(), lr=0.5), loss_function=nn.MSELoss(), h_0=start,
        )  # fmt: skip
        found.append([losses, *layer.parameters()])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("ignored", [False, True])
def test_a_loss_of_classes_is_taken_in_pieces(call: Recorder, ignored: bool) -> None:
    """Unless it leaves rows out: then batches are whole."""
    x, y = torch.randn(9, 4, generator=torch.Generator().manual_seed(1)), torch.arange(9) % 3
    if ignored:
        y[0] = -100
    found = []
    for pieces in (1, 2):
        torch.manual_seed(3)
        model, sizes = nn.Linear(4, 3), []
        model.register_forward_hook(lambda _, given, __, sizes=sizes: sizes.append(len(given[0])))
        call.set(grad_accum=pieces)
        _, losses, _ = CLASSIFY(
            model, tensor_loader(x, y, 6), optimizer=SGD(model.parameters(), lr=0.5), epochs=2
        )
        found.append([losses, *model.parameters()])
    assert sizes == 2 * ([6, 2, 1] if ignored else [3, 3, 2, 1])
    assert ("not_in_pieces" in call.codes) == ignored
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


class Body(nn.Module):
    """An encoder and a head, as the staged trainer wants them."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(6)
        self.llm_model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.2))
        self.linear = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.linear(self.llm_model(x))
        return found


@pytest.mark.parametrize("make_optimizer", [adam, adam_w])
@pytest.mark.parametrize("freeze", [1, 2, 9])
def test_staged_fine_tuning(call: Recorder, make_optimizer: Any, freeze: int) -> None:
    x, y = data()
    start = Body().state_dict()

    def make() -> tuple[Any, ...]:
        model = Body()
        more = {} if make_optimizer is adam else {"weight_decay": 0.3, "amsgrad": True}
        return model, make_optimizer(model, 0.05, beta1=0.7, beta2=0.9, **more), None

    def begin(model: Any, optimizer: Any, epoch: int) -> Any:
        model.llm_model.requires_grad_(epoch >= freeze)
        if epoch != freeze:
            return optimizer
        groups = [
            {"params": model.llm_model.parameters(), "lr": 0.05 * 0.2},
            {"params": model.linear.parameters(), "lr": 0.05},
        ]
        kind, decay = (torch.optim.Adam, 0) if make_optimizer is adam else (torch.optim.AdamW, 0.3)
        return kind(groups, betas=(0.7, 0.9), weight_decay=decay)

    model = agree(
        STAGED, make, nn.BCEWithLogitsLoss(), (x, (y == 0).long()), (x[:9], (y[:9] == 0).long()),
        epochs=4, freeze_pretrained_module_epochs=freeze,
        reference={"answer": lambda m, x, y: (m(x), y[:, None].float()), "begin": begin},
    )  # fmt: skip
    still = torch.equal(model.llm_model[0].weight, start["llm_model.0.weight"])
    assert still == (freeze == 9)
    assert all(p.requires_grad != still for p in model.llm_model.parameters())
    rates = [values["lr"] for values in call.metrics[-4:]]
    assert rates == [0.05] * min(freeze, 4) + [0.05 * 0.2] * (4 - freeze)
    assert "val_accuracy" in call.metrics[-1]


def test_a_real_encoder_is_fine_tuned_in_stages(
    call: Recorder, checkpoint: Callable[[str], Path]
) -> None:
    ids = torch.randint(5, 30, (8, 6), generator=torch.Generator().manual_seed(0))
    pairs = [((row, torch.ones_like(row)), row[0] > 16) for row in ids]
    loader: Any = DataLoader(pairs, batch_size=4)  # type: ignore[arg-type]
    for make in (fine_tuned_classifier, lora_classifier):
        with around(1):
            model = make(str(checkpoint("distilbert")))
            optimizer = adam(model, 0.01)
        with around(2):
            _, losses, _ = STAGED(
                model, loader, optimizer=optimizer, loss_function=nn.BCEWithLogitsLoss(), epochs=5
            )
        assert losses[-1] < losses[0]
        assert all(p.requires_grad for p in model.parameters()), "of LoRA's encoder too"


# What trainers refuse.


def refused(
    node: Callable[..., Any], model: nn.Module, x: Any, y: Any, **inputs: Any
) -> InputError:
    """The error of training on two tensors, two rows at a time."""
    inputs.setdefault("optimizer", adam(model) if list(model.parameters()) else None)
    loader = inputs.pop("loader") if "loader" in inputs else tensor_loader(x, y, 2)
    with pytest.raises(InputError) as caught:
        node(model=model, train_loader=loader, **inputs)
    return caught.value


@pytest.mark.parametrize("name", TRAINERS)
def test_every_trainer_looks_at_what_it_is_given(name: str) -> None:
    model = Body()
    given: dict[str, Any] = {"optimizer": adam(model), "loss_function": nn.BCEWithLogitsLoss()}
    given["scheduler"] = cosine_annealing(given["optimizer"], 3)
    spec = {one.name for one in NODES.specs[name].inputs}
    given = {key: value for key, value in given.items() if key in spec}
    x, y = torch.zeros(4, 4), torch.zeros(4, 1)
    none: Any = DataLoader(TensorDataset(x, y), batch_size=5, drop_last=True)
    error = refused(NODES[name], model, x, y, **given, loader=none)
    assert (error.code, error.input) == ("no_batches", "train_loader")
    for odd in ((x, y, y), (x, ["a"] * 4), x, {"x": x, "y": y}):
        loader: Any = DataLoader([odd], batch_size=None)
        error = refused(NODES[name], model, x, y, **given, loader=loader)
        assert (error.code, error.input) == ("batch_not_pair", "train_loader")
    error = refused(NODES[name], model, x, y, **{**given, "optimizer": adam(mlp())})
    assert (error.code, error.input) == ("optimizer_of_other_model", "optimizer")
    if "scheduler" in given:
        other = cosine_annealing(adam(model), 3)
        error = refused(NODES[name], model, x, y, **{**given, "scheduler": other})
        assert error.code == "scheduler_of_other_optimizer"
        plateau = reduce_on_plateau(given["optimizer"])
        error = refused(NODES[name], model, x, y, **{**given, "scheduler": plateau})
        assert error.code == "missing_val_loader"


X = torch.zeros(4, 4)


@pytest.mark.parametrize(
    ("node", "x", "y", "said"),
    [
        (CLASSIFY, torch.zeros(4, 5), torch.zeros(4).long(), "x is float32 (2, 5), y is int64"),
        (CLASSIFY, X.long(), torch.zeros(4).long(), "x is int64 (2, 4), y is int64 (2,); "),
        (CLASSIFY, X.double(), torch.zeros(4).long(), "x is float64 (2, 4)"),
        (CLASSIFY, X, torch.zeros(4), "y is float32 (2,), the model answers float32 (2, 3); "),
        (CLASSIFY, X, torch.zeros(4, 1).long(), "y is int64 (2, 1), the model answers float32"),
        (REGRESS, X, torch.zeros(4), "MSELoss needs targets of the shape (2, 3)"),
        (REGRESS, X, torch.zeros(4, 1), "y is float32 (2, 1), the model answers float32 (2, 3)"),
    ],
)  # fmt: skip
def test_batches_that_do_not_fit_are_shown(node: Any, x: Tensor, y: Tensor, said: str) -> None:
    error = refused(node, mlp(), x, y)
    assert (error.code, error.input) == ("batch_does_not_fit", "train_loader")
    assert said in str(error)
    if y.dtype is torch.float32 and node is CLASSIFY:
        assert error.hint == "labels of classes are int64"
    good = data(4) if node is CLASSIFY else (X, torch.zeros(4, 3))
    error = refused(node, mlp(), *good, val_loader=tensor_loader(x, y, 2))
    assert error.input == "val_loader"
    assert str(error).startswith("val_loader: x is ")


@pytest.mark.parametrize(
    ("loss", "y", "said"),
    [
        (nn.BCEWithLogitsLoss(), torch.tensor([0.0, 1, 7, 9]), "has 7.0 in 1 rows (and 1 other"),
        (nn.BCELoss(), torch.tensor([0, -1, -1, 1]), "has -1 in 2 rows, the first is row 1"),
    ],
)  # fmt: skip
def test_labels_of_binary_losses(loss: nn.Module, y: Tensor, said: str) -> None:
    for shape in ((4,), (4, 1)):
        error = refused(ANY, mlp(1), X, y.reshape(shape), loss_function=loss)
        assert (error.code, error.input) == ("label_not_binary", "train_loader")
        assert said in str(error)


class Rows(Dataset[tuple[Tensor, Tensor]]):
    """A data set that says nothing about its labels."""

    def __init__(self, y: Tensor) -> None:
        self.y = y

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor]:
        return torch.zeros(4), self.y[row]


@pytest.mark.parametrize("value", [3, -1])
@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss(), nn.NLLLoss()])
def test_labels_without_an_output_name_their_row(value: int, loss: nn.Module) -> None:
    y = torch.tensor([0, 1, 2, 0, 1, value])
    loaders: list[Any] = [
        tensor_loader(torch.zeros(6, 4), y, 4),
        tensor_loader(torch.zeros(6, 4), y, 4, shuffle=True),
        DataLoader(Rows(y), batch_size=4),
    ]
    for loader in loaders:
        error = refused(ANY, mlp(), X, y, loader=loader, loss_function=loss)
        assert (error.code, error.input) == ("label_out_of_range", "train_loader")
        assert f"the label {value} in row 5; the model has 3 outputs" in str(error)
    shuffled: Any = DataLoader(Rows(y), batch_size=4, shuffle=True)
    assert " of batch " in str(refused(ANY, mlp(), X, y, loader=shuffled, loss_function=loss))


def test_labels_that_a_loss_ignores_are_fine() -> None:
    model, y = mlp(), torch.tensor([0, -100, 2, 1])
    ANY(model, tensor_loader(X, y, 2), optimizer=adam(model), loss_function=nn.CrossEntropyLoss())


def test_a_validation_without_batches_is_none(call: Recorder) -> None:
    x, y = data()
    loaders = tensor_loader(x, y, 8), DataLoader(TensorDataset(x, y), 41, drop_last=True)
    model = mlp()
    given: dict[str, Any] = {"optimizer": adam(model), "val_loader": loaders[1]}
    trained, losses, none = CLASSIFY(model, loaders[0], **given, epochs=2, early_stopping=True)
    assert (losses.shape, none.shape, none.dtype) == ((2,), (0,), torch.float32)
    assert trained.training
    assert call.codes == ["no_batches"]
    given["scheduler"] = reduce_on_plateau(given["optimizer"])
    error = refused(SCHEDULED, model, x, y, **given)
    assert error.code == "missing_val_loader"


def test_an_epoch_that_is_better_never_ends_the_training() -> None:
    model, loader = mlp(), tensor_loader(*data(), 8)
    given: dict[str, Any] = {"optimizer": adam(model), "val_loader": loader, "epochs": 3}
    found = CLASSIFY(model, loader, **given, early_stopping=True, early_stopping_rounds=0)
    assert len(found[2]) == 3
    assert (found[2].diff() < 0).all()


@pytest.mark.parametrize("problem", [AttributeError, AssertionError, KeyError])
def test_whatever_a_model_raises_is_shown_with_the_batch(problem: type[Exception]) -> None:
    class Odd(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            raise problem("what is this?")

    error = refused(CLASSIFY, Odd(4, 3), X, torch.zeros(4).long())
    assert "x is float32 (2, 4)" in str(error)
    assert "what is this?" in str(error)


def test_models_that_cannot_be_trained_so() -> None:
    layer = nn.GRU(4, 3, batch_first=True)
    error = refused(ANY, layer, torch.zeros(4, 2, 4), X, loss_function=nn.MSELoss())
    assert (error.code, error.input) == ("answer_not_tensor", "model")
    assert "tuple of float32 (2, 2, 3) and float32 (1, 2, 3)" in str(error)
    frozen = mlp().requires_grad_(False)
    error = refused(CLASSIFY, frozen, X, torch.zeros(4).long())
    assert (error.code, error.input) == ("nothing_to_train", "model")
    error = refused(STAGED, mlp(), X, X, loss_function=nn.MSELoss())
    assert (error.code, error.input) == ("no_pretrained_encoder", "model")
    body = Body()
    error = refused(
        STAGED, body, X, X, loss_function=nn.MSELoss(),
        optimizer=torch.optim.SGD(body.parameters(), lr=0.1),
    )  # fmt: skip
    assert (error.code, error.input) == ("optimizer_not_adam", "optimizer")


def test_bare_layers_are_looked_at() -> None:
    x, mse = torch.zeros(4, 5, 4), {"loss_function": nn.MSELoss()}
    bare: dict[str, Any] = {**mse, "linear_head": False}
    error = refused(RNN, mlp(), x, x, **bare)
    assert (error.code, error.input) == ("not_recurrent", "model")
    assert refused(RNN, nn.GRU(4, 3), x, x, **bare).code == "not_recurrent"
    layer = nn.GRU(4, 3, batch_first=True)
    error = refused(RNN, layer, x, x, **mse, h_0=torch.zeros(1, 1, 3))
    assert (error.code, error.input) == ("unused_state", "h_0")
    error = refused(RNN, layer, x, x, **bare)
    assert error.code == "batch_does_not_fit"
    assert "last step float32 (2, 4) is not as float32 (2, 3)" in str(error)
    error = refused(RNN, layer, x, x, **bare, h_0=torch.zeros(3))
    assert (error.code, error.input) == ("unfit_state", "h_0")
    assert "float32 (3,)" in str(error)
    error = refused(RNN, layer, x, x[..., :3], **bare, h_0=torch.zeros(1, 1, 5))
    assert "5" in str(error).partition("these do not fit")[2]


def test_what_a_batch_is() -> None:
    x = [torch.zeros(2, 3).long(), torch.zeros(2, 3) > 0]
    assert described(x) == "list of int64 (2, 3) and bool (2, 3)"
    assert described([]) == "list of nothing"
    assert described(None) == "NoneType"


def test_the_engine_is_told_what_is_changed_and_cut() -> None:
    for name in TRAINERS:
        spec = NODES.specs[name]
        changed = {one.name for one in spec.inputs if one.mutates}
        assert changed == {"model", "optimizer", "scheduler"} & {one.name for one in spec.inputs}
        limits = {one.name: one.tiny for one in spec.inputs if one.tiny}
        text = any(word in name for word in ("Transformer", "RNN"))
        assert limits.pop("epochs") == (2 if text else 5)
        assert limits in ({}, {"freeze_pretrained_module_epochs": 1})
        assert spec.random


@pytest.mark.parametrize("workers", [0, 1])
def test_rows_of_different_shapes_are_no_batch(workers: int) -> None:
    rows: Any = [(torch.zeros(4), 0), (torch.zeros(5), 1)]
    loader = DataLoader(rows, batch_size=2, num_workers=workers)
    model = mlp()
    error = refused(CLASSIFY, model, None, None, loader=loader)
    assert (error.code, error.input) == ("unequal_rows", "train_loader")
    assert "padding" in (error.hint or "")


@pytest.mark.parametrize("workers", [0, 1])
def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path, workers: int) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (2, 2)).save(tmp_path / name / "good.png")
    (tmp_path / "dog" / "bad.png").write_bytes(b"no picture")
    pictures = image_folder(str(tmp_path), transform=picture_to_tensor)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    loader = DataLoader(pictures, batch_size=3, num_workers=workers)
    error = refused(CLASSIFY, model, None, None, loader=loader)
    assert str(error).startswith(f"{tmp_path / 'dog' / 'bad.png'} cannot be read")
    assert error.input == "train_loader"
    assert "Traceback" not in str(error)
