"""Rules about nodes and links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from graphrun.catalog import Catalog, NodeSpec, connects
from graphrun.convert.roles import VIRTUAL
from graphrun.documents import BadLink, Link, Prompt, PromptNode
from graphrun.errors import Diagnostic
from graphrun.plan.cycles import find_cycle
from graphrun.plan.static import givers, outputs, spec_of

Specs = Mapping[str, NodeSpec]


def not_empty(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    if not prompt.nodes:
        yield Diagnostic(
            "empty_prompt",
            f"{prompt.name}: there is no node to run",
            hint="notes, muted and bypassed nodes do not run" if prompt.workflow else None,
        )


_NOT_LOADED = frozenset({"malformed_node", "missing_pack", "not_offered"})
"""Notes about packs that could not be loaded: the class may be one of theirs."""

_SHOWN = 8
"""Nodes that a hint lists."""


def known_classes(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    """What is the same for many nodes is said at the first of them."""
    notes = specs.notes if isinstance(specs, Catalog) else ()
    general = [note.message for note in notes if note.code in _NOT_LOADED]
    general.append(
        "`graphrun nodes` lists the installed classes; to check and convert those of others, "
        "give their definitions with --object-info FILE"
    )
    unknown = [node for node in prompt.nodes.values() if node.class_type not in specs]
    packs = _packs(unknown)
    for node in unknown:
        hints = []
        near = specs.near(node.class_type) if isinstance(specs, Catalog) else []
        if near:
            hints.append(f"did you mean {' or '.join(near)}?")
        if node.id in packs:
            hints.append(packs[node.id])
        hints += general
        general = []
        yield Diagnostic(
            "missing_node_type",
            f"{node.label}: no installed pack has the class {node.class_type!r}",
            node.id,
            hint="; ".join(hints) or None,
        )


def _packs(unknown: Iterable[PromptNode]) -> dict[str, str]:
    """What the file says of the packs that nodes come from, by the first node of each pack."""
    nodes: dict[str, list[PromptNode]] = {}
    for node in unknown:
        if node.pack:
            nodes.setdefault(node.pack, []).append(node)
    found = {}
    for pack, of_it in nodes.items():
        versions = list(dict.fromkeys(n.pack_version for n in of_it if n.pack_version))
        named = f"{pack} {' or '.join(versions)}" if versions else pack
        ids = ", ".join(n.id for n in of_it[:_SHOWN])
        more = f", … {len(of_it) - _SHOWN} more" if len(of_it) > _SHOWN else ""
        what = "it comes" if len(of_it) == 1 else f"nodes {ids}{more} come"
        found[of_it[0].id] = f"the file says that {what} from the pack {named}"
    return found


def without_code(class_type: str, specs: Catalog) -> tuple[str, str]:
    """Why nodes of a class do not run here, and the way out."""
    if class_type in VIRTUAL:
        return f"{class_type} is a note of the editor and does nothing", "leave the node out"
    if specs.interface_only(class_type):
        return (
            f"graphrun knows what {class_type} looks like, and has no code for it",
            f"--pack DIR with a pack that brings {class_type}, or run the file in ComfyUI, which "
            "has it",
        )
    return (
        f"the definition of {class_type!r} is known from a file, but no installed pack brings its "
        "code",
        f"install a graphrun pack with the class {class_type}; `graphrun nodes` lists what there "
        "is",
    )


def interface_only(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    """Once a class: that a file is right does not mean that it runs here."""
    if not isinstance(specs, Catalog):
        return
    first: dict[str, PromptNode] = {}
    for node in prompt.nodes.values():
        first.setdefault(node.class_type, node)
    for class_type, node in first.items():
        if specs.interface_only(class_type):
            what, hint = without_code(class_type, specs)
            message = f"{node.label}: {what}"
            yield Diagnostic("interface_only", message, node.id, severity="warning", hint=hint)


def has_outputs(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    known = all(node.class_type in specs for node in prompt.nodes.values())
    if prompt.nodes and known and not outputs(prompt, specs):
        yield Diagnostic(
            "prompt_no_outputs",
            f"{prompt.name}: no node shows or saves anything, so there is nothing to run for",
            hint="add a display node such as PandasShowText behind the last node",
        )


def linked_nodes_exist(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    for node in prompt.nodes.values():
        for name, value in node.inputs.items():
            if isinstance(value, BadLink):
                yield Diagnostic(
                    "bad_linked_input",
                    f"{node.label}: {name} is {str(value.value)[:80]}, which is not a link "
                    "[node id, output number]",
                    node.id,
                    name,
                    hint='a list as a value is written {"__value__": [...]}',
                )
            elif isinstance(value, Link) and value.node_id not in prompt.nodes:
                spec = specs.get(node.class_type)
                wanted = spec.input(name) if spec else None
                yield Diagnostic(
                    "bad_linked_input",
                    f"{node.label}: {name} is linked to node {value.node_id}, which does not exist",
                    node.id,
                    name,
                    hint=givers(prompt, specs, wanted.type, but=node.id) if wanted else None,
                )


def slots_exist(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    for node in prompt.nodes.values():
        for name, link in node.links():
            source = prompt.nodes.get(link.node_id)
            spec = specs.get(source.class_type) if source else None
            if source and spec and not 0 <= link.slot < len(spec.outputs):
                names = ", ".join(f"{i} {o.name}" for i, o in enumerate(spec.outputs))
                yield Diagnostic(
                    "slot_out_of_range",
                    f"{node.label}: {name} is linked to output {link.slot} of {source.label}",
                    node.id,
                    name,
                    hint=f"it has the outputs: {names}" if names else "it has no outputs",
                )


def link_types(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    for node in prompt.nodes.values():
        spec = spec_of(node, specs)
        for name, link in node.links():
            wanted = spec.input(name) if spec else None
            source = prompt.nodes.get(link.node_id)
            given = specs.get(source.class_type) if source else None
            if wanted and wanted.section == "hidden":
                continue  # its type is a token; what is linked to it is passed as it is
            if not wanted or not source or not given or not 0 <= link.slot < len(given.outputs):
                continue
            output = given.outputs[link.slot]
            own = spec is not None and "input_types" in spec.own_checks
            if not own and not connects(output.type, wanted.type):
                yield Diagnostic(
                    "return_type_mismatch",
                    f"{node.label}: {name} takes {wanted.type}, but output {link.slot} "
                    f"({output.name}) of {source.label} gives {output.type}",
                    node.id,
                    name,
                    hint=_fitting(given, wanted.type)
                    or givers(prompt, specs, wanted.type, but=node.id),
                )


def no_cycle(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    cycle = find_cycle(prompt)
    if cycle is None:
        return
    names = [f"{i} ({prompt.nodes[i].class_type})" for i in cycle]
    if len(names) > 12:
        names[6:-5] = [f"… {len(names) - 11} more …"]
    consumer, producer = cycle[0], cycle[-1]
    name = next(n for n, link in prompt.nodes[consumer].links() if link.node_id == producer)
    yield Diagnostic(
        "dependency_cycle",
        f"these nodes wait for each other: {' → '.join([*names, names[0]])}",
        consumer,
        name,
        hint="cut one of the links",
    )


def _fitting(given: NodeSpec, wanted: str) -> str | None:
    fitting = [f"{i} ({o.name})" for i, o in enumerate(given.outputs) if connects(o.type, wanted)]
    return f"output {' or '.join(fitting)} of that node would fit" if fitting else None
