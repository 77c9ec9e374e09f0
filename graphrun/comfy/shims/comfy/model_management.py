"""Stand-in: which device the run computes on, how much memory there is, and stopping.

Nothing here keeps models in a store of its own: what a node loads lives as long as the engine
needs the node's result.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING, Any

from graphrun.catalog.running import CALL, settings
from graphrun.comfy import missing
from graphrun.errors import Cancelled

if TYPE_CHECKING:
    import torch

InterruptProcessingException = Cancelled


class VRAMState(Enum):
    """How models share the memory of a graphics card. Here it is always NORMAL_VRAM or DISABLED."""

    DISABLED = 0
    NO_VRAM = 1
    LOW_VRAM = 2
    NORMAL_VRAM = 3
    HIGH_VRAM = 4
    SHARED = 5


class CPUState(Enum):
    """The kind of machine."""

    GPU = 0
    CPU = 1
    MPS = 2


current_loaded_models: list[Any] = []
XFORMERS_IS_AVAILABLE = False
ENABLE_PYTORCH_ATTENTION = True
DISABLE_SMART_MEMORY = False
MIN_WEIGHT_MEMORY_RATIO = 0.4


def __getattr__(name: str) -> Any:
    """Values that depend on the run, or need torch."""
    match name:
        case "cpu_state":
            return CPUState[{"cuda": "GPU", "mps": "MPS"}.get(get_torch_device().type, "CPU")]
        case "vram_state" | "set_vram_to":
            gpu = get_torch_device().type == "cuda"
            return VRAMState.NORMAL_VRAM if gpu else VRAMState.DISABLED
        case "OOM_EXCEPTION":
            import torch

            return torch.OutOfMemoryError
        case "total_vram":
            return get_total_memory() / 2**20
        case "total_ram":
            return _host_memory()[0] / 2**20
        case "torch_version":
            import torch

            return str(torch.__version__)
    return _missing(name)


_missing = missing.names(
    __name__,
    "FP8_TYPES LoadedModel NUM_STREAMS cast_to_gathered device_supports_non_blocking "
    "free_pins get_gpu_device_options load_model_gpu loaded_models maximum_vram_for_weights "
    "minimum_inference_memory "
    "model_unload_pending pin_memory pytorch_attention_flash_attention sync_stream "
    "get_offload_stream unet_inital_load_device unpin_memory use_more_memory",
)


def get_torch_device() -> torch.device:
    """The device of the run: what `--device` says, or the best that there is."""
    import torch

    wanted = settings().device
    if wanted != "auto":
        return torch.device(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _cpu() -> torch.device:
    import torch

    return torch.device("cpu")


def _on_device(*args: Any, **kwargs: Any) -> torch.device:
    return get_torch_device()


def _on_cpu(*args: Any, **kwargs: Any) -> torch.device:
    return _cpu()


text_encoder_device = text_encoder_initial_device = vae_device = controlnet_device = _on_device
unet_offload_device = text_encoder_offload_device = vae_offload_device = _on_cpu
intermediate_device = _on_cpu


def get_torch_device_name(device: Any) -> str:
    """The name of a device, for messages."""
    import torch

    device = torch.device(device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    return f"{device} {name}".strip()


def is_device_type(device: Any, type: str) -> bool:
    """Whether a device, given as object or text, is of a type."""
    return str(getattr(device, "type", device)).partition(":")[0] == type


def is_device_cpu(device: Any) -> bool:
    """Whether it is the processor."""
    return is_device_type(device, "cpu")


def is_device_cuda(device: Any) -> bool:
    """Whether it is a graphics card that torch calls cuda."""
    return is_device_type(device, "cuda")


def is_device_mps(device: Any) -> bool:
    """Whether it is Apple's."""
    return is_device_type(device, "mps")


def is_nvidia() -> bool:
    """Whether the run computes on a card with CUDA proper."""
    import torch

    return is_device_cuda(get_torch_device()) and torch.version.cuda is not None


def is_amd() -> bool:
    """Whether the run computes on a card with ROCm."""
    import torch

    return is_device_cuda(get_torch_device()) and torch.version.cuda is None


def cpu_mode() -> bool:
    """Whether the run computes on the processor."""
    return is_device_cpu(get_torch_device())


