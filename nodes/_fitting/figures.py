"""Figures of a classifier: accuracy, precision, recall, F1, area under the ROC curve, confusion.

A batch is only noted where it is, so that a GPU is not waited for; what was noted is read once, and
counted on the CPU in whole numbers. So the figures do not depend on how rows were put into batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

MOST_CLASSES = 100
"""With more there is no area under the curve, which needs every output, and no matrix is told."""


class Figures:
    """Figures of the rows that were added, for a model with so many outputs a row.

    One output is a logit: a row is in class 1 if its sigmoid is above 0.5, else in class 0. Of
    several outputs the largest is the answer. Rows whose label is none of the classes, such as
    those that a loss ignores, have no part; `left_out` is their number, once figures were read.
    """

    def __init__(self, outputs: int) -> None:
        if outputs < 1:
            raise ValueError(f"a model with {outputs} outputs answers nothing")
        self.outputs = outputs
        self.classes = max(outputs, 2)
        self.left_out = 0
        self._noted: list[tuple[Tensor, Tensor, Tensor]] = []

    @classmethod
    def fitting(cls, output: Tensor, target: Tensor) -> Figures | None:
        """Figures for outputs (N,) or (N, 1), or for (N, classes) and whole numbers (N,).

        None for shapes that are not those of a classification.
        """
        wide = output.shape[1] if output.dim() == 2 else 1
        if output.dim() not in (1, 2) or target.numel() != len(output):
            return None
        if wide > 1 and (target.is_floating_point() or target.dim() != 1):
            return None
        return cls(wide)

    def add(self, output: Tensor, target: Tensor) -> None:
        """Outputs of a batch, (N, outputs) or (N,) for one, and a label each, (N,) or (N, 1)."""
        # Half precision would round what is near 0.5 to it.
        logits, labels = output.detach().float(), target.detach().reshape(-1)
        if self.outputs == 1:
            logits = logits.reshape(-1)
            answers = torch.sigmoid(logits) > 0.5
        else:
            answers = logits.argmax(1)
        if len(answers) != len(labels):
            raise ValueError(f"{len(answers)} answers and {len(labels)} labels")
        self._noted.append((self._scores(logits), answers.int(), labels.int()))

    def _scores(self, logits: Tensor) -> Tensor:
        """What rows are ranked by: (N,) for two classes, else a probability a class.

        Two outputs are ranked by their difference, as by the softmax, which cannot tell large ones
        apart.
        """
        if self.outputs == 1:
            return logits
        if self.outputs == 2:
            return logits[:, 1] - logits[:, 0]
        return logits.softmax(1) if self.outputs <= MOST_CLASSES else logits.new_zeros(len(logits))

    def read(self) -> dict[str, float]:
        """`accuracy`, `precision`, `recall`, `f1`, and `auc` where there is one.

        Of two classes, precision, recall and F1 are those of class 1; of several they are as
        `of_classes` has them. Of no rows there are none. This waits for a GPU.
        """
        scores, answers, labels = self._rows()
        if not len(labels):
            return {}
        matrix = confusion(answers, labels, self.classes)
        figures = of_class(matrix, 1) if self.classes == 2 else of_classes(matrix)
        area = _area(scores, labels, self.classes) if self.outputs <= MOST_CLASSES else None
        return figures if area is None else {**figures, "auc": area}

    def confusion(self) -> list[list[int]]:
        """How many rows of each class (the first index) got each answer (the second)."""
        _, answers, labels = self._rows()
        matrix: list[list[int]] = confusion(answers, labels, self.classes).tolist()
        return matrix

    def told(self, prefix: str) -> dict[str, Any]:
        """All of it for `metric`: the figures and `confusion`, with a prefix to their names."""
        found: dict[str, Any] = dict(self.read())
        if found and self.outputs <= MOST_CLASSES:
            found["confusion"] = self.confusion()
        return {f"{prefix}{name}": value for name, value in found.items()}

    def _rows(self) -> tuple[Tensor, Tensor, Tensor]:
        """Scores, answers and labels of all rows that have a part, on the CPU."""
        if not self._noted:
            none = torch.zeros(0, dtype=torch.int64)
            return none.float(), none, none
        if len(self._noted) > 1 or self._noted[0][0].device.type != "cpu":
            columns = zip(*self._noted, strict=True)
            scores, answers, labels = (torch.cat(column).cpu() for column in columns)
            self._noted = [(scores, answers, labels)]
        scores, answers, labels = self._noted[0]
        known = (labels >= 0) & (labels < self.classes)
        self.left_out = len(labels) - int(known.sum())
        return scores[known], answers[known].long(), labels[known].long()


def of_class(matrix: Tensor, positive: int) -> dict[str, float]:
    """Accuracy, and precision, recall and F1 of one class, of a matrix (labels, answers).

    What would be divided by 0 counts as 0.
    """
    hits, said, meant = (int(n[positive]) for n in _margins(matrix))
    return {
        "accuracy": int(matrix.trace()) / int(matrix.sum()),
        "precision": hits / max(said, 1),
        "recall": hits / max(meant, 1),
        "f1": 2 * hits / max(said + meant, 1),
    }


def of_classes(matrix: Tensor) -> dict[str, float]:
    """Accuracy, and unweighted means of the classes' figures, of a matrix (labels, answers).

    The means are over the classes that occur among labels or answers; what would be divided by 0
    counts as 0.
    """
    hits, said, meant = _margins(matrix)
    occurs = (said + meant) > 0
    hits, said, meant = hits[occurs].double(), said[occurs], meant[occurs]
    return {
        "accuracy": int(matrix.trace()) / int(matrix.sum()),
        "precision": float((hits / said.clamp(min=1)).mean()),
        "recall": float((hits / meant.clamp(min=1)).mean()),
        "f1": float((2 * hits / (said + meant)).mean()),
    }


def _margins(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """By class: rows that were told right, answers, and labels."""
    return matrix.diagonal(), matrix.sum(0), matrix.sum(1)


def confusion(answers: Tensor, labels: Tensor, classes: int) -> Tensor:
    """How many rows of each class (the first index) got each answer, of classes (N,) of both."""
    cells = torch.bincount(labels * classes + answers, minlength=classes * classes)
    return cells.view(classes, classes)


def _area(scores: Tensor, labels: Tensor, classes: int) -> float | None:
    """The area under the curve; for several classes the mean of each against the rest.

    The mean is over the classes that have rows. None where there is nothing to compare: fewer than
    two classes have rows, or a score is no number.
    """
    if scores.isnan().any():
        return None
    if classes == 2:
        return area(scores, labels == 1)
    found: Sequence[float | None] = [
        area(scores[:, one], labels == one) for one in labels.unique().tolist()
    ]
    areas = [one for one in found if one is not None]
    return sum(areas) / len(areas) if areas else None


def area(scores: Tensor, positive: Tensor) -> float | None:
    """The area under the ROC curve of scores (N,), exact: None if all rows are on one side.

    It is the share of pairs of a positive and a negative row in which the positive has the higher
    score; equal scores count half (Hanley and McNeil, Radiology 143, 1982). Pairs are counted in
    whole numbers, two for each.
    """
    ordered, order = scores.sort()
    _, group = ordered.unique_consecutive(return_inverse=True)
    groups = int(group[-1]) + 1 if len(group) else 0
    ups = torch.bincount(group[positive[order]], minlength=groups)
    downs = torch.bincount(group[~positive[order]], minlength=groups)
    pairs = int(ups.sum()) * int(downs.sum())
    if not pairs:
        return None
    below = downs.cumsum(0) - downs
    return int((ups * (2 * below + downs)).sum()) / (2 * pairs)
