"""Texts as torch data sets, and the encoder that turns them into token ids.

All can be pickled, so that loader processes work however they are started.
"""

from __future__ import annotations

import html
import re
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor

from graphrun.node import InputError
from graphrun.sources.columns import LABEL, TEXT

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import BatchEncoding, PreTrainedTokenizerBase

_TAG = re.compile(r"<[^>\n]*>?")  # one that does not end is passed over at once, not at every <
_BLANKS = re.compile(r" {2,}")
_WORD = re.compile(r"[a-zA-Z0-9]+")


def clean_html(text: str) -> str:
    """Entities decoded, then every tag within a line and every run of blanks made one blank.

    Decoding comes first, so an escaped tag goes as well. Ends are not trimmed; tabs, newlines
    and tags that span lines stay.
    """
    plain = _TAG.sub(lambda tag: " " if tag[0].endswith(">") else tag[0], html.unescape(text))
    return _BLANKS.sub(" ", plain)


@dataclass(frozen=True)
class TextEncoder:
    """Calls a tokenizer with fixed settings; `name` is the model it belongs to.

    `encoder(texts)` gives tensors of shape (rows, length) by name: `input_ids`,
    `attention_mask` and what else the tokenizer has. One string is one row.
    """

    name: str
    tokenizer: PreTrainedTokenizerBase
    padding: bool
    method: Literal["max_length", "longest"]
    truncation: bool
    max_length: int

    def __call__(self, text: str | list[str]) -> BatchEncoding:
        given: BatchEncoding = self.tokenizer(
            text,
            padding=self.method if self.padding else False,
            truncation=self.truncation,
            # 0 leaves the limit to the tokenizer.
            max_length=self.max_length or None,
            return_tensors="pt",
        )
        return given


class LabelledText(torch.utils.data.Dataset[tuple[Any, Tensor]]):
    """Texts of whole-numbered labels; what item i is, subclasses say.

    `data` has the columns `text` and `label` of `_columns.texts_and_labels`.
    """

    def __init__(self, data: Dataset) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def label_values(self) -> list[int]:
        """The distinct labels, ascending. Reads one column, encodes nothing."""
        return sorted(self.data.unique(LABEL))

    def label_rows(self, value: int) -> tuple[int, int]:
        """How many rows have a label, and the first of them, from 0."""
        import pyarrow.compute as pc

        same = pc.equal(self.data.data.column(LABEL), value)
        return pc.sum(same).as_py() or 0, pc.index(same, True).as_py()


class EncodedText(LabelledText):
    """Item i is ((ids, mask), label): int64 of shapes (length,), (length,) and ().

    The text is encoded on every access.
    """

    def __init__(self, data: Dataset, encode: Callable[..., Any], *, clean: bool) -> None:
        super().__init__(data)
        self.encode, self.clean = encode, clean

    def __getitem__(self, index: int) -> tuple[tuple[Tensor, Tensor], Tensor]:
        row = self.data[index]
        text = clean_html(row[TEXT]) if self.clean else row[TEXT]
        ids, mask = map(_row, encoded(self.encode, text))
        return (ids, mask), torch.tensor(row[LABEL], dtype=torch.int64)


class VectorText(LabelledText):
    """Item i is (matrix, label): float32 of shape (length, dimension) and int64 of shape ().

    A row a word, from the first on; words without a vector are zeros, as is what is left. Words are
    numbered once, for which `look_up` gives the table of their vectors from their numbers.
    """

    def __init__(
        self, data: Dataset, length: int, look_up: Callable[[dict[str, int]], np.ndarray]
    ) -> None:
        numbers: dict[str, int] = {}
        ids, ends = array("i"), [0]
        for rows in data.iter(1000):
            for text in rows[TEXT]:
                ids.extend(numbers.setdefault(word, len(numbers)) for word in words(text, length))
                ends.append(len(ids))
        # Tensors are shared with loader processes, not copied.
        self._ids, self._ends = torch.tensor(ids, dtype=torch.int32), torch.tensor(ends)
        self._table, self._length = torch.from_numpy(look_up(numbers)), length
        super().__init__(data.select_columns([LABEL]))

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        label = torch.tensor(self.data[index][LABEL], dtype=torch.int64)
        start, end = self._ends[range(len(self))[index] :][:2].tolist()
        matrix = torch.zeros(self._length, self._table.shape[1])
        matrix[: end - start] = self._table[self._ids[start:end]]
        return matrix, label


def words(text: str, most: int) -> list[str]:
    """The first words of a text without markup, in lower case: runs of a-z and digits."""
    return [word[0].lower() for word in islice(_WORD.finditer(clean_html(text)), most)]


def encoded(encode: Callable[..., Any], text: str | Sequence[str]) -> tuple[Any, Any]:
    """Ids and mask of a text or a list; encoders give a pair, or a mapping as tokenizers do.

    Raises:
        InputError: the encoder gives neither, or cannot encode this.
    """
    try:
        given = encode(text)
    except (AttributeError, RuntimeError, TypeError, ValueError) as error:
        what = "a text" if isinstance(text, str) else f"{len(text)} texts"
        message = f"the encoder cannot make tensors of {what}: {error}"
        hint = "texts become one tensor if the encoder pads and cuts them to one length"
        raise InputError(message, input="encode", code="not_encoded", hint=hint) from error
    try:
        if isinstance(given, Mapping):
            return given["input_ids"], given["attention_mask"]
        ids, mask = given
        return ids, mask
    except (KeyError, TypeError, ValueError):
        has = f" of {', '.join(given)}" if isinstance(given, Mapping) else ""
        wanted = "a pair (ids, mask) nor a mapping with input_ids and attention_mask"
        message = f"the encoder gives {type(given).__name__}{has}, and neither {wanted}"
        raise InputError(message, input="encode", code="not_a_pair") from None


def _row(values: Any) -> Tensor:
    row = torch.as_tensor(values)
    # A leading axis of size 1 goes; a row of one token is none.
    return row.squeeze(0) if row.dim() > 1 else row
