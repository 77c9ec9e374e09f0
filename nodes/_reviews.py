"""Synthetic movie reviews with a sentiment label, generated from a seed.

What it is: a small grammar that says several opinions about one film, some against the overall
verdict, some negated, and labels the review by their weighted sum (1 = positive). It lets a
text-classification graph run offline and learn something visible in seconds.

What it is not: a data set. An accuracy measured here says that the training loop works and
nothing about real reviews.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")
Opinion = tuple[str, float]

SPLIT_SIZES = {"train": 3072, "test": 512}
_SPLIT_SEEDS = {"train": 1101, "test": 2203}
_UNLABELLED_SEED = 3307
MIN_WORDS, MAX_WORDS = 20, 52
# A review that is nearly balanced has no label that a reader would agree on. One without a label
# may be less clear.
_LABELLED_MARGIN, _UNLABELLED_MARGIN = 3.0, 2.0
# The share of opinions that agree with the mood of the review.
_AGREEMENT = 0.85

_SINGULAR = (
    "acting", "plot", "pacing", "score", "camera work", "dialogue", "ending", "cast", "script",
    "story", "direction", "editing", "humour", "villain", "opening", "soundtrack", "photography",
    "lead", "finale", "twist", "romance", "action", "music", "lighting", "narration",
)  # fmt: skip
_PLURAL = ("costumes", "effects", "characters", "sets", "jokes", "songs", "performances", "stunts")

_STRONG = {
    1: (
        "brilliant", "superb", "wonderful", "stunning", "gripping", "hilarious", "unforgettable",
        "dazzling", "outstanding", "breathtaking", "thrilling", "flawless",
    ),
    -1: (
        "awful", "terrible", "dreadful", "unbearable", "laughable", "painful", "insulting",
        "hopeless", "horrible", "embarrassing", "lifeless", "unwatchable",
    ),
}  # fmt: skip
_MILD = {
    1: (
        "good", "charming", "lovely", "clever", "solid", "fresh", "touching", "funny", "lively",
        "warm", "honest", "engaging", "sharp", "moving", "smart", "convincing",
    ),
    -1: (
        "dull", "weak", "flat", "clumsy", "slow", "stale", "predictable", "wooden", "thin",
        "shallow", "boring", "forced", "messy", "bland", "lazy", "silly",
    ),
}  # fmt: skip
# Most adverbs go with either side, some lean to one.
_ADVERBS = {
    1: ("wonderfully", "beautifully", "delightfully", "refreshingly", "surprisingly", "quietly"),
    -1: ("painfully", "annoyingly", "dreadfully", "embarrassingly", "surprisingly", "quietly"),
}
# Either side of a list shares its function words, so that "me" or "never" says nothing alone.
_PREDICATES = {
    1: (
        "kept me awake", "won me over", "stayed with me for days", "came to life",
        "never let me go", "made me smile", "got better and better", "held it all together",
        "took my breath away", "never put a foot wrong", "lived up to the poster",
        "made the time fly",
    ),
    -1: (
        "kept me waiting", "put me to sleep", "left me after an hour", "fell to pieces",
        "never woke up", "made me yawn", "got worse and worse", "let it all down", "went nowhere",
        "never found a rhythm", "failed to match the poster", "made the time crawl",
    ),
}  # fmt: skip
_VERDICTS = {
    1: (
        "I would watch it again", "it is worth the ticket", "I was sorry when it ended",
        "I could not look away", "do not miss it", "see it with the whole family",
        "it deserves a bigger audience", "I want to see more from this director",
    ),
    -1: (
        "I would not watch it again", "it is not worth the ticket", "I was glad when it ended",
        "I could not wait to leave", "do not bother with it", "keep it away from the family",
        "it deserves an empty room", "I want to see less from this director",
    ),
}  # fmt: skip

_STRONGER = ("very", "truly", "really", "utterly")
_WEAKER = ("fairly", "somewhat", "rather", "a little")
_NEGATIONS = ("hardly", "never", "not exactly", "far from", "anything but", "not at all")
_CONCESSIONS = ("although", "while", "even though", "though")
_OPENERS = ("", "", "", "for me", "in my opinion", "to be honest", "again", "at times", "as usual")

_NAMES = (
    "Anna Keller", "Tom Hale", "Maria Lopez", "John Reed", "Sofia Lind", "Peter Novak",
    "Ruth Bell", "David Okoro", "Emma Ford", "Hugo Marsh", "Nina Park", "Omar Haddad",
    "Grace Stone", "Leo Rossi",
)  # fmt: skip
_GENRES = (
    "comedy", "western", "thriller", "drama", "horror", "musical", "crime", "war", "family", "spy",
    "mystery", "science fiction", "rock &amp; roll",
)  # fmt: skip
# Stands for the genre until the review is put together: a film has only one.
_GENRE = "{genre}"
_YEARS = ("1968", "1974", "1979", "1983", "1987", "1991", "1995", "1999", "2002", "2006", "2011")
_PLACES = ("Paris", "a small town", "Berlin", "the desert", "New York", "a prison", "the future")
_JOBS = ("doctor", "teacher", "soldier", "detective", "singer", "farmer", "lawyer", "pilot")
_OCCASIONS = (
    "on a plane", "with my sister", "last night", "at a festival", "on television", "with friends",
    "on a rainy Sunday",
)  # fmt: skip


def _pick(rng: Random, choices: Sequence[T]) -> T:
    # Only random() is promised to give the same sequence in every Python version.
    return choices[int(rng.random() * len(choices))]


def _sided(rng: Random, mood: int) -> int:
    return mood if rng.random() < _AGREEMENT else -mood


def _described(rng: Random, side: int) -> Opinion:
    """An adjective phrase, with how far it leans to its side."""
    kind = rng.random()
    if kind < 0.15:
        # Negation turns the adjective around but never makes a strong opinion of it.
        adjective = _pick(rng, (_STRONG if rng.random() < 0.25 else _MILD)[-side])
        return f"{_pick(rng, _NEGATIONS)} {adjective}", side * 1.0
    if kind < 0.3:
        if rng.random() < 0.5:
            return f"{_pick(rng, _STRONG[side])} and {_pick(rng, _MILD[side])}", side * 2.5
        return f"{_pick(rng, _MILD[side])} and {_pick(rng, _STRONG[side])}", side * 2.5
    if kind < 0.45:
        return _pick(rng, _STRONG[side]), side * 2.0
    if kind < 0.52:
        return f"{_pick(rng, _ADVERBS[side])} {_pick(rng, _STRONG[side])}", side * 2.5
    adjective = _pick(rng, _MILD[side])
    if kind < 0.7:
        return f"{_pick(rng, _ADVERBS[side])} {adjective}", side * 1.5
    if kind < 0.78:
        return f"{_pick(rng, _STRONGER)} {adjective}", side * 1.5
    if kind < 0.86:
        return f"{_pick(rng, _WEAKER)} {adjective}", side * 0.5
    return adjective, side * 1.0


def _clause(rng: Random, side: int) -> Opinion:
    """One aspect of the film and what it was like."""
    plural = rng.random() < 0.25
    aspect = _pick(rng, _PLURAL if plural else _SINGULAR)
    if rng.random() < 0.2:
        return f"the {aspect} {_pick(rng, _PREDICATES[side])}", side * 1.5
    phrase, weight = _described(rng, side)
    verbs = ("were", "seemed", "felt", "looked") if plural else ("was", "seemed", "felt", "is")
    return f"the {aspect} {_pick(rng, verbs)} {phrase}", weight


def _two_clauses(rng: Random, side: int, *, other_side: int) -> tuple[Opinion, Opinion]:
    first, second = _clause(rng, side), _clause(rng, other_side)
    while first[0].split()[1] == second[0].split()[1]:
        second = _clause(rng, other_side)
    return first, second


def _contrast(rng: Random, mood: int) -> Opinion:
    side = _sided(rng, mood)
    (minor, minor_weight), (major, major_weight) = _two_clauses(rng, -side, other_side=side)
    # What is conceded counts half: the main clause carries the point.
    weight = minor_weight / 2 + major_weight
    form = rng.random()
    if form < 0.5:
        return f"{_pick(rng, _CONCESSIONS)} {minor}, {major}", weight
    if form < 0.75:
        return f"{minor}, but {major}", weight
    return f"{major}, {_pick(rng, _CONCESSIONS)} {minor}", weight


def _opinion(rng: Random, mood: int) -> Opinion:
    form = rng.random()
    if form < 0.28:
        return _contrast(rng, mood)
    side = _sided(rng, mood)
    if form < 0.45:
        (first, weight), (second, more) = _two_clauses(rng, side, other_side=side)
        return f"{first} and {second}", weight + more
    if form < 0.58:
        phrase, weight = _described(rng, side)
        return f"I found the {_pick(rng, _SINGULAR)} {phrase}", weight
    if form < 0.68:
        phrase, weight = _described(rng, side)
        return f"this {_GENRE} film is {phrase}", weight
    clause, weight = _clause(rng, side)
    opener = _pick(rng, _OPENERS)
    return (f"{opener}, {clause}" if opener else clause), weight


def _neutral(rng: Random) -> str:
    name, year = _pick(rng, _NAMES), _pick(rng, _YEARS)
    return _pick(
        rng,
        (
            f"{name} directed this {_GENRE} film in {year}",
            f"I saw this {_GENRE} film {_pick(rng, _OCCASIONS)}",
            f"the story is set in {_pick(rng, _PLACES)} in {year}",
            f"{name} plays a {_pick(rng, _JOBS)} in {_pick(rng, _PLACES)}",
            "it runs for about two hours",
            f"it is based on a book from {year}",
        ),
    )


def _sentences(rng: Random, mood: int) -> tuple[list[str], float]:
    sentences = [_neutral(rng)] if rng.random() < 0.5 else []
    total = 0.0
    length = 24 + rng.random() * 18
    while sum(len(sentence.split()) for sentence in sentences) < length:
        if rng.random() < 0.12:
            sentences.append(_neutral(rng))
            continue
        sentence, weight = _opinion(rng, mood)
        sentences.append(sentence)
        total += weight
    if rng.random() < 0.35:
        side = _sided(rng, mood)
        sentences.append(_pick(rng, _VERDICTS[side]))
        total += side * 2.0
    return sentences, total


def _review(rng: Random, label: int, *, margin: float) -> str:
    mood = 1 if label else -1
    while True:
        sentences, total = _sentences(rng, mood)
        if total * mood < margin:
            continue
        genre, text = _pick(rng, _GENRES), ""
        for sentence in sentences:
            gap = "<br /><br />" if rng.random() < 0.08 else " "
            mark = "!" if rng.random() < 0.06 else "."
            sentence = sentence.replace(_GENRE, genre)
            text += f"{gap if text else ''}{sentence[0].upper()}{sentence[1:]}{mark}"
        if MIN_WORDS <= len(text.replace("<br /><br />", " ").split()) <= MAX_WORDS:
            return text


def _labels(rng: Random, count: int) -> list[int]:
    labels = [index % 2 for index in range(count)]
    for index in range(count - 1, 0, -1):
        other = int(rng.random() * (index + 1))
        labels[index], labels[other] = labels[other], labels[index]
    return labels


def _unseen(seed: int, count: int, *, margin: float, seen: set[str]) -> Iterator[tuple[str, int]]:
    rng = Random(seed)
    for label in _labels(rng, count):
        text = _review(rng, label, margin=margin)
        while text in seen:
            text = _review(rng, label, margin=margin)
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
            return pairs
    raise AssertionError("unreachable")


def unlabelled(count: int) -> list[str]:
    """Reviews for pretraining, none of which is in a labelled split."""
    seen = {text for split in SPLIT_SIZES for text, _ in reviews(split)}
    pairs = _unseen(_UNLABELLED_SEED, count, margin=_UNLABELLED_MARGIN, seen=seen)
    return [text for text, _ in pairs]
