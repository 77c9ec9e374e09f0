"""NodeSpec: what a node kind looks like, without the code that runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from graphrun.catalog.sockets import DYNAMIC, STORABLE, WIDGET_TYPES

Section = Literal["required", "optional", "hidden"]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input.

    `type` is a socket type, `COMBO`, or (hidden section) the token that ComfyUI fills in.
    `options` are ComfyUI's: default, min, max, step, multiline, forceInput; a combo's choices
    are in `options["options"]`. What ComfyUI has no word for stands beside them:
    `resource` says what a text names (a model, a data set, a file to write), `mutates` that the
    node changes the value in place, `tiny` is the largest value under `--tiny`, `extends` that a
    larger value goes on from where a smaller one ended, and `example` a text that a user may type
    in.
    """

    name: str
    type: str
    section: Section = "required"
    options: Mapping[str, Any] = field(default_factory=dict)
    resource: str | None = None
    mutates: bool = False
    tiny: int | float | None = None
    extends: bool = False
    example: str | None = None

    @property
    def is_widget(self) -> bool:
        forced = self.options.get("forceInput") or (
            self.options.get("defaultInput") and self.section == "optional"
        )
        return self.section != "hidden" and self.type in WIDGET_TYPES and not forced

    @property
    def choices(self) -> tuple[Any, ...]:
        return tuple(self.options.get("options", ()))

    @property
    def initial(self) -> Any:
        """The value of a fresh widget: the default, else the editor's own for the type."""
        if "default" in self.options:
            return self.options["default"]
        if self.type == "COMBO":
            return self.choices[0] if self.choices else None
        return {"INT": 0, "FLOAT": 0.0, "BOOLEAN": False, "STRING": ""}.get(self.type)

    def widget_names(self) -> Iterator[str]:
        """Names of the places this input takes in `widgets_values`, the input's own first.

        The editor adds a control after integers called `seed` or `noise_seed`, and wherever
        `control_after_generate` asks for one; a combo's control comes with a filter.
        """
        yield self.name
        control = self.options.get("control_after_generate")
        implied = control is None and self.type == "INT" and self.name in ("seed", "noise_seed")
        if control or implied:
            yield f"{self.name}:control_after_generate"
            if self.type == "COMBO":
                yield f"{self.name}:control_filter_list"


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One output. `is_list` spreads a returned list over calls of the consumer."""

    type: str
    name: str
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """A node kind. `inputs` are in widget order: required, optional, hidden.

    `version` is part of the identity: raise it when the same inputs give another result.
    `volatile` nodes have no identity (they act on the world). Nodes with `reads` read files, whose
    contents are part of their identity; where those cannot be told before the run, what they and
    all behind them give is not served in another run. Nodes with `writes` leave files below the
    run's outputs, which they show as `files`: those are kept with the result. `random` nodes draw
    random numbers, so the run's seed is part of their identity. `echoes` names the input that a
    constant passes on as its first output, which lets a value be known before anything runs.

    What ComfyUI's classes have besides: `foreign` says that its rules hold for literals (see
    `plan/rules`), `asynchronous` that the function is a coroutine, `not_idempotent` that two nodes
    of equal inputs stay two, `shows_anyway` that what it showed is repeated when it is served from
    a store. `any_input` is the type of inputs that are not declared and taken all the same;
    `brought` gives the input of a name that is one of a pattern, such as any `case_<number>`.
    `own_checks` names the inputs whose value the class checks itself (`*` for all; `input_types`
    for the types of links), `watches` that it says of the world what is part of a result's identity
    (`Kind.changed`). `about` is what only an editor needs: deprecated, search_aliases, ….
    """

    class_type: str
    inputs: tuple[InputSpec, ...] = ()
    outputs: tuple[OutputSpec, ...] = ()
    title: str = ""
    category: str = ""
    description: str = ""
    version: int = 1
    output_node: bool = False
    input_is_list: bool = False
    volatile: bool = False
    reads: bool = False
    writes: bool = False
    random: bool = False
    echoes: str | None = None
    module: str = ""
    foreign: bool = False
    asynchronous: bool = False
    not_idempotent: bool = False
    shows_anyway: bool = False
    any_input: str | None = None
    brought: Callable[[str], InputSpec | None] | None = field(
        default=None, compare=False, repr=False
    )
    own_checks: frozenset[str] = frozenset()
    watches: bool = False
    about: Mapping[str, Any] = field(default_factory=dict)

    visible: tuple[InputSpec, ...] = field(init=False, compare=False, repr=False)
    """Inputs that a prompt may set."""
    hidden: tuple[InputSpec, ...] = field(init=False, compare=False, repr=False)
    lazy: frozenset[str] = field(init=False, compare=False, repr=False)
    raw: frozenset[str] = field(init=False, compare=False, repr=False)
    extending: frozenset[str] = field(init=False, compare=False, repr=False)
    """Names of inputs that are computed on demand, of those that get the link itself, and of those
    that say how far to go."""
    dynamic: bool = field(init=False, compare=False, repr=False)
    """Whether inputs come and go with the values of others."""
    settled: dict[Any, NodeSpec] = field(init=False, compare=False, repr=False)
    """Plain definitions of nodes of this kind, for `convert.dynamic` to remember."""
    _by_name: Mapping[str, InputSpec] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Asked for once per node and rule: worked out once per class.
        self._set("visible", tuple(i for i in self.inputs if i.section != "hidden"))
        self._set("hidden", tuple(i for i in self.inputs if i.section == "hidden"))
        self._set("lazy", frozenset(i.name for i in self.inputs if i.options.get("lazy")))
        self._set("raw", frozenset(i.name for i in self.inputs if i.options.get("rawLink")))
        self._set("extending", frozenset(i.name for i in self.inputs if i.extends))
        brings = self.brought is not None or any(i.type in DYNAMIC for i in self.inputs)
        self._set("dynamic", brings)
        self._set("settled", {})
        self._set("_by_name", {i.name: i for i in reversed(self.inputs)})

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def input(self, name: str) -> InputSpec | None:
        return self._by_name.get(name)

    @property
    def widgets(self) -> tuple[InputSpec, ...]:
        return tuple(i for i in self.inputs if i.is_widget)

    @property
    def storable(self) -> bool:
        """Whether results may be served again: only types that nothing changes in place."""
        return not self.volatile and all(o.type in STORABLE for o in self.outputs)

    @property
    def storable_slots(self) -> tuple[bool, ...]:
        """Which outputs may be served again, for those that go without the others."""
        return tuple([o.type in STORABLE and not self.volatile for o in self.outputs])
