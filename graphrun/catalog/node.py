"""THE public node API: how a node is written, and what it can say while it runs.

    from graphrun.node import Nodes

    NODES = Nodes(category="text")

    @NODES.node("Shout", outputs=("STRING",))
    def shout(text: str, *, times: Annotated[int, Range(1, 10)] = 1) -> str:
        return text.upper() + "!" * times

The signature is the schema: names, order, defaults and types of the inputs are read from it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial, update_wrapper
from typing import Any, TypeVar

from graphrun.catalog.markers import (
    Control,
    Each,
    Extends,
    ForceInput,
    Hidden,
    Lazy,
    Mutates,
    Options,
    Range,
    Resource,
    Socket,
    Text,
)
from graphrun.catalog.members import gathering
from graphrun.catalog.running import (
    Checkpoint,
    cancelled,
    checkpoint,
    metric,
    notice,
    output_file,
    progress,
    settings,
    show,
)
from graphrun.catalog.signature import derive
from graphrun.catalog.spec import NodeSpec
from graphrun.errors import Cancelled, InputError, MissingResource

__all__ = [
    "Cancelled",
    "Checkpoint",
    "Control",
    "Each",
    "Extends",
    "ForceInput",
    "Hidden",
    "InputError",
    "Lazy",
    "MissingResource",
    "Mutates",
    "Nodes",
    "Options",
    "Range",
    "Resource",
    "Socket",
    "Text",
    "cancelled",
    "checkpoint",
    "metric",
    "notice",
    "output_file",
    "progress",
    "settings",
    "show",
]

F = TypeVar("F", bound=Callable[..., Any])


class Nodes(Mapping[str, Callable[..., Any]]):
    """The nodes of one module: class types mapped to plain functions.

    A pack is the union of its modules' `NODES`. Registering a name twice is an error. A function
    whose inputs have members gets them under their dotted names here (see `gathering`).

    Attributes:
        spaced: whether a title that is not given is the words of the class type.
        specs: what the kinds look like.
        wanted: for kinds with lazy inputs, the function that names those to compute.
        changed: for kinds that read the world, the function that gives a token of its state.
        validate: for kinds that check literals themselves, the function that does.
    """

    def __init__(self, category: str, *, spaced: bool = False) -> None:
        self.category, self.spaced = category, spaced
        self.specs: dict[str, NodeSpec] = {}
        self.wanted: dict[str, Callable[..., Any]] = {}
        self.changed: dict[str, Callable[..., Any]] = {}
        self.validate: dict[str, Callable[..., Any]] = {}
        self._functions: dict[str, Callable[..., Any]] = {}

    def node(
        self,
        class_type: str,
        *,
        outputs: tuple[str, ...] = (),
        wanted: Callable[..., Any] | None = None,
        changed: Callable[..., Any] | None = None,
        validate: Callable[..., Any] | None = None,
        **flags: Any,
    ) -> Callable[[F], F]:
        """Register a function under `class_type`; the function is returned unchanged.

        Args:
            outputs: names of the outputs, where they differ from their types.
            wanted: called with the inputs that are there, None for lazy ones that are not yet,
                and gives the names of those to compute.
            changed: called with the literals, None for links, and gives a token that is part of
                the identity of the result.
            validate: called with those of its parameters that are literals, None for links; gives
                True or a text that says what is wrong. The values of these inputs are checked by
                nothing else.
            flags: `version`, `volatile`, `reads`, `writes`, `random`, `output_node`, `echoes`,
                `title`, `category`, `input_is_list`, `about` of the `NodeSpec`.

        Raises:
            TypeError: a parameter has no type, or one that is neither a widget nor a socket.
            ValueError: the name is taken.
        """

        def register(function: F) -> F:
            if class_type in self._functions:
                raise ValueError(f"{class_type} is registered twice")
            flags.setdefault("category", self.category)
            if self.spaced:
                flags.setdefault("title", _words(class_type))
            if validate:
                flags["own_checks"] = frozenset(inspect.signature(validate).parameters)
            flags["watches"] = changed is not None
            spec = self.specs[class_type] = derive(class_type, function, outputs, flags)
            self._functions[class_type] = gathering(function, spec)
            hooks = (self.wanted, wanted), (self.changed, changed), (self.validate, validate)
            for kept, hook in hooks:
                if hook:
                    kept[class_type] = hook
            return function

        return register

    def table(
        self, rows: Mapping[str, tuple[Any, ...]], **flags: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register one function for a family of kinds that differ by one argument.

            @NODES.table({"Double": (2, "Twice the number."), "Triple": (3, "Three times it.")})
            def multiple(factor: int, number: int) -> int:
                \"\"\"The result is an integer.\"\"\"
                return factor * number

        Args:
            rows: by class type the first argument of the function, a sentence that comes before
                the function's own description, and the names of inputs that the kind lacks: the
                function gets None for them.
            flags: as in `node`, for every kind of the table.
        """

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            _, *inputs = inspect.signature(function).parameters.values()
            shared = inspect.getdoc(function) or ""
            for class_type, (first, about, *lacks) in rows.items():
                row = update_wrapper(partial(function, first, **dict.fromkeys(lacks)), function)
                row.__doc__ = f"{about}\n\n{shared}".strip()
                kept = [one for one in inputs if one.name not in lacks]
                row.__signature__ = inspect.Signature(kept)  # type: ignore[attr-defined]
                self.node(class_type, **flags)(row)
            return function

        return register

    def __getitem__(self, class_type: str) -> Callable[..., Any]:
        return self._functions[class_type]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)


def _words(class_type: str) -> str:
    """`PtnBCELoss` as a title: "Ptn BCE Loss"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", class_type)
