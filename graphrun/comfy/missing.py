"""What a stand-in does not offer, and libraries that are not there: said once, with the way out.

There are three degrees. A module that ComfyUI does not have either is not found. A name that a
stand-in does not have raises on access, so that `hasattr` and `try: import` work as usual. Names
and modules that ComfyUI does have are `Later`: packs import hundreds of them at the top of their
files and use few, so what fails is the use.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, Self

from graphrun.errors import Diagnostic, PackError

PACK: ContextVar[str | None] = ContextVar("graphrun_pack", default=None)
"""The pack that is being imported, or whose node runs."""

_DISTRIBUTIONS = {
    "Crypto": "pycryptodome",
    "OpenGL": "PyOpenGL",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "git": "GitPython",
    "google.genai": "google-genai",
    "google.generativeai": "google-generativeai",
    "jwt": "PyJWT",
    "pynvml": "nvidia-ml-py",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "spandrel_extra_arches": "spandrel-extra-arches",
    "websocket": "websocket-client",
    "yaml": "pyyaml",
}
"""Modules that pip knows under another name."""

_NO_NAME = re.compile(r"cannot import name '([^']+)' from '([^']+)'")


class NotOfferedModule(PackError, ModuleNotFoundError):
    """A module under one of ComfyUI's names that has no stand-in here."""

    @classmethod
    def of(cls, module: str) -> Self:
        found = cls(_not_offered(module))
        found.name = module
        return found


class NotOfferedName(PackError, AttributeError):
    """A name that the stand-in of a module does not have, or one that was used after all."""

    @classmethod
    def of(cls, name: str) -> Self:
        return cls(_not_offered(name))


def _refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
    raise NotOfferedName.of(str(self))


class Later:
    """Stands for something of ComfyUI that is not offered, until a pack does something with it.

    It can be imported, named in annotations, assigned to, and used as a base class, since packs
    do that when they are loaded. Nothing is an instance of it, and it equals only what stands for
    the same thing. Calling it, making an object of a class based on it, counting with it or looking
    into it raises `NotOfferedName`.
    """

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name
        self.__dict__["__doc__"] = f"Stands for {name}, which is not offered."

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Later(f"{self}.{name}")

    def __str__(self) -> str:
        found: str = self.__dict__["_name"]
        return found

    def __repr__(self) -> str:
        return f"<{self}, which graphrun does not offer>"

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        def refuse(cls: type, *args: Any, **kwargs: Any) -> Any:
            raise NotOfferedName.of(str(self))

        members = {"__new__": refuse, "__doc__": self.__doc__}
        return (type(str(self).rpartition(".")[2], (), members),)

    def __instancecheck__(self, instance: object) -> bool:
        return False

    def __subclasscheck__(self, subclass: type) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Later) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __or__(self, other: Any) -> Any:
        return self

    __ror__ = __or__
    __call__ = __bool__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __iter__ = __len__ = __contains__ = __getitem__ = __setitem__ = __enter__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _refuse
    __int__ = __float__ = __index__ = __neg__ = _refuse


def words(text: str) -> list[str]:
    """The words of a text: long lists of names are easier to read without quotes."""
    return text.split()


def names(module: str, later: str | Iterable[str] | None = None) -> Callable[[str], Any]:
    """A module's `__getattr__`: what stands for the names that it does not define.

    `later` are names, in one text with spaces between, that become `Later`; "*" means all names.
    Any other name raises.
    """
    known = frozenset(later.split() if isinstance(later, str) else later or ())

    def missing(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        if name in known or "*" in known:
            return Later(f"{module}.{name}")
        raise NotOfferedName.of(f"{module}.{name}")

    return missing


def explain(error: BaseException, pack: str | None) -> Diagnostic | None:
    """What an error means for the user if it is about something that is not there, else None.

    For errors that a pack raises while it is loaded, and for those of a node that runs.
    """
    if isinstance(error, PackError):
        return error.diagnostics[0]
    if isinstance(error, AttributeError):
        name = getattr(error.obj, "__name__", None)
        return _foreign(name, pack) if isinstance(error.obj, type(sys)) else None
    if not isinstance(error, ImportError) or not error.name:
        return None
    if isinstance(error, ModuleNotFoundError):
        return _foreign(error.name, pack) or _library(error.name, pack)
    if found := _foreign(error.name, pack):
        return found
    match = _NO_NAME.search(str(error))
    if match and _ours(match[2]):
        return _not_offered(f"{match[2]}.{match[1]}", pack)
    return Diagnostic("missing_pack", f"{_who(pack)}: {error}")


def _library(module: str, pack: str | None) -> Diagnostic:
    parts = module.split(".")
    heads = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    known = next((_DISTRIBUTIONS[head] for head in heads if head in _DISTRIBUTIONS), parts[0])
    message = f"{_who(pack)} needs the library {parts[0]}, which is not installed"
    if parts[0] in sys.modules:
        message = f"{_who(pack)} needs the module {module}, which the installed {known} lacks"
    return Diagnostic("missing_pack", message, hint=f"pip install {known}")


def _foreign(module: str | None, pack: str | None) -> Diagnostic | None:
    """A module of this process that has one of ComfyUI's names, and was there first."""
    from graphrun.comfy.finder import NAMES, is_stand_in

    top = (module or "").partition(".")[0]
    taken = sys.modules.get(top)
    if top not in NAMES or taken is None or is_stand_in(taken):
        return None
    place = getattr(taken, "__file__", None) or "built in this process"
    return Diagnostic(
        "missing_pack",
        f"{_who(pack)} needs {module} of ComfyUI, but {top} is another module here: {place}",
        hint=f"rename it, or run graphrun in a process that does not import {top}",
    )


def _ours(module: str) -> bool:
    from graphrun.comfy.finder import NAMES

    return module.partition(".")[0] in NAMES


def _who(pack: str | None = None) -> str:
    pack = pack or PACK.get()
    return f"pack {pack}" if pack else "a pack"


def _not_offered(what: str, pack: str | None = None) -> Diagnostic:
    return Diagnostic(
        "not_offered",
        f"{_who(pack)} needs {what} of ComfyUI, which graphrun does not offer",
        hint="run this part of the graph in ComfyUI",
    )
