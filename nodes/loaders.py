"""Data loaders."""

from __future__ import annotations

import ast
import inspect
import signal
from difflib import get_close_matches
from typing import Annotated, Any

from torch.utils.data import DataLoader

from graphrun.node import InputError, Nodes, Range, Text, notice

from ._types import Dataset, Loader

NODES = Nodes(category="Training")

_INPUTS = ("dataset", "batch_size", "shuffle")
_OPTIONS = tuple(
    name
    for name in inspect.signature(DataLoader.__init__).parameters
    if name not in ("self", *_INPUTS)
)
_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "drop_last": (bool, "true or false"),
    "in_order": (bool, "true or false"),
    "persistent_workers": (bool, "true or false"),
    "pin_memory": (bool, "true or false"),
    "num_workers": (int, "a whole number"),
    "prefetch_factor": (int, "a whole number"),
    "timeout": ((int, float), "a number of seconds"),
    "multiprocessing_context": (str, '"fork", "spawn" or "forkserver"'),
    "pin_memory_device": (str, "the name of a device"),
}
"""What options that can be written down are to be. The others are functions and objects."""
_CONSTANTS = {"true": True, "false": False, "null": None}


@NODES.node("PtDataLoader", title="Pt Data Loader")
def data_loader(
    dataset: Dataset,
    batch_size: Annotated[int, Range(1, 1_000_000)] = 1,
    *,
    shuffle: bool = False,
    parameters: Annotated[str, Text(multiline=True)] | None = "",
) -> Loader:
    """Batches of a data set, in order or shuffled anew in every epoch.

    `parameters` holds further options of torch's DataLoader as a Python or JSON dict, for
    instance `{"num_workers": 2, "drop_last": true}`; blank means none.

    Raises:
        InputError: `parameters` is not a dict, an option is of the wrong kind or refused by
            DataLoader, the data set is empty, or dropping the last batch leaves none.
    """
    options = _known(parse_options(parameters or ""))
    _check_size(dataset, batch_size, drop_last=bool(options.get("drop_last")))
    if options.get("num_workers"):
        options.setdefault("worker_init_fn", ignore_interrupts)
    try:
        return DataLoader(dataset, batch_size=batch_size, shuffle=shuffle, **options)
    except (TypeError, ValueError, AttributeError) as error:
        message = f"DataLoader refuses {_plain(options)}: {error}"
        raise InputError(message, input="parameters", code="invalid_parameters") from error


def ignore_interrupts(worker: int) -> None:
    """Leave Ctrl-C to the main process, which ends its step and then the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def parse_options(text: str) -> dict[str, Any]:
    """The dict that a text stands for, as Python or as JSON; {} for a blank one.

    Raises:
        InputError: the text is neither, or not a dict with texts as keys. Nothing is evaluated.
    """
    stripped = text.strip()
    if not stripped:
        return {}
    try:
        tree = ast.parse(stripped, mode="eval")
        # JSON's three constants are names in Python; all else in JSON is a Python literal.
        value = ast.literal_eval(_Constants().visit(tree))
    except SyntaxError as error:
        raise _unreadable(text, error.msg, error.lineno or 1, error.offset or 1) from None
    except (ValueError, TypeError, RecursionError, MemoryError):
        line, column = _first_odd(stripped)
        raise _unreadable(text, "not a literal", line, column) from None
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _unreadable(text, "not a dict with option names as keys", 1, 1)
    return value


class _Constants(ast.NodeTransformer):
    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in _CONSTANTS:
            return ast.copy_location(ast.Constant(_CONSTANTS[node.id]), node)
        return node


def _first_odd(stripped: str) -> tuple[int, int]:
    """Line and column, from 1, of the first part that is no literal."""
    literals = (ast.Constant, ast.Dict, ast.List, ast.Tuple, ast.Set, ast.UnaryOp)
    try:
        tree = _Constants().visit(ast.parse(stripped, mode="eval"))
    except (ValueError, RecursionError, MemoryError):
        return 1, 1
    odd = [n for n in ast.walk(tree) if isinstance(n, ast.expr) and not isinstance(n, literals)]
    places = [(n.lineno, n.col_offset + 1) for n in odd]
    return min(places, default=(1, 1))


def _unreadable(text: str, why: str, line: int, column: int) -> InputError:
    before = text[: len(text) - len(text.lstrip())]
    if line == 1:
        column += len(before) - (before.rfind("\n") + 1)
    line += before.count("\n")
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    return InputError(
        f"{shown!r} is not a dict of options: {why} at line {line}, column {column}",
        input="parameters",
        code="invalid_parameters",
        hint='write it as {"num_workers": 2, "drop_last": true}',
    )


def _known(options: dict[str, Any]) -> dict[str, Any]:
    """The options that DataLoader has; the others are named in a notice."""
    repeated = [name for name in options if name in _INPUTS]
    if repeated:
        message = f"{', '.join(repeated)} in parameters would repeat the input of that name"
        raise InputError(message, input="parameters", code="invalid_parameters")
    unknown = [name for name in options if name not in _OPTIONS]
    if unknown:
        near = [m for name in unknown for m in get_close_matches(name, _OPTIONS, n=1)]
        notice(
            f"DataLoader has no option {', '.join(unknown)}; ignored",
            code="unknown_option",
            input="parameters",
            hint=f"did you mean {', '.join(near)}?" if near else None,
        )
    known = {name: value for name, value in options.items() if name in _OPTIONS}
    for name, value in known.items():
        _check_kind(name, value)
    return known


def _check_kind(name: str, value: Any) -> None:
    """DataLoader takes "no" for true, and fails only in the first epoch with what is no function.

    None is what DataLoader itself takes for options that are not given.
    """
    if value is None and inspect.signature(DataLoader.__init__).parameters[name].default is None:
        return
    kind, what = _KINDS.get(name, ((), ""))
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return
    shown = value if isinstance(value, bool) else repr(value)
    why = f"has to be {what}" if what else "cannot be written down; leave it out"
    raise InputError(
        f"{name} in parameters is {shown}: it {why}",
        input="parameters",
        code="invalid_parameters",
    )


def _check_size(dataset: Any, batch_size: int, *, drop_last: bool) -> None:
    rows = len(dataset)
    if not rows:
        raise InputError("the data set is empty", input="dataset", code="empty_dataset")
    if batch_size <= rows:
        return
    if drop_last:
        raise InputError(
            f"drop_last leaves no batch: batch_size is {batch_size} and there are {rows} rows",
            input="batch_size",
            code="no_batches",
        )
    notice(
        f"batch_size is {batch_size} and the data set has {rows} rows: one smaller batch",
        code="batch_larger_than_data",
        input="batch_size",
    )


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "worker_init_fn"}
