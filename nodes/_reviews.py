"""The built-in movie reviews with a sentiment label that stand in for data sets.

They are synthetic (tests/support/synthetic_reviews.py makes them): several opinions about one film,
some against the overall verdict, some negated. A text-classification graph runs offline with them
and learns something visible in seconds. An accuracy measured here says that the training loop works
and nothing about real reviews.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from ._tiny import FOLDER, HELD_OUT

if TYPE_CHECKING:
    from datasets import Dataset

REVIEWS = "built-in synthetic reviews"


def reviews(split: str) -> list[tuple[str, int]]:
    """The (text, label) pairs of train or test; 1 is positive, as half of them are."""
    lines = (FOLDER / "reviews" / f"{split}.jsonl").read_text("utf-8").splitlines()
    return [(row["text"], row["label"]) for row in map(json.loads, lines)]


def stand_in(split: str, *, text: str, label: str) -> Dataset:
    """The reviews of a split under the wanted column names, labels 0 and 1."""
    from datasets import Dataset

    pairs = reviews("test" if split.lower() in HELD_OUT else "train")
    columns = {text: [review for review, _ in pairs], label: [value for _, value in pairs]}
    return Dataset.from_dict(columns)


def vectors_at_random(words: Mapping[str, int], dimension: int) -> np.ndarray:
    """For every word, in its row, numbers that depend on the word alone."""
    table = np.zeros((len(words), dimension), np.float32)
    for word, row in words.items():
        draw = Random(word).gauss
        table[row] = [draw(0, 0.4) for _ in range(dimension)]
    return table
