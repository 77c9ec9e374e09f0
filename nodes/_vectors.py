"""Word vectors: where they are, and how their files are read."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from graphrun.node import InputError, MissingResource, notice, settings
from graphrun.sources.looking import looking, shown

if TYPE_CHECKING:
    from torch import Tensor

_LARGEST = 3.4e38
"""Of float32."""
_PUBLISHED = ("50", "100", "200", "300")
_LINE = 1 << 20
"""Bytes of the longest line: more are no vector."""


def find_vectors(dimension: str) -> Path | None:
    """The file of the GloVe vectors of a dimension; None if `--tiny` stands in for it.

    Raises:
        MissingResource: there is none; says where was looked.
    """
    name = _name(dimension)
    alias = settings().aliases.get(name)
    if settings().tiny and not alias:
        return None
    files = f"{name}.gz", f"{name}.txt", f"glove.6B.{dimension}d.txt", f"glove.6B.{dimension}d.gz"
    with looking("file", f"word vectors {shown(name)}"):
        gensim = Path(os.environ.get("GENSIM_DATA_DIR") or "~/gensim-data").expanduser()
        places = [alias.path] if alias else [settings().models / "glove", gensim / name]
        for place in places:
            for file in (place, *(place / name for name in files)):
                if file.is_file():
                    return file
    where = " or ".join(str(place.absolute()) for place in places)
    raise MissingResource.of(
        "file",
        f"word vectors {name}: {where} {'is' if alias else 'has'} none of {', '.join(files)}",
        [
            f"python -m gensim.downloader --download {name} fetches them"
            if dimension in _PUBLISHED
            else f"embed_dim is {', '.join(_PUBLISHED)} where they are published",
            f"--alias {name}=FILE uses a text file of GloVe or word2vec, plain or .gz",
            "--tiny tries the workflow with vectors at random",
        ],
    )


def look_up(path: Path | None, words: Mapping[str, int], dimension: int) -> Tensor:
    """Float32 of shape (words, dimension): each word's vector in its row, zeros without one.

    Only the wanted vectors are kept, and the file is read no further than needed.

    Raises:
        InputError: the file is damaged, or has another number of dimensions; names the line.
    """
    import torch

    table = torch.zeros(len(words), dimension)
    if path is None:
        name = _name(dimension)
        notice(f"{name} → vectors at random (--tiny)", code="stand_in", once=True)
        for word, row in words.items():
            draw = Random(word).gauss
            table[row] = torch.tensor([draw(0, 0.4) for _ in range(dimension)])
        return table
    rows = {word.encode(): row for word, row in words.items()}
    for place, word, numbers in _entries(path, dimension):
        row = rows.pop(word, None)
        if row is not None:
            odd = next((number for number in numbers if not _is_number(number)), None)
            if odd is not None:
                raise _bad(f"{place}: {odd.decode(errors='replace')!r} is no number")
            table[row] = torch.tensor([float(number) for number in numbers])
        if not rows:
            break
    if rows:
        some = ", ".join(word.decode() for word in islice(rows, 5)) + ", ..." * (len(rows) > 5)
        message = f"{len(rows):,} of {len(words):,} words have no vector in {path}: {some}"
        notice(message, code="words_without_vector")
    return table


def _name(dimension: object) -> str:
    return f"glove-wiki-gigaword-{dimension}"


def _entries(path: Path, dimension: int) -> Iterator[tuple[str, bytes, list[bytes]]]:
    """The place, word and numbers of every line but word2vec's first. A word may hold blanks."""
    number = 0
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            file = io.BufferedReader(gzip.GzipFile(fileobj=raw), _LINE) if packed else raw
            first = file.readline(_LINE).split()
            headed = len(first) == 2 and first[1].isdigit() and len(first[1]) < 9
            if (count := int(first[1]) if headed else len(first) - 1) != dimension:
                raise _bad(
                    f"{path} has vectors of {max(count, 0)} numbers, embed_dim is {dimension}"
                )
            if not headed:
                file.seek(0)
            for number, line in enumerate(iter(partial(file.readline, _LINE), b""), 1 + headed):
                word, *numbers = line.rstrip().rsplit(b" ", dimension)
                more = b" " in word and _is_number(word.rpartition(b" ")[2])
                if more or len(numbers) < dimension:
                    count = max(len(line.split()) - 1, 0)
                    raise _bad(f"{path}:{number}: a word and {count} numbers, not {dimension}")
                yield f"{path}:{number}", word, numbers
    except (OSError, EOFError, zlib.error) as error:
        raise _bad(f"{path} cannot be read after line {number}: {error}") from error


def _is_number(text: bytes) -> bool:
    try:
        return abs(float(text)) < _LARGEST
    except ValueError:
        return False


def _bad(message: str) -> InputError:
    hint = "a line is a word and embed_dim numbers, with blanks between them"
    return InputError(message, input="embed_dim", code="unreadable_vectors", hint=hint)
