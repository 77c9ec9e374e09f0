"""The built-in movie reviews with a sentiment label that stand in for data sets.

They are synthetic (tests/support/synthetic_reviews.py makes them): several opinions about one film,
some against the overall verdict, some negated. A text-classification graph runs offline with them
and learns something visible in seconds. An accuracy measured here says that the training loop works
and nothing about real reviews.
"""

import json

from ._tiny import FOLDER


def reviews(split: str) -> list[tuple[str, int]]:
    """The (text, label) pairs of train or test; 1 is positive, as half of them are."""
    lines = (FOLDER / "reviews" / f"{split}.jsonl").read_text("utf-8").splitlines()
    return [(row["text"], row["label"]) for row in map(json.loads, lines)]
