"""What a table of a configuration or of a test says of a model or data set name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphrun.catalog.running import Alias


def alias(value: str | Mapping[str, Any], base: Path) -> Alias:
    """An alias from a path, or from a table with one; paths are relative to `base`.

    Raises:
        ValueError: what is wrong with it.
    """
    table: Mapping[str, Any] = {"path": value} if isinstance(value, str) else value
    unknown = table.keys() - {"path", "text", "label", "labels", "splits"}
    if unknown:
        known = "text, label, labels, split.NAME"
        raise ValueError(f"unknown option {', '.join(sorted(unknown))}; known: {known}")
    if "path" not in table:
        raise ValueError("the path is missing")
    for key in ("path", "text", "label"):
        if not isinstance(table.get(key, ""), str):
            raise ValueError(f"{key} = {table[key]!r} is not a text")
    labels, splits = table.get("labels", []), table.get("splits", {})
    if not isinstance(labels, list) or not all(isinstance(one, str) for one in labels):
        raise ValueError(f"labels = {labels!r} is not a list of class names")
    if len(set(labels)) != len(labels):
        raise ValueError(f"labels = {labels!r} names a class twice")
    if not isinstance(splits, dict) or not all(isinstance(v, str) for v in splits.values()):
        raise ValueError(f"splits = {splits!r} is not a table of files")
    try:
        path = Path(table["path"]).expanduser()
    except RuntimeError as error:
        raise ValueError(f"{table['path']}: {str(error).lower()}") from error
    return Alias(base / path, table.get("text"), table.get("label"), tuple(labels), splits)
