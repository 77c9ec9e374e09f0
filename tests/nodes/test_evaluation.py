"""Figures and predictions, against figures worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from graphrun_nodes.evaluation import evaluate_classifier, macro_figures, predict, predict_class
from graphrun_nodes.loaders import tensor_loader
from recording import Recorder
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from graphrun.errors import InputError


@pytest.fixture(autouse=True)
def in_full(call: Recorder) -> None:
    """Numbers are compared with those of torch, whatever else this machine is fast at."""


class Echo(nn.Module):
    """Answers with what it is given, in evaluation mode only."""

    def forward(self, x: Tensor) -> Tensor:
        assert not self.training
        assert not torch.is_grad_enabled()
        return x


def one_hot(answers: list[int], classes: int = 3) -> Tensor:
    return nn.functional.one_hot(torch.tensor(answers), classes).float()


TRUTH, SAID = [0, 0, 0, 1, 1, 2, 2, 2], [0, 0, 1, 1, 1, 2, 0, 2]


@pytest.mark.parametrize("rows", [1, 3, 8])
def test_macro_figures_by_hand(call: Recorder, rows: int) -> None:
    loader = tensor_loader(one_hot(SAID), torch.tensor(TRUTH), rows, shuffle=True)
    found = evaluate_classifier(Echo(), loader)
    precision = (2 / 3 + 2 / 3 + 1) / 3
    recall = (2 / 3 + 1 + 2 / 3) / 3
    f1 = (2 * 2 / 6 + 2 * 2 / 5 + 2 * 2 / 5) / 3
    assert found == pytest.approx((6 / 8, precision, recall, f1, 8))
    assert [type(value) for value in found] == [float] * 4 + [int]
    *figures, table = call.metrics[0].values()
    assert figures == list(found[:4])
    assert table == call.metrics[0]["confusion"] == [[2, 1, 0], [0, 2, 0], [1, 0, 2]]
    assert call.steps[-1] == (len(loader), len(loader))
    assert not call.notices


def test_labels_that_count_no_classes_make_no_table(call: Recorder) -> None:
    for labels in ([0, -1], [0, 1000], [0.0, 1.0]):
        evaluate_classifier(Echo(), tensor_loader(one_hot([0, 1]), torch.tensor(labels), 2))
    assert all("confusion" not in told for told in call.metrics)


def test_figures_equal_those_of_the_usual_library() -> None:
    from sklearn import metrics

    generator = torch.Generator().manual_seed(0)
    for classes in (1, 2, 5, 30):
        truth, said = torch.randint(0, classes, (2, 40), generator=generator)
        figures = macro_figures(said, truth)
        expected = metrics.precision_recall_fscore_support(
            truth, said, average="macro", zero_division=0
        )[:3]
        assert list(figures.values())[1:] == pytest.approx(expected, rel=1e-12)
        assert figures["accuracy"] == metrics.accuracy_score(truth, said)


def test_classes_that_never_occur_count_as_zero_and_are_said(call: Recorder) -> None:
    loader = tensor_loader(one_hot([0, 0, 2], 4), torch.tensor([0, 1, 0]), 2)
    accuracy, precision, recall, f1, rows = evaluate_classifier(Echo(), loader)
    assert (accuracy, rows) == (1 / 3, 3)
    assert (precision, recall, f1) == pytest.approx((1 / 2 / 3, 1 / 2 / 3, 1 / 2 / 3))
    assert call.codes == ["undefined_figure"] * 2
    messages = [notice["message"] for notice in call.notices]
    assert "no answer of 1:" in messages[0]
    assert "no label of 2:" in messages[1]


def test_labels_that_the_model_cannot_answer_are_wrong_answers(call: Recorder) -> None:
    found = evaluate_classifier(Echo(), tensor_loader(one_hot([0, 1]), torch.tensor([0, 9]), 2))
    assert found[0] == 0.5
    assert "no answer of 9:" in call.notices[0]["message"]


def test_the_model_comes_back_as_it_was() -> None:
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 3))
    model[0].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    evaluate_classifier(model, tensor_loader(one_hot([0, 1]), torch.tensor([0, 1]), 2))
    predict(model, one_hot([0, 1]))
    predict_class(model, torch.ones(3), {0: "a", 1: "b", 2: "c"})
    assert [module.training for module in model.modules()] == [True, False, True, True]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    with pytest.raises(InputError):
        predict(model, torch.ones(2, 5))
    assert model.training


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_model_comes_back_from_a_gpu() -> None:
    model = nn.Linear(3, 3)
    on_cpu = predict(model, one_hot([0, 1]))
    on_gpu = predict(model, one_hot([0, 1]), True)
    assert {on_gpu.device.type, model.weight.device.type} == {"cpu"}
    assert torch.allclose(on_cpu, on_gpu, atol=1e-6)
    evaluate_classifier(model, tensor_loader(one_hot([0]), torch.tensor([0]), 1), True)
    assert model.weight.device.type == "cpu"


def test_a_class_and_its_probability() -> None:
    row = torch.tensor([0.5, 2.0, -1.0])
    name, number, probability = predict_class(Echo(), row, {0: "cat", 1: "dog", 2: "cow"})
    assert (name, number) == ("dog", 1)
    assert probability == row.softmax(0)[1].item()
    assert type(probability) is float

    class Twice(Echo):
        def forward(self, x: Tensor) -> Tensor:
            return torch.cat([x, -x])

    assert predict_class(Twice(), row, {1: "dog"})[0] == "dog", "the first row counts"


@pytest.mark.parametrize("names", [{}, {0: "cat"}, {"1": "dog"}])
def test_a_class_without_a_name(names: dict[Any, str]) -> None:
    with pytest.raises(InputError, match="no name for the class 1; it has ") as caught:
        predict_class(Echo(), torch.tensor([0.5, 2.0]), names)
    assert (caught.value.code, caught.value.input) == ("unknown_class", "class_id_to_name_map")
    assert "numbers as keys" in (caught.value.hint or "")


def test_one_output_is_no_classifier_of_two(call: Recorder) -> None:
    evaluate_classifier(Echo(), tensor_loader(torch.zeros(2, 1), torch.tensor([0, 0]), 2))
    assert [notice["code"] for notice in call.notices] == ["one_class"]


@pytest.mark.parametrize("shape", [(4,), (4, 1), (2, 3, 1)])
def test_regression(shape: tuple[int, ...]) -> None:
    x = torch.arange(float(torch.Size(shape).numel())).reshape(shape)
    model = nn.Linear(1, 1)
    found = predict(model, x)
    assert torch.equal(found, model(x[:, None] if len(shape) == 1 else x).detach())
    assert not found.requires_grad


def _evaluate(x: Tensor, y: Tensor, model: nn.Module | None = None) -> tuple[Any, ...]:
    return evaluate_classifier(model or nn.Linear(3, 3), tensor_loader(x, y, 2))


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (torch.zeros(2, 5), torch.zeros(2).long(), "x is float32 (2, 5), y is int64 (2,); "),
        (torch.zeros(2, 3).long(), torch.zeros(2), "x is int64 (2, 3)"),
        (torch.zeros(2, 3), torch.zeros(2, 1), "y is float32 (2, 1), the model answers float32 (2"),
        (torch.zeros(2, 3), torch.zeros(2, 3), "labels are one number a row"),
    ],
)
def test_batches_that_do_not_fit(x: Tensor, y: Tensor, said: str) -> None:
    with pytest.raises(InputError) as caught:
        _evaluate(x, y)
    assert (caught.value.code, caught.value.input) == ("batch_does_not_fit", "data_loader")
    assert said in str(caught.value)


def test_batches_of_texts_and_odd_answers() -> None:
    pairs = [((torch.zeros(3), torch.ones(3)), torch.tensor(1))]
    loader: Any = DataLoader(pairs)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"list of float32 \(1, 3\) and .* has to be one tensor"):
        evaluate_classifier(Echo(), loader)
    gru = nn.GRU(3, 3)
    for call in (
        lambda: _evaluate(torch.zeros(2, 3), torch.zeros(2).long(), gru),
        lambda: predict_class(Echo(), torch.zeros(2, 3), {0: "a"}),
        lambda: predict(gru, torch.zeros(2, 3)),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert (caught.value.code, caught.value.input) == ("unfit_answer", "model")


def test_a_loader_without_batches() -> None:
    loader: Any = DataLoader(TensorDataset(torch.zeros(2, 3)), batch_size=3, drop_last=True)
    with pytest.raises(InputError) as caught:
        evaluate_classifier(Echo(), loader)
    assert (caught.value.code, caught.value.input) == ("no_batches", "data_loader")


@pytest.mark.parametrize("x", [torch.zeros(()), torch.zeros(4), torch.zeros(2, 9)])
def test_samples_that_do_not_fit(x: Tensor) -> None:
    with pytest.raises(InputError, match="inputs: x is float32") as caught:
        predict_class(nn.Linear(3, 3), x, {})
    assert (caught.value.code, caught.value.input) == ("batch_does_not_fit", "inputs")


class Noting(nn.Module):
    """Notes in which mode and in what numbers it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.seen = nn.Linear(3, 3), list[Any]()

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.linear(x)
        self.seen.append((torch.is_inference_mode_enabled(), found.dtype))
        return found


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)]
)
def test_models_are_asked_in_the_precision_of_the_run(
    call: Recorder, precision: Any, dtype: torch.dtype
) -> None:
    call.set(precision=precision)
    torch.manual_seed(1)
    model, x = Noting(), torch.randn(8, 3)
    told = evaluate_classifier(model, tensor_loader(x, model.linear(x).argmax(1), 4))
    assert told[0] > 0.7
    assert predict_class(model, x[0], {0: "a", 1: "b", 2: "c"})[2] > 1 / 3
    found = predict(model, x)
    assert set(model.seen) == {(True, dtype)}
    assert found.dtype is torch.float32
    torch.testing.assert_close(found, model.linear(x).detach(), rtol=0.05, atol=0.05)
    assert (precision == "bf16") == ("way_of_computing" in call.codes)
    # What was predicted can be learned from.
    assert (found * torch.ones(3, requires_grad=True)).square().sum().requires_grad
    assert not found.is_inference()


