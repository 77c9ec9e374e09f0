"""Data loaders."""

from __future__ import annotations

import inspect
import signal
from difflib import get_close_matches
from typing import Annotated, Any

from torch.utils.data import DataLoader, TensorDataset

from graphrun.node import InputError, Nodes, Range, Text, notice
from graphrun.sources.texts import options as options_of

from ._types import Dataset, Loader, Tensor

NODES = Nodes(category="Training", spaced=True)

BatchSize = Annotated[int, Range(1, 1_000_000, tiny=32)]
_INPUTS = ("dataset", "batch_size", "shuffle")
_TAKEN = inspect.signature(DataLoader).parameters
_OPTIONS = tuple(name for name in _TAKEN if name not in _INPUTS)
_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    **dict.fromkeys(("drop_last", "in_order"), (bool, "true or false")),
    **dict.fromkeys(("persistent_workers", "pin_memory"), (bool, "true or false")),
    **dict.fromkeys(("num_workers", "prefetch_factor"), (int, "a whole number")),
    "timeout": ((int, float), "a number of seconds"),
    "multiprocessing_context": (str, '"fork", "spawn" or "forkserver"'),
    "pin_memory_device": (str, "the name of a device"),
}
"""What options that can be written down are to be. The others are functions and objects."""


@NODES.node("PtDataLoader")
def data_loader(
    dataset: Dataset, batch_size: BatchSize = 1, *, shuffle: bool = False,
    parameters: Annotated[str, Text(multiline=True)] | None = "",
) -> Loader:  # fmt: skip
    """Batches of a data set, in order or shuffled anew in every epoch.

    `parameters` holds further options of torch's DataLoader as a Python or JSON dict, for
    instance `{"num_workers": 2, "drop_last": true}`; blank means none.

    Raises:
        InputError: `parameters` is not a dict, an option is of the wrong kind or refused by
            DataLoader, or the data set is empty.
    """
    options = asked = _known(options_of(parameters or "", "parameters"))
    _check_size(dataset, batch_size, drop_last=bool(options.get("drop_last")))
    if options.get("num_workers"):
        options = {"worker_init_fn": ignore_interrupts, **asked}
    try:
        return DataLoader(dataset, batch_size=batch_size, shuffle=shuffle, **options)
    except (TypeError, ValueError, AttributeError) as error:
        message = f"DataLoader refuses {asked}: {error}"
        raise InputError(message, input="parameters", code="invalid_parameters") from error


@NODES.node("PtDataLoaderFromTensors")
def tensor_loader(
    x: Tensor, y: Tensor, batch_size: BatchSize = 1, *, shuffle: bool = False
) -> Loader:
    """Batches of the rows of two tensors, in order or shuffled anew in every epoch.

    Row i of x (N, ...) belongs to row i of y (N, ...).

    Raises:
        InputError: the tensors differ in length, have no rows, or are single numbers.
    """
    if not x.dim() or not y.dim() or len(x) != len(y):
        message = f"x {tuple(x.shape)} and y {tuple(y.shape)} are not of one length"
        raise InputError(message, input="y" if x.dim() else "x", code="rows_differ")
    _check_size(x, batch_size, drop_last=False, input="x")
    return DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=shuffle)


def ignore_interrupts(worker: int) -> None:
    """Leave Ctrl-C to the main process, which ends its step and then the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _known(options: dict[str, Any]) -> dict[str, Any]:
    """The options that DataLoader has; the others are named in a notice."""
    repeated = [name for name in options if name in _INPUTS]
    if repeated:
        message = f"{', '.join(repeated)} in parameters would repeat the input of that name"
        raise InputError(message, input="parameters", code="invalid_parameters")
    unknown = [name for name in options if name not in _OPTIONS]
    if unknown:
        near = [m for name in unknown for m in get_close_matches(name, _OPTIONS, n=1)]
        message = f"DataLoader has no option {', '.join(unknown)}; ignored"
        hint = f"did you mean {', '.join(near)}?" if near else None
        notice(message, code="unknown_option", input="parameters", hint=hint)
    known = {name: value for name, value in options.items() if name in _OPTIONS}
    for name, value in known.items():
        _check_kind(name, value)
    return known


def _check_kind(name: str, value: Any) -> None:
    """DataLoader takes "no" for true, and fails only in the first epoch with what is no function.

    None is what DataLoader itself takes for options that are not given.
    """
    if value is None and _TAKEN[name].default is None:
        return
    kind, what = _KINDS.get(name, ((), ""))
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return
    shown = value if isinstance(value, bool) else repr(value)
    why = f"has to be {what}" if what else "cannot be written down; leave it out"
    message = f"{name} in parameters is {shown}: it {why}"
    raise InputError(message, input="parameters", code="invalid_parameters")


def _check_size(dataset: Any, batch_size: int, *, drop_last: bool, input: str = "dataset") -> None:
    rows = len(dataset)
    if not rows:
        raise InputError("the data set is empty", input=input, code="empty_dataset")
    if batch_size < 1:
        message = f"batch_size is {batch_size}, and a batch has at least one row"
        raise InputError(message, input="batch_size", code="value_smaller_than_min")
    if batch_size > rows:
        what = "no batch, as drop_last is set" if drop_last else "one smaller batch"
        message = f"batch_size is {batch_size} and the data set has {rows} rows: {what}"
        notice(message, code="batch_larger_than_data", input="batch_size")
