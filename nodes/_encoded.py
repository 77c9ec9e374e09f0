"""Texts as a torch data set, and the encoder that turns them into token ids.

Both can be pickled, so that loader processes work however they are started.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from ._columns import LABEL, TEXT

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import BatchEncoding, PreTrainedTokenizerBase

_TAG = re.compile(r"<.*?>")
_BLANKS = re.compile(r" {2,}")


def clean_html(text: str) -> str:
    """Entities decoded, then every tag within a line and every run of blanks made one blank.

    Decoding comes first, so an escaped tag goes as well. Ends are not trimmed; tabs, newlines
    and tags that span lines stay.
    """
    return _BLANKS.sub(" ", _TAG.sub(" ", html.unescape(text)))


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
        encoded: BatchEncoding = self.tokenizer(
            text,
            padding=self.method if self.padding else False,
            truncation=self.truncation,
            # 0 leaves the limit to the tokenizer.
            max_length=self.max_length or None,
            return_tensors="pt",
        )
        return encoded


class EncodedText(torch.utils.data.Dataset[tuple[tuple[Tensor, Tensor], Tensor]]):
    """Item i is ((ids, mask), label): int64 of shapes (length,), (length,) and ().

    The text is encoded on every access. `data` has the columns `text` and `label` of
    `_columns.texts_and_labels`.
    """

    def __init__(self, data: Dataset, encode: Callable[..., Any], *, clean: bool) -> None:
        self._data, self._encode, self._clean = data, encode, clean

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: int) -> tuple[tuple[Tensor, Tensor], Tensor]:
        row = self._data[index]
        text = clean_html(row[TEXT]) if self._clean else row[TEXT]
        ids, mask = _pair(self._encode(text))
        return (ids, mask), torch.tensor(row[LABEL], dtype=torch.int64)

    def label_values(self) -> list[int]:
        """The distinct labels, ascending. Reads one column, encodes nothing."""
        return sorted(self._data.unique(LABEL))

    def label_rows(self, value: int) -> tuple[int, int]:
        """How many rows have a label, and the first of them, from 0."""
        import pyarrow.compute as pc

        same = pc.equal(self._data.data.column(LABEL), value)
        return pc.sum(same).as_py() or 0, pc.index(same, True).as_py()


def _pair(encoded: Any) -> tuple[Tensor, Tensor]:
    """Ids and mask of one text, from a mapping or a pair, without a leading axis of size 1."""
    if isinstance(encoded, Mapping):
        ids, mask = encoded["input_ids"], encoded["attention_mask"]
    else:
        ids, mask = encoded
    return _row(ids), _row(mask)


def _row(values: Any) -> Tensor:
    row = torch.as_tensor(values)
    # A row of one token is no leading axis.
    return row.squeeze(0) if row.dim() > 1 else row