def test_a_precision_that_the_device_lacks(call: Recorder) -> None:
    call.set(precision="tf32")
    with pytest.raises(InputError, match="tf32") as caught:
        predict(Noting(), torch.zeros(2, 3))
    assert caught.value.code == "precision_unavailable"


def test_models_that_are_watched_or_not_whole_yet() -> None:
    """Weights that are made meanwhile can be trained, and who looks on may keep what it sees."""
    lazy = nn.Sequential(nn.LazyLinear(2))
    predict(lazy, torch.zeros(2, 3))
    lazy(torch.ones(1, 3)).sum().backward()
    assert lazy[0].weight.grad is not None
    watched, kept = Noting(), list[Tensor]()
    watched.linear.register_forward_hook(lambda *given: kept.append(given[-1]))
    predict(watched, torch.zeros(2, 3))
    assert watched.seen == [(False, torch.float32)]
    (kept[0] * torch.ones(3, requires_grad=True)).sum().backward()


def test_batches_that_do_not_fit_into_memory() -> None:
    class Full(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise torch.OutOfMemoryError("no memory is left for this")

    with pytest.raises(InputError, match=r"a batch of the shape \(2, 3\)") as caught:
        evaluate_classifier(Full(), tensor_loader(torch.zeros(4, 3), torch.zeros(4).long(), 2))
    assert (caught.value.code, caught.value.input) == ("out_of_memory", "data_loader")
