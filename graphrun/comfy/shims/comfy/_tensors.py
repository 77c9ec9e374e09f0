"""Small helpers on tensors and dictionaries of weights that `comfy.utils` offers."""

from __future__ import annotations

import functools
import math
import zlib
from collections import Counter
from collections.abc import Mapping
from typing import Any


def repeat_to_batch_size(tensor: Any, batch_size: int, dim: int = 0) -> Any:
    """Exactly `batch_size` entries along `dim`: from the start again, or the first ones only."""
    count = tensor.shape[dim]
    if count < batch_size:
        repeats = [1] * tensor.ndim
        repeats[dim] = math.ceil(batch_size / count)
        tensor = tensor.repeat(repeats)
    return tensor.narrow(dim, 0, batch_size)


def resize_to_batch_size(tensor: Any, batch_size: int) -> Any:
    """Exactly `batch_size` entries, spread evenly over those that there are.

    Fewer: picked from the first to the last one. More: each is repeated about equally often.
    """
    import torch

    count = tensor.shape[0]
    if count == batch_size:
        return tensor
    if batch_size <= 1:
        return tensor[:batch_size]
    steps = range(batch_size)
    if batch_size < count:
        scale = (count - 1) / (batch_size - 1)
        picked = [min(round(step * scale), count - 1) for step in steps]
    else:
        picked = [min(math.floor((step + 0.5) * count / batch_size), count - 1) for step in steps]
    return tensor[torch.tensor(picked, device=tensor.device)]


def reshape_mask(input_mask: Any, output_shape: Any) -> Any:
    """A mask in the size of `output_shape`, with its number of channels and pictures."""
    import torch

    dims = len(output_shape) - 2
    mode = {1: "linear", 2: "bilinear", 3: "trilinear"}[dims]
    if input_mask.ndim < dims + 2:
        channels = input_mask.shape[1] if dims == 3 and input_mask.ndim == 4 else 1
        lead = (1, 1, -1) if dims == 3 and channels > 1 else (-1, 1)
        shape = input_mask.shape[-2:] if dims > 1 else input_mask.shape[-1:]
        input_mask = input_mask.reshape(*lead, *([1] * (dims + 2 - len(lead) - len(shape))), *shape)
    mask = torch.nn.functional.interpolate(input_mask, size=tuple(output_shape[2:]), mode=mode)
    if mask.shape[1] < output_shape[1]:
        mask = mask.repeat(1, output_shape[1], *([1] * dims))[:, : output_shape[1]]
    return repeat_to_batch_size(mask, output_shape[0])


def calculate_parameters(sd: Mapping[str, Any], prefix: str = "") -> int:
    """The number of weights under the keys that begin with `prefix`."""
    return sum(value.nelement() for key, value in sd.items() if key.startswith(prefix))


def weight_dtype(sd: Mapping[str, Any], prefix: str = "") -> Any:
    """The type that most weights under `prefix` have; None if there are none."""
    counts: Counter[Any] = Counter()
    for key, value in sd.items():
        if key.startswith(prefix):
            counts[value.dtype] += value.numel()
    return counts.most_common(1)[0][0] if counts else None


def state_dict_key_replace(sd: dict[str, Any], keys_to_replace: Mapping[str, str]) -> Any:
    """Rename keys, in place."""
    for old, new in keys_to_replace.items():
        if old in sd:
            sd[new] = sd.pop(old)
    return sd


def state_dict_prefix_replace(
    sd: dict[str, Any], replace_prefix: Mapping[str, str], filter_keys: bool = False
) -> Any:
    """Rename beginnings of keys, in place; `filter_keys` gives a new dictionary of those only."""
    out = {} if filter_keys else sd
    for old, new in replace_prefix.items():
        for key in [key for key in sd if key.startswith(old)]:
            out[new + key.removeprefix(old)] = sd.pop(key)
    return out


def get_attr(obj: Any, attr: str) -> Any:
    """An attribute by dotted path."""
    return functools.reduce(getattr, attr.split("."), obj)


def set_attr(obj: Any, attr: str, value: Any) -> Any:
    """Set an attribute by dotted path; returns what was there."""
    *path, last = attr.split(".")
    owner = functools.reduce(getattr, path, obj)
    previous = getattr(owner, last)
    setattr(owner, last, value)
    return previous


def set_attr_param(obj: Any, attr: str, value: Any) -> Any:
    """`set_attr` with the tensor as a parameter that is not trained."""
    import torch

    return set_attr(obj, attr, torch.nn.Parameter(value, requires_grad=False))


def copy_to_param(obj: Any, attr: str, value: Any) -> None:
    """Write a tensor's values into the parameter at a dotted path."""
    get_attr(obj, attr).data.copy_(value)


def string_to_seed(data: str | bytes) -> int:
    """A seed from a text: its CRC-32."""
    return zlib.crc32(data.encode() if isinstance(data, str) else bytes(data))
