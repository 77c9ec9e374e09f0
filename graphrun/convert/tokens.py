"""`%date:FORMAT%` and `%Node.widget%` in file names, which the editor replaces when it exports."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from graphrun.convert.graph import Node
from graphrun.convert.values import Values

SAVERS = frozenset(
    {
        "CLIPSave",
        "LoraSave",
        "ModelSave",
        "Save3DAdvanced",
        "SaveAnimatedPNG",
        "SaveAnimatedWEBP",
        "SaveAudio",
        "SaveAudioAdvanced",
        "SaveAudioMP3",
        "SaveAudioOpus",
        "SaveGLB",
        "SaveGaussianSplat",
        "SaveImage",
        "SaveImageAdvanced",
        "SaveLatent",
        "SavePointCloud",
        "SaveSVGNode",
        "SaveVideo",
        "SaveWEBM",
        "VAESave",
    }
)
"""Classes whose `filename_prefix` has tokens replaced."""

_TOKEN = re.compile(r"%([^%]+)%")
_DATE_PART = re.compile(r"yyyy|yy|d{1,2}|M{1,2}|h{1,2}|m{1,2}|s{1,2}")
_UNSAFE = re.compile(r'[/?<>\\:*|"\x00-\x1f\x7f-\x9f]')


def has_tokens(node: Node, name: str) -> bool:
    """Whether the editor replaces tokens in a widget of a node."""
    return name == "filename_prefix" and node.type in SAVERS


def replaces_tokens(primitive: Node) -> bool:
    """Whether a primitive asks for tokens in its value to be replaced."""
    properties = primitive.data.get("properties") or {}
    return bool(properties.get("Run widget replace on values"))


@dataclass(frozen=True)
class Tokens:
    """Replaces tokens. The clock is read once, and only if a text asks for the date."""

    nodes: Iterable[Node]
    values: Values
    clock: Callable[[], datetime]

    @cached_property
    def now(self) -> datetime:
        return self.clock()

    def replaced(self, text: str) -> str:
        """The text with tokens replaced; what is unknown here is left to the server."""
        return _TOKEN.sub(lambda match: self._one(match.group(1), match.group(0)), text)

    def _one(self, token: str, whole: str) -> str:
        if token.startswith("date:"):
            return date_text(self.now, token.removeprefix("date:"))
        name, dot, widget = token.partition(".")
        node = self._node(name) if dot else None
        found = self.values.of(node).get(widget) if node else None
        if found is None or found.value is None:
            return whole
        return _UNSAFE.sub("_", _shown(found.value))

    def _node(self, name: str) -> Node | None:
        return self._by_alias.get(name) or self._by_title.get(name)

    @cached_property
    def _by_alias(self) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for node in self.nodes:
            alias = (node.data.get("properties") or {}).get("Node name for S&R")
            alias = alias or (node.type if node.type not in SAVERS else None)
            if isinstance(alias, str):
                found.setdefault(alias, node)
        return found

    @cached_property
    def _by_title(self) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for node in self.nodes:
            found.setdefault(node.title, node)
        return found


def date_text(now: datetime, format: str) -> str:
    """A date as the editor writes it: `d` is 2, `dd` is 02, `M` are months and `m` minutes."""
    parts = {"d": now.day, "M": now.month, "h": now.hour, "m": now.minute, "s": now.second}

    def part(match: re.Match[str]) -> str:
        word = match.group(0)
        if word[0] == "y":
            return f"{now.year:04d}"[-len(word) :]
        return f"{parts[word[0]]:0{len(word)}d}"

    return _DATE_PART.sub(part, format)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value)
