"""Downloading what names lead to on the hub, into the cache that it is then found in."""

from __future__ import annotations

import errno
import glob
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphrun.errors import Cancelled, MissingResource
from graphrun.sources.hub_cache import endpoint, hub_cache, repository
from graphrun.sources.hub_files import data_files, descriptions, model_files, why_unread
from graphrun.sources.names import Found, Kind, find_dataset, find_model, missing

_FULL = (errno.ENOSPC, errno.EDQUOT)
_MOVE = "HF_HOME=DIR puts what is downloaded elsewhere"
_LATER = "the next run goes on with the files that are not there yet"


@dataclass(frozen=True, slots=True)
class Offer:
    """What the hub has under a name: the files that are needed, and the bytes still to come.

    `refused` says why a data set cannot be had as files.
    """

    kind: Kind
    found: Found
    files: tuple[str, ...]
    bytes: int
    refused: str | None = None

    @property
    def label(self) -> str:
        size = self.bytes / 1e6
        return f"{self.found.name} ({size:,.0f} MB)" if size >= 1 else f"{self.found.name} (< 1 MB)"


def look(kind: Kind, found: Found) -> Offer:
    """Ask the hub what it has. One question, and nothing is downloaded.

    Raises:
        MissingResource: it has no such thing, does not give it, or does not answer.
    """
    from huggingface_hub import HfApi

    try:
        asked = HfApi(endpoint=endpoint())
        info: Any = asked.repo_info(found.id, repo_type=kind, files_metadata=True)
    except Exception as error:  # the library's, and those of whatever it talks to the hub with
        raise _missing(kind, found, error) from error
    sizes = {one.rfilename: one.size or 0 for one in info.siblings or ()}
    if kind == "model":
        wanted, refused = model_files(sizes), None
    else:
        refused = why_unread(sizes, _card(info))
        wanted = [*(data_files(sizes) or ()), *descriptions(sizes)]
    files = tuple(sorted(set(wanted)))
    here = repository(f"{kind}s", found.id) / "snapshots" / str(info.sha)
    lacking = sum(sizes[name] for name in files if not (here / name).is_file())
    return Offer(kind, found, files, lacking, refused)


def download(offer: Offer, stopped: Callable[[], bool]) -> Found:
    """Download an offer; where its name leads now. Files that are there stay as they are.

    Raises:
        MissingResource: it did not come whole. What came is kept.
        Cancelled: `stopped` said so, between two pieces of a file.
    """
    from huggingface_hub import snapshot_download

    _room(offer)
    try:
        folder = snapshot_download(
            offer.found.id,
            repo_type=offer.kind,
            cache_dir=hub_cache(),
            endpoint=endpoint(),
            allow_patterns=[glob.escape(name) for name in offer.files],
            tqdm_class=_silent(stopped),
        )
    except Exception as error:
        raise _missing(offer.kind, offer.found, error) from error
    if stopped():
        raise Cancelled
    # If the hub fails at the wrong moment, the library gives what an earlier download left.
    lacking = [name for name in offer.files if not (Path(folder) / name).is_file()]
    if lacking:
        why = f"the download broke off before {lacking[0]}"
        raise missing(offer.kind, offer.found.name, why, [_LATER])
    find = find_model if offer.kind == "model" else find_dataset
    return find(offer.found.name)


def _silent(stopped: Callable[[], bool]) -> type[Any]:
    """A progress bar that shows nothing; the library tells it of every piece of a file."""
    from huggingface_hub import utils

    base: Any = utils.tqdm  # type: ignore[attr-defined]

    class Silent(base):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": True})

        def update(self, n: float | None = 1) -> Any:
            if stopped():
                raise Cancelled
            return super().update(n)

    return Silent


def _card(info: Any) -> Mapping[str, Any]:
    card = getattr(info, "card_data", None)
    return card.to_dict() if card is not None else {}


def _room(offer: Offer) -> None:
    """See that the disk has room for what is to come."""
    place = hub_cache()
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < offer.bytes:
        why = f"{offer.bytes / 1e6:,.0f} MB do not fit on the disk of {place}, which has "
        why += f"{free / 1e6:,.0f} MB free"
        raise missing(offer.kind, offer.found.name, why, ["make room there", _MOVE])


def _missing(kind: Kind, found: Found, error: BaseException) -> MissingResource:
    """The error in the words of a run: what happened, and the ways out of it."""
    # The library wraps what happened once, at most.
    told = [error, *([error.__cause__] if error.__cause__ else [])]
    names = {of.__name__ for one in told for of in type(one).__mro__}
    numbers = {one.errno for one in told if isinstance(one, OSError)} - {None}
    answers = {getattr(getattr(one, "response", None), "status_code", None) for one in told}
    text = str(told[-1]).strip().partition("\n")[0] or type(told[-1]).__name__
    if "GatedRepoError" in names:
        why = "the hub gives it only to those who have asked its owners"
        ways = ["ask on its page on the hub, and set HF_TOKEN to a token of that account"]
    elif "RepositoryNotFoundError" in names or answers & {401, 403, 404}:
        why = f"the hub has no {_noun(kind)} {found.id} that everybody may have"
        ways = ["names are owner/name; for a private one, set HF_TOKEN to a token of its owner"]
    elif "HFValidationError" in names:
        why, ways = f"it can be no name on the hub: {text}", ["names are owner/name"]
    elif numbers & set(_FULL):
        why, ways = f"the disk of {hub_cache()} is full", [f"make room there: {_LATER}", _MOVE]
    elif numbers & {errno.EACCES, errno.EPERM, errno.EROFS}:
        why, ways = f"{hub_cache()} cannot be written to", [_MOVE]
    else:
        why, ways = f"the download broke off: {text}", [_LATER]
    return missing(kind, found.name, why, ways)


def _noun(kind: Kind) -> str:
    return "model" if kind == "model" else "data set"
