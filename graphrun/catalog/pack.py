"""Packs: what brings node kinds, and how their code is found when it is needed."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module, metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from graphrun.catalog.blocking import Blocker
from graphrun.catalog.kind import Inputs, Kind, Returned
from graphrun.catalog.schema import from_schema
from graphrun.catalog.spec import NodeSpec
from graphrun.errors import Diagnostic, InputError, PackError

if TYPE_CHECKING:
    from graphrun.catalog.node import Nodes

ENTRY_POINTS = "graphrun.packs"


class Provider(Protocol):
    """What a catalogue knows of a pack, however its nodes are written.

    `foreign` packs were written for ComfyUI: where two packs have one name for a kind, theirs is
    the one that is left out. `depends` names the distributions whose minor version changes what
    nodes give: of all nodes under "", of those with a resource of a kind under that kind.
    `device_switch` is the input with which nodes ask for a GPU.
    """

    @property
    def name(self) -> str: ...
    @property
    def foreign(self) -> bool: ...
    @property
    def depends(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def device_switch(self) -> str: ...
    def names(self) -> Iterator[str]: ...
    def spec(self, class_type: str) -> NodeSpec | None: ...
    def kind(self, spec: NodeSpec) -> Kind: ...
    def look_for(self, kind: str, name: str, beside: Mapping[str, Any]) -> Any: ...


@dataclass(frozen=True)
class Pack:
    """A named set of node kinds.

    `package` and `modules` say where the functions are: each module (without any, the package
    itself) has a `NODES`. With
    `schemas` (an importable package holding `<folder>/<Class>.json`) the specs are read from there
    and no module is imported before one of its nodes runs.

    Two hooks are names of functions as `"module:function"`, inside the package or with the full
    name of a module of `graphrun.sources`, imported when first used: `resources` look for a model,
    data set or device by name, give where it leads, and raise `MissingResource`; `around` gives a
    context manager for every node call and is passed a seed. `depends` and `device_switch` are
    those of `Provider`.
    """

    name: str
    package: str
    modules: tuple[str, ...] = ()
    schemas: str | None = None
    resources: Mapping[str, str] = field(default_factory=dict)
    around: str | None = None
    folder: str = "nodes"
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    device_switch: str = ""
    foreign = False

    def names(self) -> Iterator[str]:
        if self.schemas is None:
            return iter(self._specs)
        entries = (entry.name for entry in self._folder.iterdir())
        return iter(sorted(n.removesuffix(".json") for n in entries if n.endswith(".json")))

    def spec(self, class_type: str) -> NodeSpec | None:
        if self.schemas is None:
            return self._specs.get(class_type)
        file = self._folder.joinpath(f"{class_type}.json")
        if not class_type.isidentifier() or not file.is_file():
            return None
        return from_schema(json.loads(file.read_text("utf-8")))

    def function(self, spec: NodeSpec) -> Callable[..., Any]:
        """Import the module of a node kind and return its function.

        Raises:
            PackError: the module cannot be imported.
        """
        function: Callable[..., Any] = self.nodes(spec)[spec.class_type]
        return function

    def nodes(self, spec: NodeSpec) -> Nodes:
        """The `NODES` of the module that a kind comes from, which is imported.

        Raises:
            PackError: the module cannot be imported.
        """
        # By its name inside of the package, which may have been imported under another one.
        inside = (name for name in self.modules if f".{spec.module}".endswith(f".{name}"))
        name = next(inside, None)
        found: Nodes = (self._import(spec.module) if name is None else self._module(name)).NODES
        return found

    def kind(self, spec: NodeSpec) -> Kind:
        """The code of a node kind; imports its module.

        Raises:
            PackError: the module cannot be imported.
        """
        nodes = self.nodes(spec)
        function = nodes[spec.class_type]
        hidden = {one.name for one in spec.hidden} if spec.input_is_list else frozenset[str]()

        def call(_: Any, inputs: Inputs) -> Any:
            if hidden:
                inputs = {n: v[0] if n in hidden else v for n, v in inputs.items()}
            return function(**inputs)

        return Kind(
            call=call,
            returned=lambda result: _returned(result, spec),
            wanted=_hook(nodes.wanted.get(spec.class_type)),
            changed=_by_name(nodes.changed.get(spec.class_type)),
            validate=_by_name(nodes.validate.get(spec.class_type)),
            around=self.surround if self.around is not None else None,
            turns=self.around is not None,
            folder=str(Path(inspect.unwrap(function).__code__.co_filename).parent),
        )

    def look_for(self, kind: str, name: str, beside: Mapping[str, Any]) -> Any:
        """Where a name leads, as the hook for its kind says it; None without one.

        A path, several, or a `Found` of `graphrun.sources`. Raises `MissingResource` if this
        machine cannot provide it. `beside` are values of the node's other inputs; a hook gets those
        that it has keywords for.
        """
        if kind not in self.resources:
            return None
        hook = self._hook(self.resources[kind])
        keywords = (
            p.name for p in inspect.signature(hook).parameters.values() if p.kind == p.KEYWORD_ONLY
        )
        return hook(name, **{key: beside[key] for key in keywords if key in beside})

    def surround(self, seed: int) -> AbstractContextManager[Any]:
        if self.around is None:
            return nullcontext()
        found: AbstractContextManager[Any] = self._hook(self.around)(seed)
        return found

    def all_nodes(self) -> Mapping[str, NodeSpec]:
        """Every spec as the code has it now. Imports every module."""
        specs: dict[str, NodeSpec] = {}
        for name in self.modules or ("",):
            nodes: Nodes = self._module(name).NODES
            twice = specs.keys() & nodes.specs.keys()
            if twice:
                raise PackError(
                    Diagnostic("duplicate_node", f"{self.name}: {sorted(twice)} registered twice")
                )
            specs |= nodes.specs
        return specs

    @cached_property
    def _specs(self) -> Mapping[str, NodeSpec]:
        return self.all_nodes()

    @property
    def _folder(self) -> Traversable:
        return resources.files(self.schemas or "").joinpath(self.folder)

    def _hook(self, name: str) -> Callable[..., Any]:
        module, _, function = name.partition(":")
        found: Callable[..., Any] = getattr(self._module(module), function)
        return found

    def _module(self, name: str) -> Any:
        if "." in name:
            return self._import(name)
        return self._import(f"{self.package}.{name}" if name else self.package)

    def _import(self, name: str) -> Any:
        try:
            return import_module(name)
        except ImportError as error:
            hint = f"pip install {error.name}" if error.name and "." not in error.name else None
            raise PackError(
                Diagnostic(
                    "missing_pack", f"pack {self.name}: cannot import {name}: {error}", hint=hint
                )
            ) from error


def _by_name(hook: Callable[..., Any] | None) -> Callable[[Inputs], Any] | None:
    """A hook that is called with the inputs by name."""
    return None if hook is None else lambda inputs: hook(**inputs)


def _hook(hook: Callable[..., Any] | None) -> Callable[[Any, Inputs], Any] | None:
    return None if hook is None else lambda _, inputs: hook(**inputs)


def _returned(result: Any, spec: NodeSpec) -> Returned:
    """A function of one output returns the value itself, of several a tuple, of none nothing."""
    if isinstance(result, Returned):
        return result
    if len(spec.outputs) == 1:
        return Returned((result,))
    if isinstance(result, Blocker):
        return Returned((result,) * len(spec.outputs))
    found = () if result is None else result
    if not isinstance(found, tuple) or len(found) != len(spec.outputs):
        given = f"{len(found)} values" if isinstance(found, tuple) else type(found).__name__
        raise InputError(
            f"{spec.class_type} returned {given} for {len(spec.outputs)} outputs",
            code="invalid_return",
        )
    return Returned(found)


def installed() -> tuple[Pack, ...]:
    """The packs that installed distributions offer as entry points.

    Raises:
        PackError: an entry point cannot be imported or is not a `Pack`.
    """
    found = []
    for point in metadata.entry_points(group=ENTRY_POINTS):
        try:
            pack = point.load()
        except (ImportError, AttributeError) as error:
            message = f"pack {point.name} ({point.value}): {error}"
            raise PackError(Diagnostic("missing_pack", message)) from error
        if not isinstance(pack, Pack):
            message = f"pack {point.name}: {point.value} is not a graphrun.node.Pack"
            raise PackError(Diagnostic("missing_pack", message))
        found.append(pack)
    return tuple(found)
