"""Markers for node signatures: `Annotated[int, Range(1, 10)]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Socket:
    """The link type of a value that is not typed in: `Annotated[nn.Module, Socket("PTMODEL")]`."""

    type: str


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a number, both included. `tiny` is the largest value used under `--tiny`."""

    min: float | None = None
    max: float | None = None
    step: float | None = None
    tiny: float | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """How a text is edited. `example` is what a user may type in, for pages and examples."""

    multiline: bool = False
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """An integer that the editor changes after each run (`control_after_generate`)."""


@dataclass(frozen=True, slots=True)
class ForceInput:
    """A widget type that can only be linked."""


@dataclass(frozen=True, slots=True)
class Lazy:
    """A linked value is computed only if the node's `wanted` function names it."""


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """Further options in ComfyUI's words, passed on as they are: `Options({"advanced": True})`."""

    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mutates:
    """The node changes this value in place. Other readers of the value run before it."""


@dataclass(frozen=True, slots=True)
class Extends:
    """A larger value goes on from where a smaller one ended, such as a number of epochs."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What a text names.

    All but `output_file` are looked for before anything runs, unless another node writes the file
    first. `output_file` is a file the node will write, so that its folder is tried before hours
    are spent.
    """

    kind: Literal[
        "model",
        "tokenizer",
        "dataset",
        "picture_set",
        "vectors",
        "weights",
        "data_file",
        "data_folder",
        "picture",
        "output_file",
    ]


@dataclass(frozen=True, slots=True)
class Hidden:
    """A value the engine fills in: `UNIQUE_ID`, `PROMPT`, `EXTRA_PNGINFO`."""

    token: str


@dataclass(frozen=True, slots=True)
class _Each:
    """See `Each`."""


Each = Annotated[list[T], _Each()]
"""A returned list whose elements go to the consumer one by one (OUTPUT_IS_LIST)."""
EACH = _Each()
