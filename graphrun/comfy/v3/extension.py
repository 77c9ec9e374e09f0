"""Extensions: what a pack of the third API brings, and what it may ask of its surroundings."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from functools import wraps
from typing import Any, ClassVar

from graphrun.catalog.awaiting import completed
from graphrun.catalog.running import CALL
from graphrun.comfy.missing import names
from graphrun.comfy.v3.node import ComfyNode
from graphrun.errors import Diagnostic, PackError


class ComfyExtension(ABC):
    """A pack: `on_load` runs once, `get_node_list` gives its classes."""

    async def on_load(self) -> None:  # noqa: B027  most packs have nothing to prepare
        """Prepare whatever the nodes need."""

    @abstractmethod
    async def get_node_list(self) -> list[type[ComfyNode]]:
        """The node classes."""


def classes(module: Any) -> dict[str, Any]:
    """The node classes of a module that has `comfy_entrypoint`, by their ids; the last one counts.

    Works whether the functions of the extension are coroutines or not, and inside a notebook.

    Raises:
        PackError: it brings something else than node classes.
    """
    extension = completed(module.comfy_entrypoint())
    if not hasattr(extension, "get_node_list"):
        raise _malformed(f"comfy_entrypoint returned {extension!r:.60}, not a ComfyExtension")
    if hasattr(extension, "on_load"):
        completed(extension.on_load())
    listed = completed(extension.get_node_list())
    if not isinstance(listed, list | tuple):
        raise _malformed(f"get_node_list returned {listed!r:.60}, not a list of node classes")
    found: dict[str, Any] = {}
    for cls in listed:
        if not isinstance(cls, type) or not hasattr(cls, "GET_SCHEMA"):
            raise _malformed(f"get_node_list has {cls!r:.60} in it, which is no io.ComfyNode")
        try:
            found[cls.GET_SCHEMA().node_id] = cls
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise _malformed(f"the schema of {cls.__name__} cannot be read: {reason}") from error
    return found


def _malformed(message: str) -> PackError:
    return PackError(Diagnostic("malformed_node", message))


class Execution:
    """What a running node may say."""

    async def set_progress(self, value: float, max_value: float, **more: Any) -> None:
        """Report progress of the node that calls. Previews are not shown."""
        whole = float(value).is_integer() and float(max_value).is_integer()
        step, total = (value, max_value) if whole else (100 * value / max_value, 100)
        CALL.get().progress(round(step), round(total), {})


class ComfyAPI:
    """The surroundings, for code that awaits. What is not here says so when it is asked for."""

    VERSION: ClassVar[str] = "latest"
    STABLE: ClassVar[bool] = False

    def __init__(self) -> None:
        self.execution: Any = Execution()

    def __getattr__(self, name: str) -> Any:
        return names("comfy_api.latest.ComfyAPI")(name)


class _Waiting:
    """The functions of an object, driven to their end instead of awaited."""

    def __init__(self, target: Any) -> None:
        self._target = target

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not inspect.iscoroutinefunction(found):
            return found

        @wraps(found)
        def call(*args: Any, **given: Any) -> Any:
            return completed(found(*args, **given))

        return call


class ComfyAPISync(ComfyAPI):
    """The same for code that does not await."""

    def __init__(self) -> None:
        self.execution = _Waiting(Execution())
