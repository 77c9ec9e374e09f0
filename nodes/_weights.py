"""Weights on disk: safetensors, written whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from graphrun.node import InputError

from ._lora import adapter, fingerprint, has_adapters, merged, split

PARTS = {"adapter": adapter, "merged": merged}


def save_weights(model: nn.Module, path: Path, *, requested: str = "", part: str = "") -> Path:
    """Write a model's weights and what it is; returns the real path.

    `part` may be `adapter` or `merged`, see `_lora`.

    The tensors are copied to the CPU. The header's metadata hold `graphrun.model`, the model's
    own `config` as JSON, and under `graphrun.requested` the file name the user asked for.

    Raises:
        OSError: the file could not be written; nothing of it is left and what was there stays.
    """
    target = Path(os.path.realpath(path))
    # Copies, because tensors that share memory cannot be stored.
    tensors = {
        name: value.detach().to("cpu", copy=True).contiguous()
        for name, value in PARTS.get(part, nn.Module.state_dict)(model).items()
        if isinstance(value, Tensor)
    }
    config: Any = getattr(model, "config", None)
    if part == "merged" and config and "lora" in config:
        config = {**config, "class": "PtnHfFineTunedClassificationModel"}
        del config["lora"]
    metadata = {
        "format": "pt",
        "graphrun.model": json.dumps(config, default=str),
        "graphrun.requested": requested or target.name,
    }
    if part == "adapter":
        metadata["graphrun.base"] = fingerprint(model, tensors)
    _write(tensors, metadata, target, asked=path)
    return target


def read_weights(path: Path) -> Mapping[str, Tensor]:
    """The tensors of a file by name, on the CPU: safetensors, or a torch state dict.

    What the file is, its first bytes tell. Nothing but tensors is ever unpickled.

    Raises:
        InputError: the file is neither, is damaged, or holds more than tensors.
    """
    try:
        if is_safetensors(path):
            from safetensors.torch import load_file

            return load_file(path, device="cpu")
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # both libraries raise many kinds
        raise _unreadable(path, error) from error
    if not isinstance(found, Mapping) or not all(isinstance(v, Tensor) for v in found.values()):
        message = f"{path} holds {type(found).__name__}, not a state dict of tensors by name"
        raise InputError(message, input="model_path", code="not_weights")
    return found


def noted(path: Path, key: str) -> str | None:
    """What graphrun wrote into the header of a file, as `requested`; None for others."""
    if not path.is_file() or not is_safetensors(path):
        return None
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    found: str | None = header.get("__metadata__", {}).get(f"graphrun.{key}")
    return found


def load_into(model: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Put weights into a model, all of them and nothing else.

    Merged weights and adapters alone are completed first, see `_lora`.

    Raises:
        InputError: names or shapes differ, or adapters are of another encoder; the model is
            unchanged.
    """
    own, base = model.state_dict(), noted(path, "base")
    if base and has_adapters(model):
        if base != fingerprint(model, weights):
            message = f"{path} holds adapters of another encoder, or for another lora_alpha"
            raise InputError(message, input="model_path", code="weights_do_not_fit")
        weights = {**{name: own[name] for name in own.keys() - adapter(model).keys()}, **weights}
    weights = split(model, weights)
    shapes = [
        f"{name} {tuple(weights[name].shape)} instead of {tuple(own[name].shape)}"
        for name in own.keys() & weights.keys()
        if own[name].shape != weights[name].shape
    ]
    groups = {
        "missing": [name for name in own if name not in weights],
        "unexpected": [name for name in weights if name not in own],
        "of another shape": sorted(shapes),
    }
    problems = [_some(what, names) for what, names in groups.items() if names]
    if problems:
        message = f"{path} does not fit {type(model).__name__}: {'; '.join(problems)}"
        raise InputError(message, input="model_path", code="weights_do_not_fit")
    model.load_state_dict(dict(weights), strict=True)


def is_safetensors(path: Path) -> bool:
    """Whether a file starts as safetensors do: a length, then a JSON header of that length."""
    with path.open("rb") as file:
        start = file.read(9)
        size = os.fstat(file.fileno()).st_size
    return len(start) == 9 and start[8:] == b"{" and int.from_bytes(start[:8], "little") <= size - 8


def _write(
    tensors: dict[str, Tensor], metadata: dict[str, str], target: Path, *, asked: Path
) -> None:
    """Write a file whole or not at all; errors speak of the path that was asked for."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    # Not made of the target's name, which may be as long as names can be.
    part = target.with_name(f".{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, part, metadata=metadata)
        _sort(part)
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    except (OSError, SafetensorError) as error:
        why = getattr(error, "strerror", None) or error
        raise OSError(f"cannot write {asked}: {why}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _sort(path: Path) -> None:
    """The same weights are to be the same bytes, and the library shuffles the header."""
    compact: Any = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}
    with path.open("r+b") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.dumps(json.loads(file.read(size)), **compact).encode()
        file.seek(8)
        file.write(header.ljust(size))


def _some(what: str, names: list[str]) -> str:
    more = ", ..." if len(names) > 3 else ""
    return f"{len(names)} {what}: {', '.join(names[:3])}{more}"


def _unreadable(path: Path, error: Exception) -> InputError:
    if type(error).__name__ == "UnpicklingError":
        message = f"{path} is no file of weights, or holds more and could run code; it is refused"
        hint = "torch.save(model.state_dict(), PATH), or PtSaveModel, writes a file that is safe"
        return InputError(message, input="model_path", code="unsafe_file", hint=hint)
    message = f"{path} cannot be read as weights: {error}"
    return InputError(message, input="model_path", code="unreadable_weights")


def _sync(path: Path) -> None:
    """Make sure that a file, or the entries of a folder, are on the disk."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:  # Windows does not open folders
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
