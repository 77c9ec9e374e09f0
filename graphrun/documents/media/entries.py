"""Entries of metadata: a key and a text, of which `workflow` and `prompt` are documents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from graphrun.documents.media.span import LIMIT, BrokenMedia

Entry = tuple[str, str]

DOCUMENTS = ("workflow", "prompt")
"""Keys under which documents are embedded. Case does not count."""

PARAMETERS = "parameters"
"""The key of programs without node graphs."""

_JOINT = frozenset({"comment", "©cmt", "description", "usercomment"})
"""Keys under which some savers write one object that holds both documents."""


def gather(found: Iterable[Entry], entries: dict[str, str]) -> None:
    """Add the documents by key, also those inside of joint entries, and `parameters`.

    The last of several counts.

    Raises:
        BrokenMedia: not even all entries together can be texts.
    """
    total = 0
    for key, text in found:
        total += len(text)
        if total > 4 * LIMIT:  # small packed texts can be large, and there can be many
            raise BrokenMedia("its texts are too large together")
        name = key.strip().lower()
        if name in (*DOCUMENTS, PARAMETERS):
            entries[name] = text.strip("\0 \t\r\n")
        elif name in _JOINT and text.lstrip().startswith("{"):
            entries.update(within(_parsed(text)))


def promises(head: bytes) -> bool:
    """Whether `keyed` may find something in a text that begins like this."""
    start = head.lstrip()
    key, separator, _ = start.partition(b":")
    named = key.strip().lower().decode("latin-1") in (*DOCUMENTS, PARAMETERS)
    return start.startswith(b"{") or (bool(separator) and named)


def keyed(text: str) -> Iterator[Entry]:
    """The entry in a text such as `workflow:{…}`, the form in EXIF tags."""
    key, separator, value = text.partition(":")
    if separator and key.strip().lower() in (*DOCUMENTS, PARAMETERS):
        yield key, value
    elif text.lstrip().startswith("{"):
        yield "usercomment", text


def within(value: Any) -> Iterator[Entry]:
    """The documents that an object holds, as text or as objects."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.lower() in DOCUMENTS and isinstance(inner, str | dict):
                yield key.lower(), inner if isinstance(inner, str) else _dumped(inner)


def parsed(text: str, what: str) -> Any:
    """JSON that the format itself prescribes.

    Raises:
        BrokenMedia: it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenMedia(f"{what} is not JSON: {error}") from error


def _dumped(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError as error:
        raise BrokenMedia("a document in it is nested too deep") from error


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None  # somebody's comment
