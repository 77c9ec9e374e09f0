"""The rows of a batch that one of several processes computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from .packed import Packed


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
        if isinstance(value, Packed):
            return value.some(self.rows)
        if isinstance(value, Tensor):
            return value[self.rows]
        if isinstance(value, list | tuple):
            return [self.of(one) for one in value]
        return value
