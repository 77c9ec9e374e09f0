"""How much work a batch is for a transformer encoder, and how much a device can do.

Work is counted in floating-point operations that are of use: matrix products of the encoder's
layers over real tokens, as in appendix B of PaLM (Chowdhery et al., 2022). With S tokens a text and
width d, a layer whose matrices have P entries (4d² + 2·d·ff in all models known here) takes

    forward     2·P a token and 4·S²·d a text
    backward    once more where gradients pass through the layer, which they do from the lowest
                layer with something trained on (attention: twice more, as both factors of its
                products have gradients), and 2 a token for each entry that is trained

so that a training of everything is three times its forward passes. Matrices of adapters count like
others. Layers that share weights (ALBERT) are counted as often as they are computed. Padding,
embeddings, poolers, heads and what is computed entry by entry do not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from .._torch import is_full

_KINDS = frozenset({"albert", "bert", "distilbert", "electra", "roberta"})


@dataclass(frozen=True)
class Cost:
    """FLOPs of an encoder: by token and by pair of tokens of one text, forward and backward."""

    token: float
    pair: float
    token_back: float
    pair_back: float

    def flops(self, lengths: Sequence[int], *, training: bool) -> float:
        """Of texts with so many real tokens: forward, and backward too in a training."""
        tokens, pairs = sum(lengths), sum(length * length for length in lengths)
        forward = tokens * self.token + pairs * self.pair
        return forward + training * (tokens * self.token_back + pairs * self.pair_back)


def cost(model: nn.Module) -> Cost | None:
    """What a model's encoder costs as it is now frozen; None if it is of no known kind."""
    core = next((part for part in model.modules() if _is_encoder(part)), None)
    if core is None:
        return None
    layers = _layers(core)
    width = core.config.hidden_size
    passes = any(_trained(part) for name, part in core.named_children() if "embeddings" in name)
    token = pair = token_back = pair_back = 0.0
    for layer in layers:
        weights = [part.weight for part in layer.modules() if isinstance(part, nn.Linear)]
        passes = passes or _trained(layer)
        own = 2.0 * sum(weight.numel() for weight in weights)
        token += own
        pair += 4.0 * width
        token_back += passes * own
        token_back += 2.0 * sum(weight.numel() for weight in weights if weight.requires_grad)
        pair_back += passes * 8.0 * width
    return Cost(token, pair, token_back, pair_back)


def _is_encoder(part: Any) -> bool:
    """Whether a module is transformers' own encoder, without a head, of a known kind."""
    config, kind = getattr(part, "config", None), type(part)
    known = getattr(config, "model_type", None) in _KINDS and hasattr(part, "embeddings")
    own = kind.__module__.startswith("transformers.models.") and kind.__name__.endswith("Model")
    return known and own and not getattr(config, "is_decoder", False)


