"""Attention of texts that lie one after the other, each of which attends to itself alone.

transformers calls `attend` under the name `NAME`, through its interface for attention functions.
On a CPU a text is computed by itself; with dropout by `_Dropped`, as torch then has no kernel but
draws a number for every weight and keeps every matrix it makes. On a GPU the kernels for texts of
different lengths are used.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

NAME = "graphrun_texts"
ARGUMENT = "graphrun_texts"
"""The keyword under which `attend` is given its `Texts`, through all layers."""

BLOCK = 1 << 18
"""Attention weights computed at a time by a thread: a megabyte, as the caches of a core hold it."""

_LEVELS = 1 << 16


@dataclass
class Texts:
    """Lengths of the texts of a batch, in the order they lie in, and how often they were used."""

    lengths: tuple[int, ...]
    device: torch.device
    calls: int = 0

    @cached_property
    def ends(self) -> list[int]:
        """Where each text begins, and where the last ends."""
        return [0, *accumulate(self.lengths)]

    @cached_property
    def bounds(self) -> Tensor:
        """`ends` on the device, as kernels of a GPU take them: int32, (texts + 1,)."""
        return torch.tensor(self.ends, dtype=torch.int32).to(self.device, non_blocking=True)


@cache
def register() -> None:
    """Make `attend` known to transformers. There is no mask: a text's bounds are in `Texts`."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, lambda *_, **__: None)


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None = None,
    *,
    scaling: float | None = None,
    dropout: float = 0.0,
    **given: Any,
) -> tuple[Tensor, None]:
    """Attention (1, T, heads, F) of query, key and value (1, heads, T, F), text by text.

    Raises:
        RuntimeError: it is not said where texts begin and end, or it does not fit the tokens.
    """
    texts = given.get(ARGUMENT)
    if not isinstance(texts, Texts) or attention_mask is not None:
        raise RuntimeError("texts without padding need their lengths, and have no mask")
    if query.shape[0] != 1 or not query.shape[2] == key.shape[2] == texts.ends[-1]:
        found = f"query {tuple(query.shape)} and key {tuple(key.shape)}"
        raise RuntimeError(f"texts of {texts.ends[-1]} tokens in all do not fit {found}")
    texts.calls += 1
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    if query.is_cuda:
        parts = [part[0].transpose(0, 1) for part in (query, key, value)]
        return _on_gpu(*parts, texts, dropout=dropout, scale=scale).unsqueeze(0), None
    # In half precision weights need a wider type, which torch's own way has.
    exact = query.dtype in (torch.float32, torch.float64)
    if 0 < dropout < 1 and query.device.type == "cpu" and exact:
        how = _How(texts, dropout, scale, seed=int(torch.randint(2**63 - 1, ())))
        output: Tensor = _Dropped.apply(query[0], key[0], value[0], how)
        return output.unsqueeze(0), None
    return _by_text(query, key, value, texts, dropout=dropout, scale=scale), None


def _by_text(q: Tensor, k: Tensor, v: Tensor, texts: Texts, **options: Any) -> Tensor:
    # Parts of one split: the gradient of a slice is as large as what it was taken from.
    parts = zip(*(x.split(texts.lengths, dim=2) for x in (q, k, v)), strict=True)
    dropout, scale = options["dropout"], options["scale"]
    outputs = [
        nn.functional.scaled_dot_product_attention(*part, dropout_p=dropout, scale=scale)
        for part in parts
    ]
    return torch.cat([output.transpose(1, 2) for output in outputs], dim=1)


def _on_gpu(
    q: Tensor, k: Tensor, v: Tensor, texts: Texts, *, dropout: float, scale: float
) -> Tensor:
    """Attention (T, heads, F) of tensors of that shape."""
    ends, longest = texts.bounds, max(texts.lengths)
    if q.dtype in (torch.float16, torch.bfloat16) and _has_flash(q.device):
        if _has_flash_attn():
            from flash_attn import flash_attn_varlen_func

            options: dict[str, Any] = {"dropout_p": dropout, "softmax_scale": scale}
            # torch's own asks for itself.
            options["deterministic"] = torch.are_deterministic_algorithms_enabled()
            found: Tensor = flash_attn_varlen_func(q, k, v, ends, ends, longest, longest, **options)
            return found
        if not dropout:  # torch's own has none
            from torch.nn.attention.varlen import varlen_attn

            return varlen_attn(q, k, v, ends, ends, longest, longest, scale=scale)
    shortest = min(texts.lengths)
    # The bounds are given, as a jagged tensor would ask the GPU for them and wait.
    jagged = [
        torch.nested.nested_tensor_from_jagged(
            x.contiguous(), ends.long(), min_seqlen=shortest, max_seqlen=longest
        ).transpose(1, 2)
        for x in (q, k, v)
    ]
    output = nn.functional.scaled_dot_product_attention(*jagged, dropout_p=dropout, scale=scale)
    return output.transpose(1, 2).values()


