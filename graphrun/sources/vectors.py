"""Word vectors: where they are, and how their files are read."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from graphrun.catalog.running import settings
from graphrun.errors import InputError, MissingResource
from graphrun.sources.looking import looking, shown

if TYPE_CHECKING:
    import numpy as np

_NAME = "glove-wiki-gigaword-{}"
_PUBLISHED = ("50", "100", "200", "300")
_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d\d?)?")
_LINE = 1 << 20
"""Bytes of the longest line: more are no vector."""


def find_vectors(dimension: str) -> Path | None:
    """The file of the GloVe vectors of a dimension; None if `--tiny` stands in for it.

    Raises:
        MissingResource: there is none; says where was looked.
    """
    name = _NAME.format(dimension)
    alias = settings().aliases.get(name)
    if settings().tiny and not alias:
        return None
    files = f"{name}.gz", f"{name}.txt", f"glove.6B.{dimension}d.txt"
    with looking("file", f"word vectors {shown(name)}"):
        gensim = Path(os.environ.get("GENSIM_DATA_DIR") or "~/gensim-data").expanduser()
        places = [alias.path] if alias else [settings().models / "glove", gensim / name]
        for place in places:
            for file in (place, *(place / name for name in files)):
                if file.is_file():
                    return file
    where = " or ".join(str(place.absolute()) for place in places)
    way = f"python -m gensim.downloader --download {name} fetches them"
    raise MissingResource.of(
        "file",
        f"word vectors {name}: {where} {'is' if alias else 'has'} none of {', '.join(files)}",
        [
            way if dimension in _PUBLISHED else f"published for embed_dim {', '.join(_PUBLISHED)}",
            f"--alias {name}=FILE uses a text file of GloVe or word2vec, plain or .gz",
            "--tiny tries the workflow with vectors at random",
        ],
    )


def look_up(path: Path, words: Mapping[str, int], dimension: int) -> np.ndarray:
    """Float32 of shape (words, dimension): each word's vector in its row, zeros without one.

    Only the wanted vectors are kept, and the file is read no further than needed.

    Raises:
        InputError: the file is damaged, knows no word, or has another number of dimensions.
    """
    import numpy as np

    table = np.zeros((len(words), dimension), np.float32)
    rows = {word.encode(): row for word, row in words.items()}
    for place, word, numbers in _entries(path, dimension) if rows else ():
        if word in rows:
            if odd := [number for number in numbers if not _NUMBER.fullmatch(number)]:
                raise _bad(f"{place}: {odd[0].decode(errors='replace')!r} is no number")
            table[rows.pop(word)] = [*map(float, numbers)]
        if not rows:
            break
    if rows and len(rows) == len(words):
        raise _bad(f"{path} has no vector of any of the {len(words):,} words")
    return table


def _entries(path: Path, dimension: int) -> Iterator[tuple[str, bytes, list[bytes]]]:
    """The place, word and numbers of every line but word2vec's first. A word may hold blanks."""
    number = 0
    try:
        with path.open("rb") as start:
            opened = gzip.open if start.read(2) == b"\x1f\x8b" else open
        with opened(path, "rb") as file:
            for number, line in enumerate(iter(partial(file.readline, _LINE), b""), 1):
                word, *numbers = line.rstrip().rsplit(b" ", dimension)
                if number == 1 and word.isdigit() and numbers == [b"%d" % dimension]:
                    continue
                more = b" " in word and _NUMBER.fullmatch(word.rpartition(b" ")[2])
                if more or len(numbers) < dimension:
                    fields = len(line.split())
                    message = f"{fields} fields, where a word and {dimension} numbers should be"
                    raise _bad(f"{path}:{number}: {message}: {shown(repr(line)[2:-1])}")
                yield f"{path}:{number}", word, numbers
    except (OSError, EOFError, zlib.error) as error:
        raise _bad(f"{path} cannot be read after line {number}: {error}") from error


def _bad(message: str) -> InputError:
    hint = "a line is a word and embed_dim numbers, with one blank between them"
    return InputError(message, input="embed_dim", code="unreadable_vectors", hint=hint)
