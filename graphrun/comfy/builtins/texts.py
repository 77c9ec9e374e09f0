"""Texts: joined, cut, searched and compared."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from graphrun.catalog.markers import Options, Range
from graphrun.catalog.node import Nodes
from graphrun.comfy.builtins._types import Long
from graphrun.errors import InputError

NODES = Nodes(category="text")

Rare = Options({"advanced": True})
Flag = Annotated[bool, Rare]

_CASES: dict[str, Callable[[str], str]] = {
    "UPPERCASE": str.upper,
    "lowercase": str.lower,
    "Capitalize": str.capitalize,
    "Title Case": str.title,
}
_TRIMS: dict[str, Callable[[str], str]] = {
    "Both": str.strip,
    "Left": str.lstrip,
    "Right": str.rstrip,
}
_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "Starts With": str.startswith,
    "Ends With": str.endswith,
    "Equal": str.__eq__,
}


@NODES.node("StringConcatenate", title="Concatenate Text")
def concatenate(string_a: Long, string_b: Long, delimiter: str = "") -> str:
    """Two texts in one, with the delimiter between them."""
    return f"{string_a}{delimiter}{string_b}"


@NODES.node("StringSubstring", title="Substring")
def substring(string: Long, start: int, end: int) -> str:
    """The characters from `start` up to `end`, which is left out. Negative: from the end."""
    return string[start:end]


@NODES.node("StringLength", title="Text Length", outputs=("length",))
def length(string: Long) -> int:
    """How many characters a text has."""
    return len(string)


@NODES.node("CaseConverter", title="Convert Text Case")
def change_case(
    string: Long, mode: Literal["UPPERCASE", "lowercase", "Capitalize", "Title Case"]
) -> str:
    """A text in capitals, small letters, or with a capital at its start or that of each word."""
    return _CASES[mode](string)


@NODES.node("StringTrim", title="Trim Text")
def trim(string: Long, mode: Literal["Both", "Left", "Right"]) -> str:
    """A text without the blanks around it."""
    return _TRIMS[mode](string)


@NODES.node("StringReplace", title="Replace Text")
def replace(string: Long, find: Long, replace: Long) -> str:
    """A text with every occurrence of `find` replaced."""
    return string.replace(find, replace)


@NODES.node("StringContains", title="Contains Text", outputs=("contains",))
def contains(string: Long, substring: Long, case_sensitive: Flag = True) -> bool:
    """Whether one text occurs in another."""
    return substring in string if case_sensitive else substring.lower() in string.lower()


@NODES.node("StringCompare", title="Compare Text")
def compare(
    string_a: Long,
    string_b: Long,
    mode: Literal["Starts With", "Ends With", "Equal"],
    case_sensitive: Flag = True,
) -> bool:
    """Whether the first text starts with, ends with or equals the second."""
    if not case_sensitive:
        string_a, string_b = string_a.lower(), string_b.lower()
    return _COMPARISONS[mode](string_a, string_b)


@NODES.node("RegexMatch", title="Match Text", outputs=("matches",))
def regex_match(
    string: Long,
    regex_pattern: Long,
    case_insensitive: Flag = True,
    multiline: Flag = False,
    dotall: Flag = False,
) -> bool:
    """Whether a regular expression matches anywhere. One that is none matches nothing."""
    try:
        flags = _flags(case_insensitive, multiline, dotall)
        return re.search(regex_pattern, string, flags) is not None
    except re.error:
        return False


@NODES.node("RegexExtract", title="Extract Text")
def regex_extract(
    string: Long,
    regex_pattern: Long,
    mode: Literal["First Match", "All Matches", "First Group", "All Groups"],
    *,
    case_insensitive: Flag = True,
    multiline: Flag = False,
    dotall: Flag = False,
    group_index: Annotated[int, Range(0, 100), Rare] = 1,
) -> str:
    """What a regular expression matches, or one of its groups, each on a line.

    No match, a group that is not there and an expression that is none give an empty text. All
    matches of an expression with several groups are the first groups of the matches.
    """
    try:
        flags = _flags(case_insensitive, multiline, dotall)
        pattern = re.compile(regex_pattern, flags)
    except re.error:
        return ""
    found = list(pattern.finditer(string))
    if mode == "All Matches":
        wanted = 1 if pattern.groups else 0
        return "\n".join(m[wanted] or "" for m in found)
    if mode == "First Match":
        return found[0][0] if found else ""
    if group_index > pattern.groups or (mode == "All Groups" and not pattern.groups):
        return ""
    groups = [m[group_index] or "" for m in found]
    return "\n".join(groups if mode == "All Groups" else groups[:1])


@NODES.node("RegexReplace", title="Replace Text (Regex)")
def regex_replace(
    string: Long,
    regex_pattern: Long,
    replace: Long,
    *,
    case_insensitive: Flag | None = True,
    multiline: Flag | None = False,
    dotall: Flag | None = False,
    count: Annotated[int, Range(0, 100), Rare] | None = 0,
) -> str:
    """A text with what a regular expression matches replaced; `\\1` stands for its first group.

    `count` is the largest number of replacements, 0 for all.

    Raises:
        InputError: the pattern is no regular expression, or the replacement names no group of it.
    """
    flags = _flags(bool(case_insensitive), bool(multiline), bool(dotall))
    try:
        pattern = re.compile(regex_pattern, flags)
    except re.error as error:
        message = f"{regex_pattern!r} is no regular expression: {error}"
        raise InputError(message, input="regex_pattern") from None
    try:
        return pattern.sub(replace, string, count=count or 0)
    except (re.error, IndexError) as error:
        message = f"{replace!r} cannot replace a match of {regex_pattern!r}: {error}"
        raise InputError(message, input="replace") from None


@NODES.node("JsonExtractString", title="Extract Text from JSON")
def json_extract(json_string: Long, key: str) -> str:
    """The value under a key of a JSON object as Python shows it.

    Empty for null, for a key that is not there, and for a text that is no JSON object.
    """
    try:
        found: Any = json.loads(json_string)
    except (ValueError, RecursionError):
        return ""
    value = found.get(key) if isinstance(found, dict) else None
    return "" if value is None else str(value)


def _flags(case_insensitive: bool, multiline: bool, dotall: bool) -> re.RegexFlag:
    flags = re.NOFLAG
    for given, flag in (
        (case_insensitive, re.IGNORECASE),
        (multiline, re.MULTILINE),
        (dotall, re.DOTALL),
    ):
        if given:
            flags |= flag
    return flags