@cache
def _has_flash(device: torch.device) -> bool:
    """Whether a device has what flash attention needs."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


@cache
def _has_flash_attn() -> bool:
    return importlib.util.find_spec("flash_attn") is not None


class _How(NamedTuple):
    texts: Texts
    dropout: float
    scale: float
    seed: int


class _Dropped(torch.autograd.Function):
    """softmax(q kᵀ) with dropout, times v, for each text: (T, heads, F) of (heads, T, F).

    Weights are computed in blocks that stay in the caches, and again for the gradient, so nothing
    as large as a matrix of weights is kept. What is dropped comes from a generator of its own,
    which torch's generator gives the seed: one number a call, so that runs repeat, and so that the
    gradient finds the same again.
    """

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, how: _How) -> Tensor:
        ctx.how = how
        output = q.new_empty(q.shape[1], q.shape[0], v.shape[2])
        turned = output.transpose(0, 1)
        for block, weights, kept, gain in _blocks(ctx.how, q, k):
            weights.mul_(kept)
            _product(turned[block], weights, v[block], gain)
        ctx.save_for_backward(q, k, v, output)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, output = ctx.saved_tensors
        grads = [torch.empty_like(output).transpose(0, 1) for _ in range(3)]
        of_q, of_k, of_v = grads
        grad = grad.transpose(0, 1)
        # A row of weights times their gradients, without the weights.
        inner = (grad * output.transpose(0, 1)).sum(-1, keepdim=True)
        spare = q.new_empty(_largest(q, ctx.how.texts))
        for block, weights, kept, gain in _blocks(ctx.how, q, k):
            moved = spare[: weights.numel()].view_as(weights)
            torch.mul(weights, kept, out=moved)
            _product(of_v[block], moved.transpose(1, 2), grad[block], gain)
            _product(moved, grad[block], v[block].transpose(1, 2), gain)
            moved.mul_(kept).sub_(inner[block]).mul_(weights)
            _product(of_q[block], moved, k[block], ctx.how.scale)
            _product(of_k[block], moved.transpose(1, 2), q[block], ctx.how.scale)
        return *grads, None


def _blocks(
    how: _How, q: Tensor, k: Tensor
) -> Iterator[tuple[tuple[slice, slice], Tensor, Tensor, float]]:
    """Some heads of a text at a time: the block, its weights, which are kept (1, else 0), a factor.

    Weights (heads, S, S) are before dropout. Both tensors are overwritten by the next block.
    """
    least = min(round(how.dropout * _LEVELS), _LEVELS - 1)
    bits, room = np.random.SFC64(how.seed), _largest(q, how.texts)
    weights, kept = q.new_empty(room), q.new_empty(room)
    for start, size in zip(how.texts.ends, how.texts.lengths, strict=False):
        step = _heads(size, len(q))
        words = -(-size * size // 4)
        for head in range(0, len(q) if size else 0, step):
            block = slice(head, head + step), slice(start, start + size)
            heads = len(q[block])
            shape = heads, size, size
            some, keep = (x[: heads * size * size].view(shape) for x in (weights, kept))
            _product(some, q[block], k[block].transpose(1, 2), how.scale)
            torch.softmax(some, -1, out=some)
            # Four draws a word. Heads begin with a word, so that blocks of any size draw the same.
            drawn = torch.from_numpy(bits.random_raw(heads * words).view(np.int16))
            drawn = drawn.view(heads, -1)[:, : size * size].view(shape)
            torch.ge(drawn, least - _LEVELS // 2, out=keep)
            yield block, some, keep, _LEVELS / (_LEVELS - least)


def _heads(size: int, most: int) -> int:
    """How many heads of a text to compute at a time."""
    return max(1, min(most, BLOCK * torch.get_num_threads() // max(1, size * size)))


def _largest(q: Tensor, texts: Texts) -> int:
    return max((_heads(size, len(q)) * size * size for size in texts.lengths), default=0)


def _product(out: Tensor, a: Tensor, b: Tensor, factor: float) -> None:
    """out = factor · a b, for each head."""
    torch.baddbmm(out, a, b, beta=0, alpha=factor, out=out)
