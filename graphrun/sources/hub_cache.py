"""The caches that the Hugging Face libraries keep on disk, and whether their hub answers."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Literal

from graphrun.sources.files import cached_files, with_splits
from graphrun.sources.hub_files import data_files, model_files

PROBE_SECONDS = 0.8
"""How long a run waits to learn whether there is a network."""

_TRUE = {"1", "ON", "YES", "TRUE"}
_OFFLINE = {
    "model": ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"),
    "dataset": ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"),
}


def offline(kind: Literal["model", "dataset"]) -> bool:
    """Whether the user told the libraries to stay off the network."""
    return any(os.environ.get(name, "").upper() in _TRUE for name in _OFFLINE[kind])


def cached_model(name: str) -> Path | None:
    """The newest complete snapshot of a model in the hub cache: config, weights, tokenizer."""
    for snapshot in _snapshots("models", name):
        usable = all(_has(snapshot, *some) for some in (("config.json",), _WEIGHTS, _TOKENS))
        if usable and _whole(snapshot, lambda all: [model_files(all), model_files(_old(all))]):
            return snapshot
    return None


def cached_dataset(name: str) -> Path | None:
    """The folder of a data set's files in the datasets cache or, as downloaded, in the hub's."""
    # Below: configuration, version, fingerprint.
    for info in _newest(_datasets_cache() / _flat(name, "___"), "*/*/*/dataset_info.json"):
        if cached_files(info.parent):
            return info.parent
    for snapshot in _snapshots("datasets", name):
        folder = with_splits(snapshot)
        if folder and _whole(snapshot, lambda all: [data_files(all) or ()]):
            return folder
    return None


def model_places(names: Iterable[str]) -> list[Path]:
    """Where cached_model looks."""
    return [repository("models", name) for name in names]


def dataset_places(names: Iterable[str]) -> list[Path]:
    """Where cached_dataset looks."""
    spelled = list(names)
    flat = [_datasets_cache() / _flat(name, "___") for name in spelled]
    return [*flat, *(repository("datasets", name) for name in spelled)]


def reachable() -> bool:
    """Whether the hub answers within `PROBE_SECONDS`; the answer is kept for half a minute."""
    if time.monotonic() - _PROBED.at > 30 or _PROBED.endpoint != endpoint():
        answer: list[bool] = []
        # A thread, because resolving a name obeys no timeout.
        probe = threading.Thread(target=_probe, args=(endpoint(), answer), daemon=True)
        probe.start()
        probe.join(PROBE_SECONDS)
        _PROBED.at, _PROBED.endpoint, _PROBED.answer = time.monotonic(), endpoint(), any(answer)
    return _PROBED.answer


class _Probed:
    at, endpoint, answer = float("-inf"), "", False


_PROBED = _Probed()


def _probe(endpoint: str, answer: list[bool]) -> None:
    import socket
    from urllib.error import HTTPError
    from urllib.parse import urlsplit
    from urllib.request import Request, getproxies, proxy_bypass, urlopen

    url = urlsplit(endpoint)
    host, port = url.hostname or "", url.port or (80 if url.scheme == "http" else 443)
    try:
        if url.scheme in getproxies() and not proxy_bypass(host):
            # Only a whole request tells whether the proxy lets it through.
            urlopen(Request(endpoint, method="HEAD"), timeout=PROBE_SECONDS).close()
        else:
            socket.create_connection((host, port), timeout=PROBE_SECONDS).close()
        answer.append(True)
    except HTTPError as error:
        answer.append(error.code < 500 and error.code not in (403, 407))
    except (OSError, ValueError):
        answer.append(False)


def endpoint() -> str:
    """The address of the hub."""
    from huggingface_hub import constants

    return os.environ.get("HF_ENDPOINT") or str(constants.ENDPOINT)


_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
_TOKENS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")


def _whole(snapshot: Path, wanted: Callable[[list[str]], list[Collection[str]]]) -> bool:
    """Whether all files are there that one of the `wanted` sets names, of those of the commit.

    A download that broke off left some of them, and the list of all; a split of a data set would
    be read without the rest of its rows. Without a list, what is there is taken for all.
    """
    listing = snapshot.parent.parent / "trees" / f"{snapshot.name}.json"
    try:
        names = list(json.loads(listing.read_text("utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return True
    return any(all((snapshot / name).is_file() for name in one) for one in wanted(names))


def _old(names: list[str]) -> list[str]:
    """Without the newer format of weights: other programs may have asked for the older one."""
    return [name for name in names if not name.endswith(".safetensors")]


def _has(folder: Path, *patterns: str) -> bool:
    return any(file.is_file() for pattern in patterns for file in folder.glob(pattern))


def _snapshots(kind: str, name: str) -> Iterator[Path]:
    """Snapshots of a repository: the one its main branch points to, then the newest."""
    folder = repository(kind, name)
    main = folder / "refs" / "main"
    if main.is_file():
        current = folder / "snapshots" / main.read_text("utf-8").strip()
        if current.is_dir():
            yield current
    yield from (p for p in _newest(folder / "snapshots", "*") if p.is_dir())


def _newest(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern), key=lambda p: p.stat().st_mtime, reverse=True)


def hub_cache() -> Path:
    """The folder that copies of the hub's are in."""
    given = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    return Path(given).expanduser() if given else _home() / "hub"


def repository(kind: str, name: str) -> Path:
    """The folder of a copy of the hub's; `kind` is models or datasets."""
    return hub_cache() / f"{kind}--{_flat(name, '--')}"


def _datasets_cache() -> Path:
    given = os.environ.get("HF_DATASETS_CACHE")
    return Path(given).expanduser() if given else _home() / "datasets"


def _home() -> Path:
    default = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(os.environ.get("HF_HOME") or default).expanduser()


def _flat(name: str, separator: str) -> str:
    return name.replace("/", separator)
