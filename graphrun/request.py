"""Requests: what to run, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack

from graphrun.catalog import Settings
from graphrun.documents import Prompt, Workflow
from graphrun.documents import load as load_file
from graphrun.documents import read as read_document
from graphrun.documents.parameters import Parameter
from graphrun.execute import MIN_FREE
from graphrun.plan import Setting
from graphrun.plan.world import WAYS

Document = Workflow | Prompt


class Options(TypedDict, total=False):
    """What a run may be asked for; see `Request`, whose fields these are, and `seed`."""

    settings: Settings
    overrides: Sequence[Setting]
    targets: Sequence[str] | None
    keep: Sequence[str]
    keep_going: bool
    lenient: bool
    out: Path | str | None
    folder: Path | None
    min_free: int
    tensorboard: bool
    seed: int


@dataclass(frozen=True)
class Request:
    """What to run, and how. Immutable: `set` gives another one.

    Attributes:
        document: a workflow or a prompt.
        settings: seed, device, folders, aliases.
        overrides: settings such as `"27.epochs=3"`, pairs such as `("27.epochs", 3)`, or the
            parameters of a file (`load_parameters`); of two for one input the later one counts.
        targets: ids of nodes to run for, in the place of the document's outputs (None).
        keep: ids of further nodes whose outputs stay readable when the run is over.
        keep_going: have everything run that does not need a node that failed, or that is wrong.
        lenient: convert literals as ComfyUI does, whatever is lost by it.
        out: the folder that run folders are made in. None: no run folder, and outputs go to
            `settings.outputs`.
        folder: the run folder itself, in the place of a new one in `out`; what it is in is `out`.
        min_free: bytes that must be free wherever the run will write.
        tensorboard: have the run folder hold curves for TensorBoard where that is installed.
    """

    document: Document
    settings: Settings = field(default_factory=Settings)
    overrides: Sequence[Setting] = ()
    targets: Sequence[str] | None = None
    keep: Sequence[str] = ()
    keep_going: bool = False
    lenient: bool = False
    out: Path | None = None
    folder: Path | None = None
    min_free: int = MIN_FREE
    tensorboard: bool = True

    @classmethod
    def of(cls, document: Runnable, **options: Unpack[Options]) -> Self:
        """A request for a document, given as itself, as JSON in memory, or as a path.

        Raises:
            DocumentError: it cannot be read, or is no workflow and no prompt.
            TypeError: an option that does not exist.
        """
        match document:
            case Request():
                known = {one.name: getattr(document, one.name) for one in fields(cls)}
                request = document if isinstance(document, cls) else cls(**known)
            case str() | Path():
                request = cls(load_file(document))
            case Mapping():
                request = cls(read_document(document))
            case _:
                request = cls(document)
        given: dict[str, Any] = dict(options)
        if "seed" in given:
            settings = given.get("settings", request.settings)
            given["settings"] = replace(settings, seed=given.pop("seed"))
        if isinstance(given.get("out"), str):
            given["out"] = Path(given["out"])
        unknown = given.keys() - {one.name for one in fields(cls)}
        if unknown:
            raise TypeError(f"unknown option {', '.join(sorted(unknown))}")
        return replace(request, **given)

    def set(self, address: str | Mapping[str, Any], value: Any = None) -> Self:
        """Another request with a value changed: `.set("27.epochs", 3)`, or several as a mapping.

        The address is a node's id, title or class, a dot, and the input.
        """
        pairs = address.items() if isinstance(address, Mapping) else [(address, value)]
        return replace(self, overrides=(*self.overrides, *pairs))

    @property
    def expected(self) -> Settings:
        """The settings before the run folder exists: outputs are tried where it will be made."""
        if self.out is None:
            return self.settings
        return replace(self.settings, outputs=self.out / "(this run)")

    def described(self, cuts: Sequence[str]) -> dict[str, Any]:
        """As a report has it; `cuts` is what `--tiny` cut."""
        aliases = self.settings.aliases.items()
        given = [_told(one) for one in self.overrides]
        return {
            "device": self.settings.device,
            "precision": self.settings.precision,
            **_unlike(self.settings, Settings()),
            "tiny": self.settings.tiny,
            "cuts": list(cuts),
            "aliases": {name: str(alias.path) for name, alias in aliases},
            "overrides": given,
            "targets": list(self.targets or ()),
        }


def _unlike(settings: Settings, usual: Settings) -> dict[str, Any]:
    """The ways of computing that somebody asked for."""
    ways = {name: getattr(settings, name) for name in WAYS}
    return {name: value for name, value in ways.items() if value != getattr(usual, name)}


def _told(given: Setting) -> str:
    if isinstance(given, str):
        return given
    address, value = (
        (given.address, given.value) if isinstance(given, Parameter) else (given[0], given[1])
    )
    return f"{address}={value!r}"


Runnable = Request | Document | Mapping[str, Any] | str | Path
"""A request, a document, a document as JSON in memory, or the path of one."""
