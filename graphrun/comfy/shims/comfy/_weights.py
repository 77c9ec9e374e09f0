"""Files of weights. What would run code when it is read is refused by torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SAFE = (".safetensors", ".sft")


def load_torch_file(
    ckpt: str | Path,
    safe_load: bool = False,
    device: Any = None,
    return_metadata: bool = False,
) -> Any:
    """The tensors of a file by name; always the safe way, whatever `safe_load` says.

    Raises:
        UnpicklingError: a file of another format than safetensors holds more than tensors.
    """
    import torch

    path, metadata = Path(ckpt), None
    where = "cpu" if device is None else str(device)
    if path.suffix.lower() in _SAFE:
        from safetensors import safe_open

        with safe_open(path, framework="pt", device=where) as file:
            metadata = file.metadata()
            found: Any = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    else:
        loaded = torch.load(path, map_location=where, weights_only=True)
        found = loaded.get("state_dict", loaded) if isinstance(loaded, dict) else loaded
    return (found, metadata) if return_metadata else found


def save_torch_file(
    sd: Mapping[str, Any], ckpt: str | Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors as safetensors."""
    from safetensors.torch import save_file

    save_file(dict(sd), str(ckpt), metadata=dict(metadata) if metadata else None)
