"""What a node can see and say while it runs.

The engine sets a `Call` around every node; outside of a run (a test that calls the function
directly) the same functions work on a silent call in the current folder.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from graphrun.errors import Severity

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "tf32", "bf16", "fp16"]


Figure = float | Sequence[float] | Sequence[Sequence[float]]
"""A number, a row of numbers, or rows of them."""


@dataclass(frozen=True, slots=True)
class Alias:
    """What a model or data set name stands for on this machine.

    `text` and `label` rename columns of a data set, `labels` lists the class names in the order
    of their numbers, `splits` maps split names to files or folders below `path`.
    """

    path: Path
    text: str | None = None
    label: str | None = None
    labels: tuple[str, ...] = ()
    splits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run was asked for, as far as nodes may depend on it.

    `precision` is the number format that models compute in, `auto` the fastest one of the device
    that trains as well. With `deterministic`, only operations that give the same bits every time
    are used. With `literal`, trainings compute texts as their files say: padded, and tokenized one
    by one, again in every epoch; optimizers step without kernels that round in another way.
    `grad_accum` is the number of pieces that a batch is computed in, `clip_grad` the norm that
    gradients are cut to, and with `gradient_checkpointing` layers are computed again for gradients.
    `cache` is the folder of what runs keep for later ones, if they do. `new_folder` says that
    `outputs` is a folder which only this run has. `inputs`, `models` and `temporary` are the
    folders that ComfyUI's nodes read files from, look for models in, and write previews to.
    `aside`: another process runs the same and writes files where they belong; this one writes all
    of its own below `outputs`.
    """

    seed: int = 0
    device: Device = "auto"
    tiny: bool = False
    deterministic: bool = False
    literal: bool = False
    grad_accum: int = 1
    clip_grad: float | None = None
    gradient_checkpointing: bool = False
    cache: Path | None = None
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    outputs: Path = Path()
    inputs: Path = Path("input")
    models: Path = Path("models")
    temporary: Path = Path("temp")
    new_folder: bool = False
    allow_paths: tuple[Path, ...] = ()
    precision: Precision = "auto"
    aside: bool = False


class Saved(Protocol):
    """A state that was kept: `epoch` epochs and `step` steps of the next were done."""

    @property
    def epoch(self) -> int: ...
    @property
    def step(self) -> int: ...
    @property
    def state(self) -> Any: ...


class Checkpoint(Protocol):
    """Where a node keeps how far it is, for a run that does the same; see `cache.Checkpoint`."""

    @property
    def due(self) -> bool: ...
    @property
    def cheap(self) -> bool: ...
    @property
    def beyond(self) -> int | None: ...
    def take(self) -> None: ...
    def release(self) -> None: ...
    def newest(self, until: int | None = None) -> Saved | None: ...
    def save(self, epoch: int, step: int, state: Any, *, finished: bool = False) -> bool: ...
    def clear(self) -> None: ...


class Call(Protocol):
    """The engine's side of a running node."""

    @property
    def settings(self) -> Settings: ...
    @property
    def said(self) -> set[str]:
        """What the run was told once, and is not told again."""

    @property
    def node_id(self) -> str: ...
    @property
    def index(self) -> int:
        """Which call of a node that is called once per element of a list."""

    def next_builder(self) -> int:
        """0, 1, … : the number of the next graph that this call builds."""

    def progress(self, step: int, total: int, metrics: Mapping[str, Any]) -> None: ...
    def metric(self, values: Mapping[str, Any]) -> None: ...
    def notice(
        self, message: str, *, code: str, input: str | None, severity: Severity, hint: str | None
    ) -> None: ...
    def show(self, ui: Mapping[str, list[Any]]) -> None: ...
    def cancelled(self) -> bool: ...
    def checkpoint(self) -> Checkpoint | None: ...


class Silent:
    """The call outside of a run."""

    node_id = ""
    index = 0

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.said: set[str] = set()
        self._builders = 0

    def next_builder(self) -> int:
        self._builders += 1
        return self._builders - 1

    def progress(self, step: int, total: int, metrics: Mapping[str, Any]) -> None: ...
    def metric(self, values: Mapping[str, Any]) -> None: ...
    def notice(
        self, message: str, *, code: str, input: str | None, severity: Severity, hint: str | None
    ) -> None: ...
    def show(self, ui: Mapping[str, list[Any]]) -> None: ...
    def cancelled(self) -> bool:
        return False

    def checkpoint(self) -> Checkpoint | None:
        return None


