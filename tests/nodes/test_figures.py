"""Figures of classifiers, against scikit-learn and against what can be counted by hand."""

import math

import numpy as np
import pytest
import torch
from graphrun_nodes._fitting.figures import MOST_CLASSES, Figures, area
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

# Few values, so that there are ties; all are floats that half precision has too.
LOGITS = st.sampled_from([-3.0, -1.0, -0.5, 0.0, 0.25, 0.5, 2.0])


@st.composite
def cases(draw, outputs):
    """Outputs (N, outputs) and labels (N,)."""
    rows = draw(st.integers(1, 40))
    cells = st.lists(LOGITS, min_size=rows * outputs, max_size=rows * outputs)
    labels = st.integers(0, max(outputs, 2) - 1)
    output = torch.tensor(draw(cells)).view(rows, outputs)
    return output, torch.tensor(draw(st.lists(labels, min_size=rows, max_size=rows)))


def figures_of(output, target, *, batch=7):
    found = Figures.fitting(output, target)
    for start in range(0, len(target), batch):
        found.add(output[start : start + batch], target[start : start + batch])
    return found


def counted(scores, positive):
    """The area under the curve by looking at every pair."""
    ups, downs = scores[positive], scores[~positive]
    won = sum(float(u > d) + 0.5 * float(u == d) for u in ups for d in downs)
    return won / (len(ups) * len(downs))


def expected(truth, answers, average):
    names = ("precision", "recall", "f1")
    values = metrics.precision_recall_fscore_support(
        truth, answers, average=average, zero_division=0
    )
    return {
        "accuracy": metrics.accuracy_score(truth, answers),
        **dict(zip(names, values, strict=False)),
    }


@settings(max_examples=100, deadline=None)
@given(cases(1))
def test_one_output(case):
    output, labels = case
    found = figures_of(output, labels)
    figures, answers = found.read(), (torch.sigmoid(output) > 0.5).squeeze(1).int()
    area = figures.pop("auc", None)
    assert figures == pytest.approx(expected(labels, answers, "binary"), abs=1e-12)
    assert found.confusion() == metrics.confusion_matrix(labels, answers, labels=[0, 1]).tolist()
    if len(labels.unique()) == 1:
        assert area is None
    else:
        assert area == counted(output.squeeze(1), labels == 1)
        assert area == pytest.approx(metrics.roc_auc_score(labels, output.squeeze(1)), abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(cases(2))
def test_two_outputs_are_figures_of_class_1(case):
    output, labels = case
    found = figures_of(output, labels)
    figures, answers = found.read(), output.argmax(1)
    area = figures.pop("auc", None)
    assert figures == pytest.approx(expected(labels, answers, "binary"), abs=1e-12)
    assert found.confusion() == metrics.confusion_matrix(labels, answers, labels=[0, 1]).tolist()
    if area is not None:
        assert area == counted(output[:, 1] - output[:, 0], labels == 1)


@settings(max_examples=100, deadline=None)
@given(cases(4))
def test_several_outputs_are_means_over_classes(case):
    output, labels = case
    found = figures_of(output, labels)
    figures, answers = found.read(), output.argmax(1)
    area = figures.pop("auc", None)
    assert figures == pytest.approx(expected(labels, answers, "macro"), abs=1e-12)
    matrix = metrics.confusion_matrix(labels, answers, labels=list(range(4)))
    assert found.confusion() == matrix.tolist()
    shares, present = output.softmax(1), labels.unique().tolist()
    if len(present) == 1:
        assert area is None
    else:
        each = [counted(shares[:, one], labels == one) for one in present]
        assert area == pytest.approx(sum(each) / len(each), abs=1e-12)
    if len(present) == 4:
        theirs = metrics.roc_auc_score(labels, shares.double().numpy(), multi_class="ovr")
        assert area == pytest.approx(theirs, abs=1e-12)


def test_the_area_of_many_rows_is_scikit_learns():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 2, (20_000,), generator=generator)
    scores = (labels + 2 * torch.randn(20_000, generator=generator)).round(decimals=1)
    ours = area(scores, labels == 1)
    assert ours == pytest.approx(metrics.roc_auc_score(labels, scores), abs=1e-12)