def _layers(core: Any) -> list[nn.Module]:
    """The layers in the order in which they are computed, shared ones several times."""
    if core.config.model_type == "distilbert":
        return list(core.transformer.layer)
    if core.config.model_type != "albert":
        return list(core.encoder.layer)
    groups, count = core.encoder.albert_layer_groups, core.config.num_hidden_layers
    order = (groups[number * len(groups) // count] for number in range(count))
    return [layer for group in order for layer in group.albert_layers]


def _trained(part: nn.Module) -> bool:
    return any(one.requires_grad for one in part.parameters())


def lengths_of(x: Any) -> Sequence[int] | None:
    """How many real tokens each text of a batch has: of texts one after the other, which say so,
    or of [ids, mask], each (N, L). None of what is no texts, and of masks on a GPU, which would
    have to be waited for.
    """
    match getattr(x, "lengths", x):
        case tuple() as lengths if lengths and all(isinstance(one, int) for one in lengths):
            return lengths
        case [torch.Tensor() as ids, torch.Tensor() as mask] if ids.shape == mask.shape:
            if ids.dim() == 2 and mask.device.type == "cpu" and not ids.is_floating_point():
                found: list[int] = (mask != 0).sum(1).tolist()
                return found
    return None


class Work:
    """What was done in a pass. Lengths are on the host: a GPU is not waited for."""

    def __init__(self, cost: Cost | None, *, training: bool) -> None:
        self.rows, self.tokens, self.flops = 0, 0, 0.0
        self._cost, self._training = cost, training
        self._texts = 0

    def add(self, rows: int, lengths: Sequence[int] | None = None) -> None:
        """A batch of so many rows; of texts, the number of real tokens of each."""
        self.rows += rows
        if lengths is not None:
            self._texts += len(lengths)
            self.tokens += sum(lengths)
            if self._cost is not None:
                self.flops += self._cost.flops(lengths, training=self._training)

    def rates(self, seconds: float, *, peak: float | None = None) -> dict[str, float]:
        """`samples_per_s`; of texts `tokens_per_s`; of known encoders `flops_per_s`, and the
        `peak_share` that this is of a device's `peak` (FLOP/s).

        What is known of some rows only is left out.
        """
        if seconds <= 0 or not self.rows:
            return {}
        found = {"samples_per_s": self.rows / seconds}
        if self._texts == self.rows:
            found["tokens_per_s"] = self.tokens / seconds
            if self._cost is not None:
                found["flops_per_s"] = self.flops / seconds
                if peak:
                    found["peak_share"] = found["flops_per_s"] / peak
        return found


_peaks: dict[tuple[str, torch.dtype], float] = {}


def matmul_peak(device: torch.device, dtype: torch.dtype = torch.float32) -> float | None:
    """FLOP/s of large matrix products on a device, measured once a process, in about 0.2 s.

    It is what products reach with the threads and the precision that torch is set to, not what a
    data sheet promises. None if there is no memory left for it. No random generator of torch's own
    is drawn from.
    """
    key = str(device), dtype
    if key not in _peaks:
        try:
            _peaks[key] = _measured(device, dtype)
        except Exception as error:
            if not is_full(error):
                raise
            return None
    return _peaks[key]


def peak_of(device: torch.device, dtype: torch.dtype) -> float | None:
    """The FLOP/s of `matmul_peak`, of float32 if it is faster than the type that is asked for.

    That is so where narrow numbers have no units of their own, and some of a model stays float32.
    """
    found = (matmul_peak(device, one) for one in {dtype, torch.float32})
    return max(filter(None, found), default=None)


@torch.no_grad()
def _measured(device: torch.device, dtype: torch.dtype) -> float:
    """The best of products that get larger, as large ones are what a device is fastest at.

    They do until one takes a hundredth of a second. What disturbs a measurement makes it slower.
    """
    generator = torch.Generator(device).manual_seed(0)
    wait, until = _waiting(device), time.perf_counter() + 0.15
    best, size, took = 0.0, 128, 0.0
    a, b = _factors(size, dtype, generator)
    while not best or time.perf_counter() < until:
        if took < 0.01 and size < 8192:
            size *= 2
            a, b = _factors(size, dtype, generator)
        torch.mm(a[:64], b)  # libraries are loaded by the first product
        wait()
        start = time.perf_counter()
        torch.mm(a, b)
        wait()
        took = max(time.perf_counter() - start, 1e-9)
        best = max(best, 2.0 * size**3 / took)
    return best


def _factors(
    size: int, dtype: torch.dtype, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Numbers like those of a network: GPUs multiply zeros faster."""
    options: Any = {"dtype": dtype, "generator": generator, "device": generator.device}
    return torch.randn(size, size, **options), torch.randn(size, size, **options)


def _waiting(device: torch.device) -> Callable[[], Any]:
    """What waits until a device has done all it was asked for."""
    if device.type == "cuda":
        return lambda: torch.cuda.synchronize(device)
    return torch.mps.synchronize if device.type == "mps" else lambda: None
