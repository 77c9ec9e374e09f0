"""Manifests: the file of a result, which holds small values and names the files of the others.

    {"sha256": "…", "entry": {"identity": …, "class": …, "graphrun": …,
                              "blobs": [{codec, digest, size}], "outputs": …, "ui": …, "said": …,
                              "files": [names]}}

The digest is that of the text of the entry, which starts at a fixed place.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

_HEAD = b'{"sha256":"%b","entry":'
_LENGTH = len(_HEAD % (b"0" * 64))


class Damaged(Exception):
    """A file of the store that is not what was written."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A file under `cas`, and the codec that reads it."""

    codec: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A result: its values as `codecs.encode` gives them, and its files.

    `files` are the names of what the node wrote; those are the last of the blobs, in this order.
    `class_type` is that of the node, empty if nobody said; it is for people alone.
    """

    identity: str
    graphrun: str
    class_type: str
    blobs: tuple[Blob, ...]
    outputs: Any
    ui: Any
    said: Any = None
    files: tuple[str, ...] = ()

    def text(self) -> bytes:
        entry = {
            "identity": self.identity,
            "class": self.class_type,
            "graphrun": self.graphrun,
            "blobs": [{"codec": b.codec, "digest": b.digest, "size": b.size} for b in self.blobs],
            "outputs": self.outputs,
            "ui": self.ui,
            "said": self.said,
            "files": list(self.files),
        }
        body = json.dumps(entry, separators=(",", ":"), allow_nan=False).encode()
        digest = hashlib.sha256(body).hexdigest().encode()
        return _HEAD % digest + body + b"}\n"

    @classmethod
    def of(cls, text: bytes) -> Manifest:
        """
        Raises:
            Damaged: another text than was written, or not written by graphrun.
        """
        body = text[_LENGTH:-2]
        digest = hashlib.sha256(body).hexdigest().encode()
        if text[:_LENGTH] != _HEAD % digest or text[-2:] != b"}\n":
            raise Damaged("is not what was written")
        try:
            entry = json.loads(body)
            found = tuple([Blob(b["codec"], b["digest"], b["size"]) for b in entry["blobs"]])
            who, version, made = entry["identity"], entry["graphrun"], str(entry["class"])
            values = entry["outputs"], entry["ui"], entry["said"], tuple(entry["files"])
            return cls(who, version, made, found, *values)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Damaged(f"is of another form ({error})") from None


@cache
def own_version() -> str:
    """graphrun's own version."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("graphrun")
    except PackageNotFoundError:
        return "unknown"
