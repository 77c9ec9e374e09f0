"""Low-rank adapters (peft's) in files: alone, or added to the weights they belong to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn

_WRAPPED, _BASE, _LORA = "base_model.model.", ".base_layer.", ".lora_"


def has_adapters(model: nn.Module) -> bool:
    """Whether any layer has an adapter."""
    return any(_LORA in name for name in model.state_dict())


def adapter(model: nn.Module) -> dict[str, Tensor]:
    """All but the encoder's own frozen weights: adapters, biases of their layers, the head."""
    trained = {name for name, value in model.named_parameters() if value.requires_grad}
    return {
        name: value
        for name, value in model.state_dict().items()
        if _WRAPPED not in name or _LORA in name or f"{_BASE}bias" in name or name in trained
    }


def merged(model: nn.Module) -> dict[str, Tensor]:
    """The weights that an encoder and its adapters amount to, under the encoder's own names."""
    found = {_plain(n): value for n, value in model.state_dict().items() if _LORA not in n}
    for name, module in model.named_modules():
        for one in getattr(module, "active_adapters", ()) if hasattr(module, "lora_A") else ():
            key = _plain(f"{name}{_BASE}weight")
            found[key] = found[key] + module.get_delta_weight(one)
    return found


def split(model: nn.Module, weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Merged weights as those of a model with adapters, which then add nothing."""
    own = model.state_dict()
    if weights.keys() != {_plain(name) for name in own if _LORA not in name}:
        return weights
    none = {n: torch.zeros_like(value) if "lora_B" in n else value for n, value in own.items()}
    return {name: none[name] if _LORA in name else weights[_plain(name)] for name in own}


def fingerprint(model: nn.Module, weights: Mapping[str, Tensor]) -> str:
    """Of what adapters in a file rely on: all other weights, and how adapters are scaled."""
    scale = getattr(model, "config", {}).get("lora", {}).get("alpha")
    found = hashlib.sha256(repr(scale).encode())
    for name, value in sorted(model.state_dict().items()):
        if name not in weights:
            found.update(name.encode())
            found.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return found.hexdigest()


def _plain(name: str) -> str:
    return name.replace(_WRAPPED, "").replace(_BASE, ".")
