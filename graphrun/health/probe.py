"""Imports libraries or packs in a process of its own, and tells of each in a line of JSON.

    python -P -m graphrun.health.probe libraries numpy torch
    python -P -m graphrun.health.probe packs my_pack

A library that ends its process, or never comes back, is the one after the last line.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any


def main(kind: str, names: list[str]) -> None:
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    for line in (_libraries if kind == "libraries" else _packs)(names):
        told.write(json.dumps(line, default=str) + "\n")
        told.flush()


def _libraries(names: list[str]) -> Any:
    for name in names:
        yield {"begin": name}
        try:
            module = import_module(name)
            yield {"name": name, "facts": _torch(module) if name == "torch" else {}}
        except BaseException as error:
            yield {"name": name, "error": _words(error)}


def _words(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _torch(torch: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "version": torch.__version__,
        "cuda": torch.version.cuda,
        "hip": torch.version.hip,
        "threads": torch.get_num_threads(),
        "devices": [],
        "mps": bool(torch.backends.mps.is_available()),
    }
    with suppress(Exception):
        found["driver"] = torch.cuda.is_available()
        for index in range(torch.cuda.device_count()):
            about = torch.cuda.get_device_properties(index)
            size = about.total_memory >> 20
            found["devices"].append({"name": about.name, "memory_mb": size})
    with suppress(Exception):
        precision = import_module("graphrun_nodes._fitting.precision").Precision
        kind = "cuda" if found["devices"] else "mps" if found["mps"] else "cpu"
        picked = precision.pick(torch.device(kind))
        found["precision"], found["reason"] = picked.name, picked.reason
    return found


def _packs(names: list[str]) -> Any:
    from graphrun.catalog import Catalog
    from graphrun.comfy import loading
    from graphrun.errors import PackError

    yield {"begin": "installed packs"}
    try:
        catalog = Catalog.installed()
        for pack in catalog.packs:
            yield {"name": pack.name, "classes": len(list(pack.names()))}
        yield from ({"failed": str(one.message)} for one in catalog.notes)
    except Exception as error:
        yield {"failed": _words(error)}
    for name in names:
        yield {"begin": name}
        try:
            packs, notes = loading.load([name])
        except PackError as error:
            yield {"failed": str(error.diagnostics[0].message), "hint": error.diagnostics[0].hint}
            continue
        for pack in packs:
            yield {"name": pack.name, "classes": len(list(pack.names()))}
        for one in notes:
            if one.severity == "warning":
                yield {"failed": one.message, "hint": one.hint}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
