"""Schema: what a node of the third API says about itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from graphrun.comfy.v3.dynamic import declared
from graphrun.comfy.v3.hidden import Hidden
from graphrun.comfy.v3.ports import Input, Output

_FOR_OUTPUT_NODES = (Hidden.prompt, Hidden.extra_pnginfo)
_FOR_API_NODES = (
    Hidden.auth_token_comfy_org,
    Hidden.api_key_comfy_org,
    Hidden.comfy_usage_source,
)


@dataclass
class PriceBadgeDepends:
    """The inputs that a price depends on."""

    widgets: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    input_groups: list[str] = field(default_factory=list)

    def validate(self) -> None:
        """Raise ValueError unless all three are lists of names."""
        for name, given in vars(self).items():
            if not isinstance(given, list) or not all(isinstance(n, str) for n in given):
                raise ValueError(f"depends_on.{name} is a list of names, not {given!r:.60}")

    def as_dict(self, schema_inputs: Iterable[Input]) -> dict[str, Any]:
        """The names, those of widgets with their types."""
        types: dict[str, str] = {}
        for entry in schema_inputs:
            types[entry.id] = entry.get_io_type()
            types |= {f"{entry.id}.{n.id}": n.get_io_type() for n in entry.get_all()[1:]}
        for name in self.widgets:
            if name not in types:
                known = ", ".join(types)
                raise ValueError(f"the price depends on {name}, which is no input: {known}")
        widgets = [{"name": name, "type": types[name]} for name in self.widgets]
        return {"widgets": widgets, "inputs": self.inputs, "input_groups": self.input_groups}


@dataclass
class PriceBadge:
    """What the editor says a call costs, as an expression that it evaluates itself."""

    expr: str
    depends_on: PriceBadgeDepends = field(default_factory=PriceBadgeDepends)
    engine: str = "jsonata"

    def validate(self) -> None:
        """Raise ValueError if the expression is empty or in another language than jsonata."""
        if self.engine != "jsonata":
            raise ValueError(f"the engine of a price is jsonata, not {self.engine!r}")
        if not isinstance(self.expr, str) or not self.expr.strip():
            raise ValueError("the expression of a price is empty")
        self.depends_on.validate()

    def as_dict(self, schema_inputs: Iterable[Input]) -> dict[str, Any]:
        """The badge in a definition."""
        depends_on = self.depends_on.as_dict(schema_inputs)
        return {"engine": self.engine, "depends_on": depends_on, "expr": self.expr}


@dataclass
class NodeInfoV1:
    """A node kind as `/object_info` has it."""

    input: Any = None
    input_order: Any = None
    is_input_list: bool | None = None
    output: Any = None
    output_is_list: Any = None
    output_name: Any = None
    output_tooltips: Any = None
    output_matchtypes: Any = None
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    python_module: Any = None
    category: str | None = None
    output_node: bool | None = None
    deprecated: bool | None = None
    experimental: bool | None = None
    dev_only: bool | None = None
    api_node: bool | None = None
    price_badge: Any = None
    search_aliases: Any = None
    essentials_category: str | None = None
    has_intermediate_output: bool | None = None


@dataclass
class Schema:
    """A node kind: its name, inputs, outputs and how it wants to be called.

    `is_input_list` gets every input as a list, in one call. `is_output_node` makes it an end of the
    graph. `not_idempotent` keeps two nodes with equal inputs two. `enable_expand` allows it to
    return a graph, `accept_all_inputs` hands it values that the schema does not name, and
    `has_intermediate_output` shows again what it showed when its result comes from a store.
    """

    node_id: str
    display_name: str | None = None
    category: str = "sd"
    inputs: list[Input] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    hidden: list[Hidden] = field(default_factory=list)
    description: str = ""
    search_aliases: list[str] = field(default_factory=list)
    is_input_list: bool = False
    is_output_node: bool = False
    is_deprecated: bool = False
    is_experimental: bool = False
    is_dev_only: bool = False
    is_api_node: bool = False
    price_badge: PriceBadge | None = None
    not_idempotent: bool = False
    enable_expand: bool = False
    accept_all_inputs: bool = False
    essentials_category: str | None = None
    has_intermediate_output: bool = False
    loop_boundary: Any = None

    def validate(self) -> None:
        """Raise ValueError for ids that are there twice, and for inputs that make no sense."""
        problems = [
            f"{self.node_id}: two {what}s are called {name}"
            for what, ports in (("input", self.inputs), ("output", self.outputs))
            for name, count in Counter(port.id for port in ports).items()
            if count > 1
        ]
        if problems:
            raise ValueError("; ".join(problems))
        for port in (*self.inputs, *self.outputs):
            port.validate()
        if self.price_badge is not None:
            self.price_badge.validate()

    def finalize(self) -> None:
        """Add the hidden values that its kind of node has, and name the outputs without an id."""
        self.inputs = list(self.inputs or ())
        self.outputs = list(self.outputs or ())
        wanted = [
            *(self.hidden or ()),
            *(_FOR_API_NODES if self.is_api_node else ()),
            *(_FOR_OUTPUT_NODES if self.is_output_node else ()),
        ]
        self.hidden = list(dict.fromkeys(Hidden(entry) for entry in wanted))
        for index, output in enumerate(self.outputs):
            if output.id is None:
                output.id = f"_{index}_{output.io_type}_"

    def get_v1_info(self, cls: Any) -> NodeInfoV1:
        """The definition in the form of the first API."""
        inputs = declared(self.inputs)
        if self.hidden:
            inputs["hidden"] = {entry.name: (entry.value,) for entry in self.hidden}
        matching = [
            getattr(getattr(o, "template", None), "template_id", None) for o in self.outputs
        ]
        price = self.price_badge
        return NodeInfoV1(
            input=inputs,
            input_order={section: list(names) for section, names in inputs.items()},
            is_input_list=self.is_input_list,
            output=[o.io_type for o in self.outputs],
            output_is_list=[o.is_output_list for o in self.outputs],
            output_name=[o.name for o in self.outputs],
            output_tooltips=[o.tooltip or None for o in self.outputs],
            output_matchtypes=matching if any(matching) else None,
            name=self.node_id,
            display_name=self.display_name,
            description=self.description,
            python_module=getattr(cls, "RELATIVE_PYTHON_MODULE", None) or "nodes",
            category=self.category,
            output_node=self.is_output_node,
            deprecated=self.is_deprecated,
            experimental=self.is_experimental,
            dev_only=self.is_dev_only,
            api_node=self.is_api_node,
            price_badge=None if price is None else price.as_dict(self.inputs),
            search_aliases=self.search_aliases or None,
            essentials_category=self.essentials_category,
            has_intermediate_output=self.has_intermediate_output,
        )
