"""What a stand-in does not offer: said once, with the way out.

There are three degrees. A module that ComfyUI does not have either is not found. A name that a
stand-in does not have raises on access, so that `hasattr` and `try: import` work as usual. Names
and modules that ComfyUI does have are `Later`: packs import hundreds of them at the top of their
files and use few, so what fails is the use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, Self

from graphrun.errors import Diagnostic, PackError

PACK: ContextVar[str | None] = ContextVar("graphrun_pack", default=None)
"""The pack that is being imported."""


class NotOfferedModule(PackError, ModuleNotFoundError):
    """A module under one of ComfyUI's names that has no stand-in here; `what` is its name."""

    what = ""

    @classmethod
    def of(cls, module: str) -> Self:
        found = cls(not_offered(module))
        found.name = found.what = module
        return found


class NotOfferedName(PackError, AttributeError):
    """A name that the stand-in of a module does not have, or one that was used after all."""

    what = ""

    @classmethod
    def of(cls, name: str) -> Self:
        found = cls(not_offered(name))
        found.what = name
        return found


NOT_OFFERED = (NotOfferedModule, NotOfferedName)
"""Both have `what`: the module or name that was asked for."""


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


def who(pack: str | None = None) -> str:
    """How messages call a pack: by its name, if that is known."""
    pack = pack or PACK.get()
    return f"pack {pack}" if pack else "a pack"


def not_offered(what: str, pack: str | None = None) -> Diagnostic:
    """The one sentence about something of ComfyUI that is not here."""
    return Diagnostic(
        "not_offered",
        f"{who(pack)} needs {what} of ComfyUI, which graphrun does not offer",
        hint="run this part of the graph in ComfyUI",
    )