def test_batches_do_not_matter():
    generator = torch.Generator().manual_seed(0)
    output = torch.randn(50, 3, generator=generator)
    labels = torch.randint(0, 3, (50,), generator=generator)
    whole = figures_of(output, labels, batch=50)
    for batch in (1, 7):
        parts = figures_of(output, labels, batch=batch)
        assert parts.read() == whole.read()
        assert parts.confusion() == whole.confusion()


def test_figures_can_be_read_between_batches():
    output, labels = torch.tensor([2.0, -1.0, 3.0]), torch.tensor([1.0, 0.0, 0.0])
    found = Figures(1)
    found.add(output[:2], labels[:2])
    assert found.read() == dict.fromkeys(("accuracy", "precision", "recall", "f1", "auc"), 1.0)
    found.add(output[2:], labels[2:])
    assert found.confusion() == [[1, 1], [0, 1]]
    assert found.read() == pytest.approx(
        {"accuracy": 2 / 3, "precision": 0.5, "recall": 1.0, "f1": 2 / 3, "auc": 0.5}
    )


def test_what_is_told_of_a_validation():
    found = Figures(1)
    assert found.told("val_") == {}
    found.add(torch.tensor([[2.0], [-1.0]]), torch.tensor([[1.0], [1.0]]))
    assert found.told("val_") == {
        "val_accuracy": 0.5,
        "val_precision": 1.0,
        "val_recall": 0.5,
        "val_f1": 2 / 3,
        "val_confusion": [[0, 0], [1, 1]],
    }


def test_half_precision_is_not_rounded_to_the_middle():
    output = torch.tensor([0.001, -0.001], dtype=torch.bfloat16)
    found = Figures(1)
    found.add(output, torch.tensor([1, 0]))
    assert found.confusion() == [[1, 0], [0, 1]]


def test_rows_that_a_loss_ignores_have_no_part():
    output = torch.eye(3).repeat(2, 1)
    labels = torch.tensor([0, 1, 2, -100, -100, 3])
    found = figures_of(output, labels)
    assert found.read()["accuracy"] == 1.0
    assert found.confusion() == torch.eye(3, dtype=torch.int).tolist()
    assert found.left_out == 3


def test_nothing_is_said_of_no_rows():
    assert Figures(1).read() == {}
    assert Figures(3).confusion() == [[0] * 3] * 3
    found = Figures(3)
    found.add(torch.zeros(2, 3), torch.tensor([-100, -100]))
    assert found.read() == {}


def test_there_is_no_area_where_scores_are_no_numbers():
    output, labels = torch.tensor([math.nan, 1.0]), torch.tensor([0, 1])
    assert "auc" not in figures_of(output, labels).read()


def test_there_is_no_area_of_very_many_classes():
    classes = MOST_CLASSES + 1
    figures = figures_of(torch.eye(classes), torch.arange(classes)).read()
    assert figures == dict.fromkeys(("accuracy", "precision", "recall", "f1"), 1.0)


@pytest.mark.parametrize(
    ("output", "target", "outputs"),
    [
        ((4, 1), torch.zeros(4, 1), 1),
        ((4, 1), torch.zeros(4), 1),
        ((4,), torch.zeros(4, dtype=torch.int64), 1),
        ((4, 3), torch.zeros(4, dtype=torch.int64), 3),
        ((4, 3), torch.zeros(4, 3), None),
        ((4, 3), torch.zeros(4), None),
        ((4, 1), torch.zeros(4, 2), None),
        ((4, 5, 3), torch.zeros(4, dtype=torch.int64), None),
    ],
)
def test_only_classifications_have_figures(output, target, outputs):
    found = Figures.fitting(torch.zeros(output), target)
    assert (found.outputs if found else None) == outputs


def test_labels_have_to_be_as_many_as_answers():
    with pytest.raises(ValueError, match="2 answers and 3 labels"):
        Figures(1).add(torch.zeros(2, 1), torch.zeros(3))


def test_what_is_noted_holds_no_graph():
    output = torch.zeros(2, 1, requires_grad=True)
    found = Figures(1)
    found.add(output * 2, torch.tensor([0, 1]))
    assert not any(part.requires_grad for noted in found._noted for part in noted)
    assert np.isclose(found.read()["auc"], 0.5)
