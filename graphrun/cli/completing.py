"""`graphrun __complete`: what scripts for shells ask for while somebody types.

It has to answer before the next key, so it reads the file as plain JSON, and neither converts nor
checks it: of what is wrong with a file, nothing is said here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Any

_INPUTS = -10
"""The id that links of a subgraph have for its inputs."""

LARGEST = 64 << 20
"""Bytes of a file that is looked at."""


def main(words: Sequence[str]) -> int:
    """Print the addresses or the ids of the first workflow or prompt among these words."""
    kind, rest = (words[0], words[1:]) if words else ("", ())
    document = next(_documents(rest), None)
    if document is not None:
        found = _addresses(document) if kind == "addresses" else _ids(document)
        for line in dict.fromkeys(found):
            if line.isprintable() and " " not in line:
                print(line)  # `render` costs more than all of this
    return 0


def _documents(words: Sequence[str]) -> Iterator[dict[str, Any]]:
    for word in words:
        path = Path(word).expanduser()
        with suppress(OSError, ValueError, RecursionError):
            if path.is_file() and path.stat().st_size <= LARGEST:
                found = json.loads(path.read_bytes())
                if isinstance(found, dict) and any(True for _ in _nodes(found)):
                    yield found


def _addresses(document: Mapping[str, Any]) -> Iterator[str]:
    """`id.input=` of every value, then the same by class where one node has it."""
    nodes = list(_nodes(document))
    classes = [class_type for _, class_type, _ in nodes]
    for node_id, _, names in nodes:
        yield from (f"{node_id}.{name}=" for name in names)
    for _, class_type, names in nodes:
        if classes.count(class_type) == 1:
            yield from (f"{class_type}.{name}=" for name in names)


def _ids(document: Mapping[str, Any]) -> Iterator[str]:
    return (node_id for node_id, *_ in _nodes(document))


def _nodes(document: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Id, class and names of inputs that hold values, of a workflow or a prompt."""
    if not isinstance(document.get("nodes"), list):
        for node_id, node in document.items():
            if isinstance(node, dict) and isinstance(node.get("class_type"), str):
                inputs = node.get("inputs", {})
                yield node_id, node["class_type"], [n for n in inputs if not _is_link(inputs[n])]
        return
    definitions = document.get("definitions")
    listed = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    inner = {one.get("id"): one for one in listed or () if isinstance(one, dict)}
    waiting: list[tuple[str, list[Any], set[Any], int]] = [("", document["nodes"], set(), 0)]
    while waiting:
        prefix, nodes, promoted, depth = waiting.pop(0)
        for node in nodes:
            if not isinstance(node, dict) or not isinstance(node.get("type"), str):
                continue
            node_id = f"{prefix}{node.get('id')}"
            subgraph = inner.get(node["type"])
            if subgraph is None:
                names = _widgets(node, promoted)
                if names:
                    yield node_id, node["type"], names
            elif depth < 8 and isinstance(subgraph.get("nodes"), list):
                own = _promoted(subgraph)
                waiting.append((f"{node_id}:", subgraph["nodes"], own, depth + 1))


def _promoted(subgraph: Mapping[str, Any]) -> set[Any]:
    """The links from the inputs of a subgraph: what is behind them may hold a value."""
    links = [one for one in subgraph.get("links") or () if isinstance(one, dict)]
    return {one.get("id") for one in links if one.get("origin_id") == _INPUTS}


def _is_link(value: Any) -> bool:
    return isinstance(value, list)


def _widgets(node: Mapping[str, Any], promoted: set[Any]) -> list[str]:
    """Names of widgets that are not wired. Older files do not have them: then our schemas do."""
    inputs = [one for one in node.get("inputs") or () if isinstance(one, dict)]
    free = [one for one in inputs if one.get("link") is None or one["link"] in promoted]
    found = [str(one.get("name")) for one in free if one.get("widget")]
    if found or not node.get("widgets_values"):
        return found
    wired = {one.get("name") for one in inputs}
    return [name for name in _known(node["type"]) if name not in wired]


def _known(class_type: str) -> list[str]:
    for folder in ("nodes", "core"):
        place = resources.files("graphrun.schemas") / folder / f"{class_type}.json"
        with suppress(OSError, ValueError, KeyError, TypeError):
            fields = json.loads(place.read_bytes())["properties"]["inputs"]["properties"]
            return [name for name, field in fields.items() if "$ref" not in field]
    return []
