"""What the name of a model or data set leads to on this machine.

Looked up in this order: the run's aliases, a folder, the stand-ins of `--tiny`, the caches of
earlier downloads, the hub. Imports neither torch nor transformers nor datasets, and the small
huggingface_hub only to learn the hub's address: it answers before a run starts, in less than a
second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from graphrun.catalog.running import notice, settings
from graphrun.errors import MissingResource
from graphrun.sources.files import FORMATS, split_files
from graphrun.sources.hub_cache import (
    cached_dataset,
    cached_model,
    dataset_places,
    model_places,
    offline,
    reachable,
)
from graphrun.sources.looking import looking, shown

CANONICAL = {
    "CIFAR10": "uoft-cs/cifar10",
    "CIFAR100": "uoft-cs/cifar100",
    "FashionMNIST": "zalandoresearch/fashion_mnist",
    "MNIST": "ylecun/mnist",
    "albert-base-v2": "albert/albert-base-v2",
    "bert-base-uncased": "google-bert/bert-base-uncased",
    "distilbert-base-uncased": "distilbert/distilbert-base-uncased",
    "imdb": "stanfordnlp/imdb",
    "roberta-base": "FacebookAI/roberta-base",
}
"""Full ids of names that the hub knows under a short one. Caches are keyed by what was asked."""

PREFIXES = {
    "bert-base-uncased": "bert",
    "roberta-base": "roberta",
    "distilbert-base-uncased": "distilbert",
    "albert-base-v2": "albert",
    "google/electra-base-discriminator": "electra",
}
"""Beginnings of names, and their architectures."""

TITLES = {
    "albert": "ALBERT",
    "bert": "BERT",
    "distilbert": "DistilBERT",
    "electra": "ELECTRA",
    "roberta": "RoBERTa",
}

Kind = Literal["model", "dataset"]
_NOUNS = {"model": "model", "dataset": "data set"}


@dataclass(frozen=True, slots=True)
class Found:
    """Where a name leads: `id` is a path or, from the hub, the id to ask it for.

    `text`, `label`, `labels` and `splits` are the alias's, empty without one.
    """

    name: str
    source: Literal["alias", "folder", "file", "tiny", "cache", "hub"]
    id: str
    text: str | None = None
    label: str | None = None
    labels: tuple[str, ...] = ()
    splits: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """`NAME=PLACE` where an alias could say more of it, else blank."""
        return f"{self.name}={self.id}" if self.source in ("alias", "folder") else ""

    def alias(self, **new: str) -> str:
        """The option `--alias` with what was said and what is new, to be typed in as it is."""
        said = {"text": self.text, "label": self.label, "labels": ",".join(self.labels)}
        said |= {f"split.{split}": file for split, file in self.splits.items()}
        # What a configuration file says may have signs in it that the option has other uses for.
        kept = {k: v for k, v in said.items() if v and k not in new and not set(v) & set("&'")}
        options = "&".join(f"{key}={value}" for key, value in {**new, **kept}.items())
        return f"--alias '{self.place}?{options}'"


def find_model(name: str) -> Found:
    """Where a model and its tokenizer are loaded from; raises what `_find` does."""
    return _find("model", name)


def find_dataset(name: str) -> Found:
    """Where a data set is read from; raises what `_find` does."""
    return _find("dataset", name)


def _find(kind: Kind, name: str) -> Found:
    """Where a name leads.

    Raises:
        MissingResource: it cannot be had; says where was looked and what to do.
    """
    with looking(kind, f"{_NOUNS[kind]} {shown(name)}"):
        local = _local(kind, name)
        if local:
            return local
        if settings().tiny:
            return Found(name, "tiny", architecture(name) if kind == "model" else "reviews")
        for spelling in _spellings(name):
            place = cached_model(spelling) if kind == "model" else cached_dataset(spelling)
            if place:
                return Found(name, "cache", str(place))
        return _from_hub(kind, name)


def announce(found: Found, stand_in: str) -> Found:
    """Tell the user, once in a run, where a name led if that is not what it says.

    `stand_in` is what `--tiny` uses instead.
    """
    if found.source == "tiny":
        notice(f"{found.name} → {stand_in} (--tiny)", code="stand_in", once=True)
    elif settings().tiny and found.source in ("alias", "folder"):
        what = f"({found.source}; --tiny does not stand in for it)"
        notice(f"{found.name} → {found.id} {what}", code="stand_in", once=True)
    elif found.source == "folder" and not _is_path(found.name):
        notice(
            f"{found.name} → the folder {Path(found.id).resolve()}",
            code="local_folder",
            once=True,
            hint="a folder of that name in the working folder comes before the hub",
        )
    return found


def architecture(name: str) -> str:
    """The architecture that a model's name speaks of; BERT when it speaks of none."""
    kinds = ("distil", "roberta", "albert", "electra", "bert")
    kind = next((kind for kind in kinds if kind in name.lower()), "bert")
    return by_prefix(name.lower()) or ("distilbert" if kind == "distil" else kind)


