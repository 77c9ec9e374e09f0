"""Makes the built-in reviews of --tiny: python tests/support/synthetic_reviews.py

What it is: a small grammar that, from a seed, says several opinions about one film, some against
the overall verdict, some negated, and labels the review by their weighted sum (1 = positive). It
lets a text-classification graph run offline and learn something visible in seconds. Its words are
in the JSON file beside it; either side of a list shares its function words, so that "me" or "never"
says nothing alone.

What it is not: a data set. An accuracy measured here says that the training loop works and
nothing about real reviews.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from graphrun_nodes._tiny import FOLDER

Opinion = tuple[str, float]
"""A phrase, and how far it leans to the side it was asked for."""

SPLIT_SIZES = {"train": 3072, "test": 512}
_SPLIT_SEEDS = {"train": 1101, "test": 2203}
_UNLABELLED_SEED = 3307
MIN_WORDS, MAX_WORDS = 20, 52
# A review that is nearly balanced has no label that a reader would agree on. One without a label
# may be less clear.
_LABELLED_MARGIN, _UNLABELLED_MARGIN = 3.0, 2.0
# The share of opinions that agree with the mood of the review.
_AGREEMENT = 0.85
# Stands for the genre until the review is put together: a film has only one.
_GENRE = "{genre}"
_SIDES = {1: "positive", -1: "negative"}
_WORDS = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))


class _Critic:
    """Writes reviews, in an order that its seed decides."""

    def __init__(self, seed: int) -> None:
        # Only random() is promised to give the same sequence in every Python version.
        self.random = Random(seed).random

    def pick(self, choices: Sequence[str]) -> str:
        return choices[int(self.random() * len(choices))]

    def word(self, kind: str, side: int = 0) -> str:
        return self.pick(_WORDS[kind][_SIDES[side]] if side else _WORDS[kind])

    def sided(self, mood: int) -> int:
        return mood if self.random() < _AGREEMENT else -mood

    def described(self, side: int) -> Opinion:
        kind = self.random()
        if kind < 0.15:
            # Negation turns the adjective around but never makes a strong opinion of it.
            adjective = self.word("strong" if self.random() < 0.25 else "mild", -side)
            return f"{self.word('negations')} {adjective}", side * 1.0
        if kind < 0.3:
            first, second = ("strong", "mild") if self.random() < 0.5 else ("mild", "strong")
            return f"{self.word(first, side)} and {self.word(second, side)}", side * 2.5
        if kind < 0.45:
            return self.word("strong", side), side * 2.0
        if kind < 0.52:
            return f"{self.word('adverbs', side)} {self.word('strong', side)}", side * 2.5
        adjective = self.word("mild", side)
        if kind < 0.7:
            return f"{self.word('adverbs', side)} {adjective}", side * 1.5
        if kind < 0.78:
            return f"{self.word('stronger')} {adjective}", side * 1.5
        if kind < 0.86:
            return f"{self.word('weaker')} {adjective}", side * 0.5
        return adjective, side * 1.0

    def clause(self, side: int) -> Opinion:
        """One aspect of the film and what it was like."""
        plural = self.random() < 0.25
        aspect = self.word("plural aspects" if plural else "aspects")
        if self.random() < 0.2:
            return f"the {aspect} {self.word('predicates', side)}", side * 1.5
        phrase, weight = self.described(side)
        verbs = ("were", "seemed", "felt", "looked") if plural else ("was", "seemed", "felt", "is")
        return f"the {aspect} {self.pick(verbs)} {phrase}", weight

    def two_clauses(self, side: int, other_side: int) -> tuple[Opinion, Opinion]:
        first, second = self.clause(side), self.clause(other_side)
        while first[0].split()[1] == second[0].split()[1]:
            second = self.clause(other_side)
        return first, second

    def contrast(self, mood: int) -> Opinion:
        side = self.sided(mood)
        (minor, minor_weight), (major, major_weight) = self.two_clauses(-side, side)
        # What is conceded counts half: the main clause carries the point.
        weight = minor_weight / 2 + major_weight
        form = self.random()
        if form < 0.5:
            return f"{self.word('concessions')} {minor}, {major}", weight
        if form < 0.75:
            return f"{minor}, but {major}", weight
        return f"{major}, {self.word('concessions')} {minor}", weight

    def opinion(self, mood: int) -> Opinion:
        form = self.random()
        if form < 0.28:
            return self.contrast(mood)
        side = self.sided(mood)
        if form < 0.45:
            (first, weight), (second, more) = self.two_clauses(side, side)
            return f"{first} and {second}", weight + more
        if form < 0.68:
            phrase, weight = self.described(side)
            film = form >= 0.58
            start = f"this {_GENRE} film is" if film else f"I found the {self.word('aspects')}"
            return f"{start} {phrase}", weight
        clause, weight = self.clause(side)
        opener = self.word("openers")
        return (f"{opener}, {clause}" if opener else clause), weight

    def neutral(self) -> str:
        name, year = self.word("names"), self.word("years")
        return self.pick(
            (
                f"{name} directed this {_GENRE} film in {year}",
                f"I saw this {_GENRE} film {self.word('occasions')}",
                f"the story is set in {self.word('places')} in {year}",
                f"{name} plays a {self.word('jobs')} in {self.word('places')}",
                "it runs for about two hours",
                f"it is based on a book from {year}",
            )
        )

    def sentences(self, mood: int) -> tuple[list[str], float]:
        sentences = [self.neutral()] if self.random() < 0.5 else []
        total = 0.0
        length = 24 + self.random() * 18
        while sum(len(sentence.split()) for sentence in sentences) < length:
            if self.random() < 0.12:
                sentences.append(self.neutral())
                continue
            sentence, weight = self.opinion(mood)
            sentences.append(sentence)
            total += weight
        if self.random() < 0.35:
            side = self.sided(mood)
            sentences.append(self.word("verdicts", side))
            total += side * 2.0
        return sentences, total

    def review(self, label: int, margin: float) -> str:
        mood = 1 if label else -1
        while True:
            sentences, total = self.sentences(mood)
            if total * mood < margin:
                continue
            genre, text = self.word("genres"), ""
            for sentence in sentences:
                gap = "<br /><br />" if self.random() < 0.08 else " "
                mark = "!" if self.random() < 0.06 else "."
                sentence = sentence.replace(_GENRE, genre)
                text += f"{gap if text else ''}{sentence[0].upper()}{sentence[1:]}{mark}"
            if MIN_WORDS <= len(text.replace("<br /><br />", " ").split()) <= MAX_WORDS:
                return text

    def labels(self, count: int) -> list[int]:
        labels = [index % 2 for index in range(count)]
        for index in range(count - 1, 0, -1):
            other = int(self.random() * (index + 1))
            labels[index], labels[other] = labels[other], labels[index]
        return labels


def _unseen(seed: int, count: int, *, margin: float, seen: set[str]) -> Iterator[tuple[str, int]]:
    critic = _Critic(seed)
    for label in critic.labels(count):
        text = critic.review(label, margin)
        while text in seen:
            text = critic.review(label, margin)
        seen.add(text)
        yield text, label


def reviews(split: str) -> list[tuple[str, int]]:
    """The (text, label) pairs of a split, the same on every call, half of them positive."""
    if split not in SPLIT_SIZES:
        known = ", ".join(SPLIT_SIZES)
        raise ValueError(f"unknown split {split!r}: the built-in reviews have {known}")
    seen: set[str] = set()
    for name, size in SPLIT_SIZES.items():
        pairs = list(_unseen(_SPLIT_SEEDS[name], size, margin=_LABELLED_MARGIN, seen=seen))
        if name == split:
            break
    return pairs


def unlabelled(count: int) -> list[str]:
    """Reviews for pretraining, none of which is in a labelled split."""
    seen = {text for split in SPLIT_SIZES for text, _ in reviews(split)}
    pairs = _unseen(_UNLABELLED_SEED, count, margin=_UNLABELLED_MARGIN, seen=seen)
    return [text for text, _ in pairs]


if __name__ == "__main__":
    for split in SPLIT_SIZES:
        lines = [json.dumps({"text": text, "label": label}) for text, label in reviews(split)]
        (FOLDER / "reviews" / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
