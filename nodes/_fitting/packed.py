"""Texts one after the other, with nothing between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

_NONE = torch.zeros(0, dtype=torch.int64)


@dataclass(frozen=True, eq=False)
class Packed:
    """A batch of B texts: ids (T,) of all tokens, and how many of them each text has.

    Lengths are on the host, so that nobody has to ask a GPU for them. A batch that comes from a
    token store has labels int64 (B,), the `rows` int64 (B,) of the data set that it consists of,
    and the `places` int64 (B,) where they come in the order of the loader. `width` is what the
    loader's batch is wide, 0 if it has none, and `pad` the id that fills it up.
    """

    ids: Tensor
    lengths: tuple[int, ...]
    labels: Tensor = _NONE
    rows: Tensor = _NONE
    places: Tensor = _NONE
    width: int = 0
    pad: int = 0

    @classmethod
    def of(cls, ids: Tensor, mask: Tensor) -> Packed | None:
        """What a mask (N, L) marks of ids (N, L); None unless it is ones, then zeros, in each row.

        A mask on a GPU is waited for.
        """
        lengths = mask.sum(1)
        marked = torch.arange(mask.shape[1], device=mask.device) < lengths.unsqueeze(1)
        if not torch.equal(mask, marked.to(mask.dtype)):
            return None
        return cls(ids[marked], tuple(map(int, lengths.tolist())), width=mask.shape[1])

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def longest(self) -> int:
        """The tokens of the longest text."""
        return max(self.lengths)

    @property
    def dtype(self) -> torch.dtype:
        """That of the ids."""
        return self.ids.dtype

    @property
    def shape(self) -> tuple[int, int]:
        """What the loader's batch would be, for messages."""
        return len(self), self.width or self.longest

    def to(self, device: torch.device, *, non_blocking: bool = True) -> Packed:
        """The same with ids and labels on a device; where rows belong stays on the host."""
        ids, labels = (x.to(device, non_blocking=non_blocking) for x in (self.ids, self.labels))
        return replace(self, ids=ids, labels=labels)

    def pinned(self) -> Packed:
        """The same in memory that a GPU can read by itself."""
        return replace(self, ids=self.ids.pin_memory(), labels=self.labels.pin_memory())

    def padded(self) -> tuple[Tensor, Tensor]:
        """Ids and mask, (B, longest), or (B, width) if there are texts without a token.

        What a model makes of those depends on their padding.
        """
        parts = list(self.ids.split(self.lengths))
        rows = torch.nn.utils.rnn.pad_sequence(parts, True, float(self.pad))
        if not all(self.lengths) and self.width > rows.shape[1]:
            more = (0, self.width - rows.shape[1])
            rows = torch.nn.functional.pad(rows, more, value=float(self.pad))
        lengths = torch.tensor(self.lengths, device=self.ids.device).unsqueeze(1)
        return rows, (torch.arange(rows.shape[1], device=rows.device) < lengths).to(rows.dtype)

    def some(self, rows: slice) -> Packed:
        """The texts of some rows."""
        ids = torch.cat(self.ids.split(self.lengths)[rows])
        of_rows = {name: getattr(self, name)[rows] for name in ("labels", "rows", "places")}
        return replace(self, ids=ids, lengths=self.lengths[rows], **of_rows)

    def pieces(self, most_tokens: int | None, least: int = 1) -> Iterator[tuple[slice, Packed]]:
        """Rows and texts of consecutive pieces, of at most so many tokens or of one text.

        There are `least` pieces or more, as far as there are texts.
        """
        most_rows = -(-len(self) // least)
        cuts, tokens = [0], 0
        for row, length in enumerate(self.lengths):
            full = most_tokens is not None and tokens + length > most_tokens
            if row > cuts[-1] and (full or row - cuts[-1] >= most_rows):
                cuts.append(row)
                tokens = 0
            tokens += length
        cuts.append(len(self))
        spans = [slice(*pair) for pair in pairwise(cuts)]
        ids = self.ids.split([sum(self.lengths[part]) for part in spans])
        for part, some in zip(spans, ids, strict=True):
            yield part, Packed(some, self.lengths[part], width=self.width, pad=self.pad)
