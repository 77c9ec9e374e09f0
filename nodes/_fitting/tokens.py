"""The token store: texts of a data set as ids, made once and kept in a file.

The ids are those that `EncodedText` gives for one text after the other. What cannot be made so is
refused with `NoTokens`, and the texts are then encoded as they are asked for. Read from the bottom:
`tokens` leads.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
import torch

from graphrun.node import InputError, notice, progress
from graphrun.sources.columns import LABEL, TEXT

from .._encoded import EncodedText, clean_html
from .mapped import SUFFIX, Damaged, TokenFile, Writer, mapped, temporary, unfinished
from .recipe import LONG, NoTokens, Recipe, recipe_of, why_not

VERSION = 1
"""Changes with whatever makes other ids of the same texts, and with the form of the file."""

CHUNK = 1 << 19
"""Bytes of text that are tokenized at once. Tokenizers need about a hundred times as much."""
ROWS = 1024
CHECKED = 16


@dataclass(frozen=True, eq=False)
class Tokens:
    """A token file, and how its rows are padded."""

    file: TokenFile
    width: int
    pad: int

    @property
    def uniform(self) -> bool:
        """Whether all rows have one length when they are padded, so that any of them batch."""
        return max(self.width, self.file.shortest) == max(self.width, self.file.longest)


def key_of(texts: EncodedText, how: Recipe) -> str:
    """A digest of all that the ids depend on: texts, labels, tokenizer and its settings."""
    parts = [
        VERSION, content(texts.data), how.backend.to_str(), how.backend.encode_special_tokens,
        how.clean, tokenizers.__version__,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode("utf-8", "surrogatepass")).hexdigest()


def content(data: Any) -> str:
    """A digest of the texts and labels, whatever file, order of columns or chunks they lie in."""
    lengths, texts, labels = (hashlib.sha256() for _ in range(3))
    for table in data.with_format("arrow").iter(ROWS):
        for part in table.column(TEXT).chunks:
            if not len(part):
                continue
            kind = np.int64 if str(part.type) == "large_string" else np.int32
            ends = np.frombuffer(part.buffers()[1], kind)[part.offset :][: len(part) + 1]
            lengths.update(np.diff(ends).astype("<i8").data)
            if ends[-1] > ends[0]:
                texts.update(memoryview(part.buffers()[2])[ends[0] : ends[-1]])
        labels.update(_labels(table).data)
    return " ".join(one.hexdigest() for one in (lengths, texts, labels))


def _labels(table: Any) -> np.ndarray:
    return np.ascontiguousarray(table.column(LABEL).to_numpy(), "<i8")


def _chunks(data: Any, clean: bool) -> Iterator[tuple[list[str], np.ndarray]]:
    """Texts and labels in order, about `CHUNK` bytes of text or `ROWS` rows at a time."""
    import pyarrow.compute as pc

    for table in data.with_format("arrow").iter(ROWS):
        column, labels = table.column(TEXT), _labels(table)
        sizes = np.cumsum(pc.binary_length(column).to_numpy().astype(np.int64))
        cuts = [0, *(np.flatnonzero(np.diff(sizes // CHUNK)) + 1), len(labels)]
        for start, end in pairwise(cuts):
            texts = column.slice(start, end - start).to_pylist()
            yield [clean_html(text) for text in texts] if clean else texts, labels[start:end]


@contextmanager
def _all_cores() -> Iterator[None]:
    """Let tokenizers use all cores meanwhile, unless the user has said something about it."""
    name = "TOKENIZERS_PARALLELISM"
    if name in os.environ:
        yield
        return
    os.environ[name] = "true"
    try:
        yield
    finally:
        os.environ.pop(name, None)


def _write(texts: EncodedText, how: Recipe, out: Writer) -> None:
    """Tokenize all texts. While one chunk is with the tokenizer, its neighbours are prepared."""
    done, most = 0, np.iinfo(how.kind).max
    waiting: list[tuple[Future[list[Any]], np.ndarray]] = []

    def take() -> int:
        job, labels = waiting.pop(0)
        given = [one.ids for one in job.result()]
        counts = np.fromiter(map(len, given), np.int64, len(given))
        ids = np.fromiter(chain.from_iterable(given), np.uint32, int(counts.sum()))
        if len(ids) and ids.max() > most:
            raise NoTokens("the tokenizer gives ids that are not in its vocabulary")
        out.add(counts, ids, labels)
        return len(labels)

    with _all_cores(), ThreadPoolExecutor(1) as pool:
        for some, labels in _chunks(texts.data, how.clean):
            waiting.append((pool.submit(how.ids, some), labels))
            if len(waiting) > 1:
                done += take()
                progress(done, len(texts))
        while waiting:
            done += take()
    progress(done, len(texts))


def _compare(texts: EncodedText, found: Tokens) -> None:
    """Some rows against what the encoder gives.

    Raises:
        NoTokens: they differ.
    """
    file = found.file
    rows = np.unique(np.linspace(0, len(file) - 1, CHECKED).astype(np.int64))
    for row in rows.tolist():
        if len(texts.data[row][TEXT]) > 4 * LONG:
            continue  # it would take long
        try:
            (ids, mask), _ = texts[row]
        except InputError as error:
            raise NoTokens(f"the encoder refuses row {row}: {error}") from error
        own = torch.from_numpy(file.ids[file.ends[row] : file.ends[row + 1]].astype(np.int64))
        more = max(found.width - len(own), 0)
        same = torch.equal(ids[: len(own)], own) and len(ids) == len(own) + more
        if not (same and int(mask.sum()) == len(own) and (ids[len(own) :] == found.pad).all()):
            raise NoTokens(f"the tokenizer gives other ids for row {row} when it is alone")


def tokens(texts: EncodedText, folder: Path | None = None) -> Tokens:
    """The ids of all texts, from their file below a folder if it is there, else made and put there.

    Without a folder, the file goes with the process. A file that is damaged is made again.

    Raises:
        NoTokens: the texts cannot be tokenized ahead.
        Cancelled: the run was asked to stop.
    """
    if reason := why_not(texts):
        raise NoTokens(reason)
    how = recipe_of(texts)
    folder = folder or temporary()
    try:
        key = key_of(texts, how)
        path = folder / key[:2] / f"{key}{SUFFIX}"
        try:
            file = mapped(path, key)
        except FileNotFoundError:
            file = _made(texts, how, path, key)
        except Damaged as error:
            message = f"the tokens of texts were damaged and are made again: {error}"
            notice(message, code="tokens_damaged")
            file = _made(texts, how, path, key)
    except (OSError, Damaged) as error:
        raise NoTokens(f"{folder} cannot be used: {error}") from error
    return Tokens(file, how.width, how.pad)


def _made(texts: EncodedText, how: Recipe, path: Path, key: str) -> TokenFile:
    with unfinished(path.parent.parent) as made:
        with Writer(made, len(texts), how.kind) as out:
            _write(texts, how, out)
            out.finish(key)
        _compare(texts, Tokens(mapped(made, key), how.width, how.pad))
        path.parent.mkdir(mode=0o700, exist_ok=True)
        made.replace(path)
    return mapped(path, key)
