"""The rows of a batch that one of several processes computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from . import packing, unpadded


@dataclass(frozen=True)
class Share:
    """The rows of a batch that a process computes, of `total`; `rows` selects them.

    Where there are fewer rows than processes, some compute the first row too, and it counts
    nothing: `count` is 0.
    """

    rows: slice
    count: int
    total: int

    def of(self, value: Any) -> Any:
        """These rows of a tensor (N, …), of the tensors in a list, or of packed texts."""
        if self.count == self.total:
            return value
        if isinstance(value, unpadded.Packed):
            texts = value.ids.split(value.lengths)[self.rows]
            return unpadded.Packed(torch.cat(texts), value.lengths[self.rows])
        if isinstance(value, packing.Packed):
            return _rows_of(value, self.rows)
        if isinstance(value, Tensor):
            return value[self.rows]
        if isinstance(value, list | tuple):
            return [self.of(one) for one in value]
        return value


def _rows_of(packed: packing.Packed, rows: slice) -> packing.Packed:
    sizes: Sequence[int] = packed.lengths.tolist()
    names = ("lengths", "labels", "rows", "places")
    chosen: dict[str, Tensor] = {name: getattr(packed, name)[rows] for name in names}
    ids, longest = torch.cat(packed.ids.split(sizes)[rows]), max(sizes[rows])
    return replace(packed, ids=ids, longest=longest, **chosen)
