"""Random mistakes in workflows and prompts, each with the nodes that it touches."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True)
class Mutation:
    """A document with one mistake. `touched` are the node that has it and its neighbours over the
    links that it changes; `path` leads to the place in the document, if that still has it."""

    name: str
    document: Document
    touched: frozenset[str]
    path: tuple[str | int, ...] = ()


def mutations(document: Document, number: int, seed: int) -> Iterator[Mutation]:
    """This many mutations of a document, the same ones every time."""
    draw = random.Random(seed)
    ui = isinstance(document.get("nodes"), list)
    kinds = UI if ui else API
    while number:
        kind = draw.choice(kinds)
        found = kind(copy.deepcopy(document), draw)
        if found is not None:
            number -= 1
            touched, path = found[1], found[2] if len(found) > 2 else ()
            yield Mutation(kind.__name__, found[0], frozenset(map(str, touched)), path)


def other_type(value: Any, draw: random.Random) -> Any:
    """A value of another JSON type."""
    choices = ["a text", 12, 2.5, True, None, {"a": 1}, [1, 2, 3], "", -1e30]
    return draw.choice([one for one in choices if type(one) is not type(value)])


def misspelt(word: str, draw: random.Random) -> str:
    """One letter more, less or other."""
    at = draw.randrange(len(word))
    return draw.choice((word[:at] + word[at + 1 :], f"{word[:at]}x{word[at:]}", word.swapcase()))


# Prompts


def _node(prompt: Document, draw: random.Random) -> tuple[str, Document]:
    node_id = draw.choice(list(prompt))
    return node_id, prompt[node_id]


def _is_link(value: Any) -> bool:
    return isinstance(value, list)


def _around(prompt: Document, node_id: str) -> set[str]:
    """A node, what feeds it, and what it feeds."""
    feeding = {v[0] for v in prompt[node_id]["inputs"].values() if _is_link(v)}
    fed = {
        other
        for other, node in prompt.items()
        if any(_is_link(v) and v[0] == node_id for v in node["inputs"].values())
    }
    return {node_id, *feeding, *fed}


def _input(node: Document, draw: random.Random, *, link: bool) -> str | None:
    names = [name for name, value in node["inputs"].items() if _is_link(value) is link]
    return draw.choice(names) if names else None


def change_type(prompt: Document, draw: random.Random) -> Any:
    node_id, node = _node(prompt, draw)
    name = _input(node, draw, link=False)
    if name is None:
        return None
    node["inputs"][name] = other_type(node["inputs"][name], draw)
    return prompt, {node_id}, (node_id, "inputs", name)


def rename_input(prompt: Document, draw: random.Random) -> Any:
    node_id, node = _node(prompt, draw)
    if not node["inputs"]:
        return None
    touched = _around(prompt, node_id)
    name = draw.choice(list(node["inputs"]))
    node["inputs"][misspelt(name, draw)] = node["inputs"].pop(name)
    return prompt, touched, (node_id,)


def delete_input(prompt: Document, draw: random.Random) -> Any:
    node_id, node = _node(prompt, draw)
    if not node["inputs"]:
        return None
    touched = _around(prompt, node_id)
    del node["inputs"][draw.choice(list(node["inputs"]))]
    return prompt, touched, (node_id,)


def delete_node(prompt: Document, draw: random.Random) -> Any:
    node_id, _ = _node(prompt, draw)
    touched = _around(prompt, node_id)
    del prompt[node_id]
    return prompt, touched


def rewire(prompt: Document, draw: random.Random) -> Any:
    node_id, node = _node(prompt, draw)
    name = _input(node, draw, link=True)
    if name is None:
        return None
    before = node["inputs"][name][0]
    target = draw.choice([*prompt, "no such node"])
    node["inputs"][name] = [target, draw.choice((0, 0, 1, 7, -1))]
    return prompt, {node_id, before, target}, (node_id, "inputs", name)


def misspell_class(prompt: Document, draw: random.Random) -> Any:
    node_id, node = _node(prompt, draw)
    touched = _around(prompt, node_id)
    node["class_type"] = misspelt(node["class_type"], draw)
    return prompt, touched, (node_id,)


def swap_inputs(prompt: Document, draw: random.Random) -> Any:
    node_id, node = _node(prompt, draw)
    if len(node["inputs"]) < 2:
        return None
    a, b = draw.sample(list(node["inputs"]), 2)
    node["inputs"][a], node["inputs"][b] = node["inputs"][b], node["inputs"][a]
    return prompt, _around(prompt, node_id), (node_id,)


def duplicate_node(prompt: Document, draw: random.Random) -> Any:
    node_id, node = _node(prompt, draw)
    prompt["copy"] = copy.deepcopy(node)
    return prompt, {*_around(prompt, node_id), "copy"}, ("copy",)


def drop_entry(prompt: Document, draw: random.Random) -> Any:
    node_id, node = _node(prompt, draw)
    key = draw.choice(("class_type", "inputs"))
    touched = _around(prompt, node_id)
    node[key] = None
    return prompt, touched, (node_id, key)


API: tuple[Callable[[Document, random.Random], Any], ...] = (
    change_type,
    change_type,
    rename_input,
    delete_input,
    delete_node,
    rewire,
    rewire,
    misspell_class,
    swap_inputs,
    duplicate_node,
    drop_entry,
)


# Workflows


def _drawn(workflow: Document, draw: random.Random) -> tuple[int, Document]:
    place = draw.randrange(len(workflow["nodes"]))
    return place, workflow["nodes"][place]


def _linked(workflow: Document, node_id: int) -> set[int]:
    ends = [(row[1], row[3]) for row in workflow["links"]]
    return {node_id, *(one for pair in ends if node_id in pair for one in pair)}


def corrupt_values(workflow: Document, draw: random.Random) -> Any:
    place, node = _drawn(workflow, draw)
    values = node.get("widgets_values")
    if not values:
        return None
    at = draw.randrange(len(values))
    match draw.randrange(6):
        case 0:
            del values[at]
        case 1:
            values.insert(at, other_type(values[at], draw))
        case 2:
            values[at] = other_type(values[at], draw)
        case 3:
            draw.shuffle(values)
        case 4:
            node["widgets_values"] = other_type([], draw)
        case 5:
            values.append("one more")
    return workflow, {node["id"]}, ("nodes", place)


def delete_drawn(workflow: Document, draw: random.Random) -> Any:
    place, node = _drawn(workflow, draw)
    touched = _linked(workflow, node["id"])
    del workflow["nodes"][place]
    return workflow, touched


def misspell_type(workflow: Document, draw: random.Random) -> Any:
    place, node = _drawn(workflow, draw)
    node["type"] = misspelt(node["type"], draw)
    return workflow, _linked(workflow, node["id"]), ("nodes", place)


def duplicate_drawn(workflow: Document, draw: random.Random) -> Any:
    _, node = _drawn(workflow, draw)
    workflow["nodes"].append(copy.deepcopy(node))
    touched = _linked(workflow, node["id"])
    if draw.random() < 0.5:  # with an id of its own
        workflow["nodes"][-1]["id"] = 9999
        touched.add(9999)
    return workflow, touched, ("nodes", len(workflow["nodes"]) - 1)


def change_mode(workflow: Document, draw: random.Random) -> Any:
    place, node = _drawn(workflow, draw)
    node["mode"] = draw.choice((2, 4, 7))
    return workflow, _linked(workflow, node["id"]), ("nodes", place)


def corrupt_link(workflow: Document, draw: random.Random) -> Any:
    if not workflow["links"]:
        return None
    place = draw.randrange(len(workflow["links"]))
    row = workflow["links"][place]
    touched = {row[1], row[3]}
    ids = [node["id"] for node in workflow["nodes"]]
    match draw.randrange(5):
        case 0:
            del workflow["links"][place]
            return workflow, touched
        case 1:
            row[1] = draw.choice([*ids, 8888])
        case 2:
            row[2] = draw.choice((1, 5, -1))
        case 3:
            row[3] = draw.choice([*ids, 8888])
        case 4:
            workflow["links"][place] = draw.choice((None, row[:3], "a link"))
    return workflow, {*touched, row[1], row[3]}, ("links", place)


def corrupt_sockets(workflow: Document, draw: random.Random) -> Any:
    place, node = _drawn(workflow, draw)
    sockets = node.get("inputs")
    if not sockets:
        return None
    touched = _linked(workflow, node["id"])
    at = draw.randrange(len(sockets))
    match draw.randrange(3):
        case 0:
            del sockets[at]
        case 1:
            sockets[at]["name"] = misspelt(sockets[at]["name"], draw)
        case 2:
            sockets[at]["link"] = draw.choice((None, 7777))
    return workflow, touched, ("nodes", place)


UI: tuple[Callable[[Document, random.Random], Any], ...] = (
    corrupt_values,
    corrupt_values,
    corrupt_values,
    delete_drawn,
    misspell_type,
    duplicate_drawn,
    change_mode,
    corrupt_link,
    corrupt_link,
    corrupt_sockets,
)
