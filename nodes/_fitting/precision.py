"""What number formats a training computes in: the run's `precision`, on a device.

Weights, gradients, losses and what optimizers remember are float32 with all of them. In bf16 and
fp16 the model is called under torch's autocast; in fp16 the loss is scaled, so that small gradients
are not lost. In tf32 the factors of products are rounded to 10 bits by the GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

import torch
from torch import Tensor
from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer

from graphrun.node import InputError

P = ParamSpec("P")
T = TypeVar("T")

NAMES = ("auto", "fp32", "tf32", "bf16", "fp16")
_NARROW = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Precision:
    """A precision on a device; `reason` says in words why it is this one.

        precision = Precision.pick(device, settings().precision)
        call = precision.around(model)
        with precision.switched():
            for x, y in batches:
                loss = criterion(call(x), y)
                precision.backward(loss)
                precision.step(optimizer)

    In fp32 nothing is done but what torch does by itself, to the last bit on a CPU.
    """

    name: str
    device: torch.device
    reason: str
    scaler: GradScaler | None = field(default=None, compare=False)

    @classmethod
    def pick(cls, device: torch.device, asked: str = "auto") -> Precision:
        """The precision that was asked for, with `auto` the fastest that trains as well.

        Raises:
            InputError: the device cannot compute in it.
        """
        if asked not in NAMES:
            raise _refusal(asked, f"is none of {', '.join(NAMES)}", "auto")
        if asked == "auto":
            name, reason = _automatic(device)
            return cls(name, device, reason)
        if why := obstacle(asked, device):
            raise _refusal(asked, why, "bf16" if not obstacle("bf16", device) else "fp32")
        reason = "as asked for"
        if asked in _NARROW and device.type == "cpu" and not _has_amx():
            reason += f", though this CPU is slower in {asked} than in fp32"
        # The scaler keeps its scale where gradients are.
        return cls(asked, device, reason, GradScaler(device.type) if asked == "fp16" else None)

    @property
    def narrow(self) -> torch.dtype | None:
        """The type that the model computes in under autocast, None without."""
        return _NARROW.get(self.name)

    def around(self, call: Callable[P, T]) -> Callable[P, T]:
        """The same call in this precision. What it gives is float32 again, for the loss."""
        if self.narrow is None:
            return call

        def inside(*args: P.args, **kwargs: P.kwargs) -> T:
            with torch.autocast(self.device.type, dtype=self.narrow):
                given = call(*args, **kwargs)
            widened: T = _widened(given)
            return widened

        return inside

    @contextmanager
    def switched(self) -> Iterator[None]:
        """Have products of float32 computed in this precision, until the end of the block.

        That is a switch of the whole process, and is as it was before afterwards. Gradients are
        computed by products too, so that the block is around all of a training.
        """
        if self.device.type != "cuda":
            yield
            return
        cudnn: Any = torch.backends.cudnn
        parts = torch.backends.cuda.matmul, cudnn.conv, cudnn.rnn
        before = [part.fp32_precision for part in parts]
        _allow_tf32(self.name == "tf32", self.name == "tf32")
        try:
            yield
        finally:
            _allow_tf32(before[0] == "tf32", before[1] == "tf32")
            for part, value in zip(parts, before, strict=True):
                part.fp32_precision = value

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of a loss, scaled with fp16, to those that are there."""
        torch.autograd.backward(loss if self.scaler is None else self.scaler.scale(loss))

    def step(self, optimizer: Optimizer, ready: Callable[[], object] | None = None) -> None:
        """A step of the optimizer. `ready` is called when gradients are what they are, unscaled.

        That is where norms are clipped. With fp16 a step whose gradients are not finite is left
        out, and the next loss is scaled by less.
        """
        if self.scaler is None:
            if ready is not None:
                ready()
            optimizer.step()
            return
        if ready is not None:
            self.scaler.unscale_(optimizer)
            ready()
        self.scaler.step(optimizer)
        self.scaler.update()

    def state(self) -> dict[str, Any]:
        """What the steps so far have changed: numbers, none but with fp16."""
        return dict(self.scaler.state_dict()) if self.scaler is not None else {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`. One of another precision has nothing to say here."""
        if self.scaler is not None and state:
            self.scaler.load_state_dict(dict(state))


def _allow_tf32(products: bool, convolutions: bool) -> None:
    """Set the older switches, or those who ask by their names are told of a mixture."""
    torch.backends.cuda.matmul.allow_tf32 = products
    torch.backends.cudnn.allow_tf32 = convolutions


def _automatic(device: torch.device) -> tuple[str, str]:
    """The name of a precision, and why it is the one."""
    if device.type == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16", "this GPU computes in bf16"
        if torch.cuda.is_tf32_supported():
            return "tf32", "this GPU has tf32 and no bf16"
        return "fp32", "this GPU has neither bf16 nor tf32; fp16 is used when it is asked for"
    if device.type == "cpu":
        if _has_amx():
            return "bf16", "this CPU has AMX"
        return "fp32", "this CPU is slower in bf16"
    return "fp32", f"bf16 is used on {device.type} when it is asked for"


def obstacle(name: str, device: torch.device) -> str:
    """Why a device cannot compute in a precision; nothing if it can."""
    if name == "fp32":
        return ""
    if name == "tf32":
        if device.type != "cuda":
            return f"is a format of NVIDIA's GPUs, and this is computed on {device.type}"
        return "" if torch.cuda.is_tf32_supported() else "is nothing that this GPU has"
    if not torch.amp.is_autocast_available(device.type):
        return f"is nothing that torch {torch.__version__} can train in on {device.type}"
    if device.type == "cuda" and name == "bf16":
        supported = torch.cuda.is_bf16_supported(including_emulation=False)
        return "" if supported else "is nothing that this GPU has"
    if device.type == "mps" and name == "fp16":
        return "needs losses to be scaled in float64, which mps does not have"
    return ""


def _has_amx() -> bool:
    told = getattr(torch.cpu, "get_capabilities", dict)  # torch 2.10 has no word for it
    return bool(told().get("amx_bf16", False))


def _widened(value: Any) -> Any:
    """The same with tensors of a narrow type as float32."""
    if isinstance(value, Tensor):
        return value.float() if value.dtype in _NARROW.values() else value
    if type(value) in (list, tuple):
        return type(value)(_widened(one) for one in value)
    return value


def _refusal(asked: str, why: str, instead: str) -> InputError:
    hint = f"--precision {instead}, or leave it out"
    return InputError(f"the precision {asked} {why}", code="precision_unavailable", hint=hint)
