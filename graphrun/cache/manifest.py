"""Manifests: the file of a result, which holds small values and names the files of the others.

    {"sha256": "…", "entry": {"identity": …, "class": …, "graphrun": …,
                              "blobs": [{codec, digest, size}], "outputs": …, "ui": …}}

The digest is that of the text of the entry, which starts at a fixed place.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
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
    """A result: its values as `codecs.encode` gives them, and its files."""

    identity: str
    graphrun: str
    blobs: tuple[Blob, ...]
    outputs: Any
    ui: Any
    class_type: str = ""
    """Of the node that gave it, empty if nobody said; for people alone."""

    def text(self) -> bytes:
        entry = {
            "identity": self.identity,
            "class": self.class_type,
            "graphrun": self.graphrun,
            "blobs": [{"codec": b.codec, "digest": b.digest, "size": b.size} for b in self.blobs],
            "outputs": self.outputs,
            "ui": self.ui,
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
            who, version = entry["identity"], entry["graphrun"]
            made = str(entry.get("class", ""))
            return cls(who, version, found, entry["outputs"], entry["ui"], made)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Damaged(f"is of another form ({error})") from None