def mps_mode() -> bool:
    """Whether the run computes on Apple's device."""
    return is_device_mps(get_torch_device())


def _never(*args: Any, **kwargs: Any) -> bool:
    return False


is_intel_xpu = is_ascend_npu = is_mlu = is_ixuca = is_directml_enabled = _never
xformers_enabled = xformers_enabled_vae = sage_attention_enabled = _never
flash_attention_enabled = supports_fp8_compute = device_should_use_non_blocking = _never
force_channels_last = is_wsl = extended_fp16_support = _never


def pytorch_attention_enabled() -> bool:
    """Always: attention is torch's own."""
    return True


def _memory(device: Any) -> tuple[int, int]:
    """Total and free bytes of a device, by default that of the run."""
    import torch

    device = get_torch_device() if device is None else torch.device(device)
    if device.type != "cuda":
        return _host_memory()
    free, total = torch.cuda.mem_get_info(device)
    return total, free


def _host_memory() -> tuple[int, int]:
    import psutil  # type: ignore[import-untyped,unused-ignore]

    memory = psutil.virtual_memory()
    return memory.total, memory.available


def get_total_memory(dev: Any = None, torch_total_too: bool = False) -> Any:
    """Bytes that a device has; twice if also those that torch can use are asked for."""
    total = _memory(dev)[0]
    return (total, total) if torch_total_too else total


def get_free_memory(dev: Any = None, torch_free_too: bool = False) -> Any:
    """Bytes that are free on a device; twice if also those that torch can use are asked for."""
    free = _memory(dev)[1]
    return (free, free) if torch_free_too else free


def soft_empty_cache(force: bool = False) -> None:
    """Give memory that torch holds without need back to the card."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def cleanup_models(*args: Any, **kwargs: Any) -> None:
    """Collect what nothing refers to any more: there is no store of models to clean."""
    gc.collect()


cleanup_models_gc = unload_all_models = free_memory = cleanup_models


def load_models_gpu(models: Iterable[Any], *args: Any, **kwargs: Any) -> None:
    """Move plain torch modules to the run's device, in place.

    Raises:
        NotOfferedName: one of them is no torch module, such as a patched diffusion model.
    """
    import torch

    for model in models:
        if not isinstance(model, torch.nn.Module):
            kind = type(model).__name__
            raise missing.NotOfferedName.of(f"{__name__}.load_models_gpu for a {kind}")
        model.to(get_torch_device())


def dtype_size(dtype: torch.dtype) -> int:
    """Bytes of one number."""
    return dtype.itemsize


def module_size(module: Any) -> int:
    """Bytes of a module's weights."""
    return sum(t.nelement() * t.element_size() for t in module.state_dict().values())


def should_use_fp16(device: Any = None, *args: Any, **kwargs: Any) -> bool:
    """Only on a card: processors compute slower in half precision."""
    return is_device_cuda(get_torch_device() if device is None else device)


def should_use_bf16(device: Any = None, *args: Any, **kwargs: Any) -> bool:
    """Only on a card that can compute in it."""
    import torch

    return should_use_fp16(device) and torch.cuda.is_bf16_supported()


def _full(*args: Any, **kwargs: Any) -> torch.dtype:
    import torch

    return torch.float32


unet_dtype = vae_dtype = text_encoder_dtype = intermediate_dtype = _full


def cast_to(
    weight: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False, **kwargs: Any
) -> Any:
    """A tensor in another type, on another device; a copy only where `copy` says so."""
    copy = bool(kwargs.get("copy", False))
    return weight.to(device=device, dtype=dtype, non_blocking=non_blocking, copy=copy)


def cast_to_device(tensor: Any, device: Any, dtype: Any, copy: bool = False) -> Any:
    """`cast_to` with its parameters in another order."""
    return cast_to(tensor, dtype, device, copy=copy)


def processing_interrupted() -> bool:
    """Whether the run was asked to stop."""
    return CALL.get().cancelled()


def throw_exception_if_processing_interrupted() -> None:
    """Leave the node if the run was asked to stop.

    Raises:
        Cancelled: it was.
    """
    if processing_interrupted():
        raise Cancelled


def interrupt_current_processing(value: bool = True) -> None:
    """Stop the run from inside of a node: at once, not at the next check as ComfyUI does."""
    if value:
        raise Cancelled