def by_prefix(name: str) -> str | None:
    """The architecture of a name with a known beginning."""
    return next((kind for prefix, kind in PREFIXES.items() if name.startswith(prefix)), None)


def _local(kind: Kind, name: str) -> Found | None:
    """What an alias or a folder gives; None if neither speaks of the name."""
    if not name.strip():
        raise MissingResource.of(kind, f"the name of the {_NOUNS[kind]} is empty")
    for spelling in _spellings(name):
        alias = settings().aliases.get(spelling)
        if alias:
            problem = _problem(kind, alias.path, dict(alias.splits))
            if problem:
                message = f"{_NOUNS[kind]} {name}: the alias leads to {alias.path}, {problem}"
                raise MissingResource.of(kind, message, [_alias_way(kind, name)])
            columns = alias.text, alias.label, tuple(alias.labels)
            return Found(name, "alias", str(alias.path), *columns, dict(alias.splits))
    path = Path(name).expanduser()
    problem = _problem(kind, path, {})
    if not problem:
        return Found(name, "folder", str(path))
    # A name that only happens to be a folder's is looked for elsewhere.
    if _is_path(name):
        raise MissingResource.of(
            kind, f"{_NOUNS[kind]} {name}: {problem}", [_alias_way(kind, name), _TINY_WAY]
        )
    return None


def _problem(kind: Kind, path: Path, splits: dict[str, str]) -> str | None:
    """Why a path cannot serve, or None."""
    if kind == "model":
        if not path.is_dir():
            return "which is no folder"
        return None if (path / "config.json").is_file() else "which holds no config.json"
    if not path.exists():
        return "which does not exist"
    if path.is_file():
        known = path.suffix.lower() in FORMATS or splits
        return None if known else f"which is none of {', '.join(FORMATS)}"
    found = split_files(path, splits)
    for split, below in splits.items():
        if not found[split]:
            return f"where the split {split} should be at {below}, which holds no data"
    return None if found else f"which holds no data files ({', '.join(FORMATS)})"


def _from_hub(kind: Kind, name: str) -> Found:
    if offline(kind):
        why = "the libraries are set to work offline"
    elif reachable():
        return Found(name, "hub", CANONICAL.get(name, name))
    else:
        why = "the hub cannot be reached"
    raise missing(kind, name, why)


def missing(kind: Kind, name: str, why: str, ways: Sequence[str] = ()) -> MissingResource:
    """The error for a name that leads nowhere: where was looked, and the ways out.

    `ways` are those that `why` leaves, instead of a network.
    """
    places = (model_places if kind == "model" else dataset_places)(_spellings(name))
    looked = [
        f"--alias ({len(settings().aliases)} given)",
        f"the folder {Path(name).expanduser().absolute()}",
        *(str(place) for place in places),
    ]
    listed = "".join(f"\n    {place}" for place in looked)
    return MissingResource.of(
        kind,
        f"{_NOUNS[kind]} {name} is not on this machine, and {why}\n  looked for it in{listed}",
        [
            *(ways or [_NETWORK_WAY]),
            _alias_way(kind, name),
            _TINY_WAY,
        ],
    )


def _alias_way(kind: Kind, name: str) -> str:
    what = "with config.json, weights and tokenizer" if kind == "model" else "of data files"
    return f"--alias {name}=DIR uses a folder {what}"


_NETWORK_WAY = "with a network, the next run downloads it (unset HF_HUB_OFFLINE if it is set)"
_TINY_WAY = "--tiny tries the workflow with small built-in stand-ins"


def _is_path(name: str) -> bool:
    return name.startswith((".", "~")) or Path(name).is_absolute()


def _spellings(name: str) -> Iterator[str]:
    """The name, and its long or short form if it is known to have one."""
    yield name
    if name in CANONICAL:
        yield CANONICAL[name]
    yield from (short for short, long in CANONICAL.items() if long == name)
