"""What a stand-in does not offer, and libraries that are not there: said once, with the way out."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Self

from graphrun.errors import Diagnostic, PackError

PACK: ContextVar[str | None] = ContextVar("graphrun_pack", default=None)
"""The pack that is being imported."""

_DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Modules that pip knows under another name."""


class NotOfferedModule(PackError, ImportError):
    """A module of ComfyUI that has no stand-in here."""

    @classmethod
    def of(cls, module: str) -> Self:
        found = cls(_not_offered(module))
        found.name = module
        return found


class NotOfferedName(PackError, AttributeError):
    """A name that the stand-in of a module does not have."""


def names(module: str) -> Callable[[str], Any]:
    """A module's `__getattr__`: the error for whatever it does not define."""

    def missing(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotOfferedName(_not_offered(f"{module}.{name}"))

    return missing


def explain(error: BaseException, pack: str) -> Diagnostic | None:
    """What an import error of a pack means for the user; None for every other error."""
    if isinstance(error, PackError):
        return error.diagnostics[0]
    if not isinstance(error, ImportError) or not error.name:
        return None
    name = error.name
    if isinstance(error, ModuleNotFoundError):
        top = name.partition(".")[0]
        return Diagnostic(
            "missing_pack",
            f"pack {pack} needs the library {top}, which is not installed",
            hint=f"pip install {_DISTRIBUTIONS.get(top, top)}",
        )
    return Diagnostic("missing_pack", f"pack {pack}: {error}")


def _not_offered(what: str) -> Diagnostic:
    pack = PACK.get()
    who = f"pack {pack}" if pack else "a pack"
    return Diagnostic(
        "not_offered",
        f"{who} needs {what} of ComfyUI, which graphrun does not offer",
        hint="run this part of the graph in ComfyUI",
    )
