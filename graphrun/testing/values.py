"""What nodes give, as something that can be written down; tensors and tables are described.

The libraries of tensors and tables are imported by whoever makes some: what is of a library that
is not there is none of its values.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from typing import Any

INLINE = 64
"""Numbers of a tensor or table that are written down one by one; of more there are statistics."""

LONGEST = 4000
"""Characters of a text, or of a list as JSON, that are written down; of more there is a digest."""


def tensor(value: Any) -> Any:
    """A tensor or an array as a tensor on the CPU; None for everything else."""
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    if torch is not None and isinstance(value, torch.Tensor):
        found = value.detach().to("cpu").resolve_conj().resolve_neg()
        return found.to_dense() if found.layout != torch.strided else found
    if numpy is not None and isinstance(value, numpy.ndarray) and value.dtype.kind in "biufc":
        from torch import from_numpy

        return from_numpy(numpy.array(value))  # a copy: it may be read only
    return None


def frame(value: Any) -> Any:
    """A table of pandas, a column as one with a single column; None for everything else."""
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return None
    if isinstance(value, pandas.Series):
        return value.to_frame()
    return value if isinstance(value, pandas.DataFrame) else None


def described(value: Any) -> dict[str, Any]:
    """A value as JSON: its type, and as much of shape, dtype, digest and numbers as it has.

    What is no tensor, table or JSON has its type alone.
    """
    name = type(value).__name__
    if (found := tensor(value)) is not None:
        return {"type": name, **_tensor(found)}
    if (table := frame(value)) is not None:
        return {"type": name, **_frame(table)}
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return {"type": name}
    shape = {"length": len(value)} if isinstance(value, str | list | tuple | dict) else {}
    held = {"value": json.loads(text)} if len(text) <= LONGEST else {}
    return {"type": name, **shape, "digest": _digest(text.encode()), **held}


def plain(value: Any) -> Any:
    """A value as numbers, texts and lists, if it is not too large for that; else as it is."""
    if (found := tensor(value)) is not None:
        return found.tolist() if found.numel() <= LONGEST and not found.is_complex() else value
    if (table := frame(value)) is not None:
        return table.to_numpy().tolist() if table.size <= LONGEST else value
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        return value.item()
    return value


def shown(value: Any) -> str:
    """A value in a message: short, and for what is large its type and shape."""
    facts = described(value)
    if "value" in facts:
        text = json.dumps(facts["value"], ensure_ascii=False)
        return text if len(text) <= 80 else f"{text[:77]}…"
    return summary(facts)


def summary(facts: Mapping[str, Any]) -> str:
    """A description as one text: `Tensor[2, 3] float32`, `DataFrame[10, 2]`."""
    shape = list(facts["shape"]) if "shape" in facts else None
    text: str = facts["type"] + (str(shape) if shape is not None else "")
    if "dtype" in facts:
        text += f" {facts['dtype']}"
    if "length" in facts and "value" not in facts:
        text += f" of length {facts['length']}"
    return text


def _tensor(found: Any) -> dict[str, Any]:
    import torch

    dtype = str(found.dtype).removeprefix("torch.")
    facts = {"shape": list(found.shape), "dtype": dtype}
    head = f"{dtype} {facts['shape']}\n".encode()
    flat = found.reshape(-1).contiguous()
    facts["digest"] = _digest(head + flat.view(torch.uint8).numpy().tobytes())
    if found.is_complex() or not found.numel():
        return facts
    if found.numel() <= INLINE:
        return {**facts, "values": _finite(found.tolist())}
    return {**facts, "statistics": statistics(found)}


def statistics(found: Any) -> dict[str, Any]:
    """Mean, deviation, least and largest number of a tensor that holds some."""
    numbers = found.double()
    figures = {
        "mean": numbers.mean().item(),
        "std": numbers.std(correction=0).item(),
        "min": numbers.min().item(),
        "max": numbers.max().item(),
    }
    return {name: _finite(number) for name, number in figures.items()}


def _frame(table: Any) -> dict[str, Any]:
    text = table.to_csv(lineterminator="\n")
    facts = {
        "shape": list(table.shape),
        "columns": [str(name) for name in table.columns],
        "digest": _digest(text.encode()),
    }
    if table.size <= INLINE:
        rows = json.loads(table.to_json(orient="values", double_precision=15))
        return {**facts, "values": rows}
    numbers = table.select_dtypes("number")
    means = {str(name): _finite(float(column.mean())) for name, column in numbers.items()}
    exact = table.select_dtypes(exclude=["floating", "complexfloating"])
    digest = _digest(exact.to_csv(lineterminator="\n").encode())
    return {**facts, "statistics": means, "exact": digest}


def _finite(value: Any) -> Any:
    """JSON has no NaN: as in reports, it is written as the text "nan"."""
    from graphrun.report.report import finite

    return finite(value)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