CALL: ContextVar[Call] = ContextVar("graphrun_call", default=Silent())  # noqa: B039


def settings() -> Settings:
    """The settings of the run that the calling node belongs to."""
    return CALL.get().settings


def progress(step: int, total: int, **metrics: float) -> None:
    """Report that `step` of `total` is done, with figures to show. The cancellation point.

    Raises:
        Cancelled: the run was asked to stop.
        TypeError: a figure is no number.
        ValueError: a figure is larger than any float.
    """
    CALL.get().progress(step, total, _figures(metrics))


def cancelled() -> bool:
    """Whether the run was asked to stop, for nodes that stop in a way of their own."""
    return CALL.get().cancelled()


def checkpoint() -> Checkpoint | None:
    """Where this call keeps how far it is; None outside of a run, and where a run keeps nothing.

    It is the same object when the node is asked what it wants and when it is called.
    """
    return CALL.get().checkpoint()


def metric(**values: Figure) -> None:
    """Record figures for good, in metrics.jsonl and the report. Name the `epoch` or `step`.

    A figure may be a table: rows of numbers, such as a confusion matrix. Views do not show those.

    Numbers of libraries, such as tensors of no dimension, are taken as Python's.

    Raises:
        TypeError: a figure is neither a number nor a list.
        ValueError: a figure is larger than any float.
    """
    CALL.get().metric(_figures(values))


def _figures(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if type(value) is float else _figure(name, value)
        for name, value in values.items()
    }


def _figure(name: str, value: Any) -> Any:
    """A figure that views, curves and pages can draw."""
    if isinstance(value, list | tuple):
        return value
    number = value
    if not isinstance(value, int | float) and hasattr(value, "__float__"):
        with suppress(TypeError, ValueError, RuntimeError):  # of arrays with several numbers
            number = value.item() if hasattr(value, "item") else float(value)
    if not isinstance(number, int | float):
        kind = type(value).__name__
        raise TypeError(f"the figure {name} is no number but of type {kind}; `show` is for texts")
    if isinstance(number, int) and abs(number) > sys.float_info.max:
        raise ValueError(f"the figure {name} is larger than any float")
    return number


def notice(
    message: str,
    *,
    code: str = "notice",
    input: str | None = None,
    severity: Severity = "warning",
    hint: str | None = None,
    once: bool = False,
) -> None:
    """Tell the user something that is not an error; `input` gives it a place in the file.

    With `once`, what the run was told already is not said again.
    """
    call = CALL.get()
    if once and message in call.said:
        return
    if once:
        call.said.add(message)
    call.notice(message, code=code, input=input, severity=severity, hint=hint)


def show(**ui: list[Any]) -> None:
    """Hand results to the display, under ComfyUI's keys: `show(text=["..."])`.

    Raises:
        TypeError: a result is no list, such as one text alone.
    """
    for key, values in ui.items():
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise TypeError(f"show({key}=...) takes a list, not a value of {type(values).__name__}")
    CALL.get().show(ui)


def output_file(path: str) -> Path:
    """Where a node may write what the workflow calls `path`.

    Relative paths, and all paths under `--tiny` or `aside`, lie in the output folder. Absolute ones
    are used as they are inside the working folder and below `--allow-path`; any other is
    redirected into the output folder, with a notice. Folders are not created here.
    """
    call = CALL.get()
    target, redirected = place_output(path, call.settings)
    if redirected:
        call.notice(
            f"{path} is outside the working folder; writing {target} instead",
            code="output_redirected",
            input=None,
            severity="warning",
            hint=f"--allow-path {Path(path).parent} lets this run write there",
        )
    return target


def place_output(path: str, settings: Settings) -> tuple[Path, bool]:
    """The path `output_file` gives, and whether it is a redirection. Follows symbolic links."""
    wanted = Path(path).expanduser()
    inside = settings.outputs / wanted
    if not wanted.is_absolute() and inside.resolve().is_relative_to(settings.outputs.resolve()):
        return inside, False
    allowed = (Path.cwd(), *settings.allow_paths)
    resolved = wanted.resolve()
    permitted = any(resolved.is_relative_to(root.resolve()) for root in allowed)
    if wanted.is_absolute() and permitted and not (settings.tiny or settings.aside):
        return wanted, False
    # The whole path is kept below the folder, so that two files of one name stay two files.
    parts = [part for part in wanted.parts if part not in (wanted.anchor, "..")]
    return settings.outputs.joinpath(*parts), not settings.tiny
