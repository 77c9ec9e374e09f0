import hashlib
import html
import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

import pytest
import synthetic_reviews
from graphrun_nodes import _reviews

# The best single word of the train split is right this often; half is chance.
SINGLE_WORD_LIMIT = 0.60
# Of the same texts in every Python version and process. Change only with the generator, and then
# the checkpoints that were pretrained on them have to be made again.
DIGESTS = {
    "train": "647aa0ead1d1ce199dc9bb2087092ca3bcf65de8100a2c7ef0c88ef2a4a8c015",
    "test": "689a959a2a9b47d40c0ce7ade97f650cb8541d4ccfbb527d9de48c878a441d6d",
}
UNLABELLED_DIGEST = "bba6a0d2e44448020082f6f42fdebb8050431aa56ba6a848d67fd10d8924e99c"


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", html.unescape(text).replace("<br /><br />", " ").lower())


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("split", DIGESTS)
def test_every_call_gives_the_same_reviews(split: str) -> None:
    pairs = synthetic_reviews.reviews(split)
    assert pairs == synthetic_reviews.reviews(split)
    assert _digest(f"{label} {text}" for text, label in pairs) == DIGESTS[split]
    assert _reviews.reviews(split) == pairs


@pytest.mark.parametrize("split", ["train", "test"])
def test_half_of_the_reviews_are_positive(split: str) -> None:
    pairs = synthetic_reviews.reviews(split)
    assert len(pairs) == synthetic_reviews.SPLIT_SIZES[split]
    assert sum(label for _, label in pairs) * 2 == len(pairs)


@pytest.mark.parametrize("split", ["train", "test"])
def test_labels_come_in_no_pattern(split: str) -> None:
    labels = [label for _, label in synthetic_reviews.reviews(split)]
    repeated = sum(one == other for one, other in pairwise(labels))
    assert 0.4 < repeated / len(labels) < 0.6


def test_no_review_is_in_two_splits() -> None:
    train = [text for text, _ in synthetic_reviews.reviews("train")]
    test = [text for text, _ in synthetic_reviews.reviews("test")]
    pretraining = synthetic_reviews.unlabelled(24_000)
    texts = train + test + pretraining
    # Compared as a model sees them, without markup and case.
    assert len({" ".join(_words(text)) for text in texts}) == len(texts)


def test_every_call_gives_the_same_unlabelled_reviews() -> None:
    texts = synthetic_reviews.unlabelled(1000)
    assert len(texts) == 1000
    assert _digest(texts) == UNLABELLED_DIGEST


def test_no_single_word_tells_the_label() -> None:
    pairs = synthetic_reviews.reviews("train")
    right: dict[str, int] = defaultdict(int)
    for text, label in pairs:
        for word in set(_words(text)):
            right[word] += 1 if label else -1
    # Guessing "positive if the word is there" is right half the time plus half this difference.
    best = max(0.5 + abs(difference) / len(pairs) for difference in right.values())
    assert best < SINGLE_WORD_LIMIT


@pytest.mark.parametrize("split", ["train", "test"])
def test_lengths(split: str) -> None:
    for text, _ in synthetic_reviews.reviews(split):
        assert 20 <= len(text.replace("<br /><br />", " ").split()) <= 60


def test_some_reviews_have_markup() -> None:
    marked = sum("<br /><br />" in text for text, _ in synthetic_reviews.reviews("test"))
    assert 20 < marked < 400


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="train, test"):
        synthetic_reviews.reviews("validation")
