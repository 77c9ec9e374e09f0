"""Stand-in: progress, sizes of pictures and files of weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from comfy._tensors import (  # type: ignore[import-not-found,unused-ignore]
    calculate_parameters,
    copy_to_param,
    get_attr,
    repeat_to_batch_size,
    reshape_mask,
    resize_to_batch_size,
    set_attr,
    set_attr_param,
    state_dict_key_replace,
    state_dict_prefix_replace,
    string_to_seed,
    weight_dtype,
)
from comfy._tiles import (  # type: ignore[import-not-found,unused-ignore]
    get_tiled_scale_steps,
    tiled_scale,
)
from comfy._weights import (  # type: ignore[import-not-found,unused-ignore]
    load_torch_file,
    save_torch_file,
)
from graphrun.catalog.running import CALL
from graphrun.comfy import missing

__all__ = [
    "ProgressBar",
    "bislerp",
    "calculate_parameters",
    "common_upscale",
    "copy_to_param",
    "get_attr",
    "get_tiled_scale_steps",
    "lanczos",
    "load_torch_file",
    "repeat_to_batch_size",
    "reshape_mask",
    "resize_to_batch_size",
    "save_torch_file",
    "set_attr",
    "set_attr_param",
    "set_progress_bar_enabled",
    "set_progress_bar_global_hook",
    "state_dict_key_replace",
    "state_dict_prefix_replace",
    "string_to_seed",
    "tiled_scale",
    "weight_dtype",
]

PROGRESS_BAR_ENABLED = True
PROGRESS_BAR_HOOK: Callable[..., Any] | None = None

_PARTS = 1000


def set_progress_bar_enabled(enabled: bool) -> None:
    """Set the flag that packs look at before they draw a bar; progress is reported anyway."""
    global PROGRESS_BAR_ENABLED
    PROGRESS_BAR_ENABLED = enabled


def set_progress_bar_global_hook(function: Callable[..., Any] | None) -> None:
    """Have `function(value, total, preview, node_id=)` called too, after the run was told."""
    global PROGRESS_BAR_HOOK
    PROGRESS_BAR_HOOK = function


class ProgressBar:
    """How far a node is. Every update is a point at which the run can be cancelled.

    Totals that are no whole numbers are reported in thousandths. Previews are not shown.
    """

    def __init__(self, total: float, node_id: str | None = None) -> None:
        self.total = total
        self.current: float = 0
        self.node_id = node_id
        self.hook = PROGRESS_BAR_HOOK

    def update_absolute(
        self, value: float, total: float | None = None, preview: Any = None
    ) -> None:
        """Set how much is done, and how much there is."""
        if total is not None:
            self.total = total
        self.current = min(value, self.total)
        if int(self.current) == self.current and int(self.total) == self.total:
            CALL.get().progress(int(self.current), int(self.total), {})
        elif self.total:
            CALL.get().progress(round(_PARTS * self.current / self.total), _PARTS, {})
        if self.hook is not None:
            self.hook(self.current, self.total, preview, node_id=self.node_id)

    def update(self, value: float) -> None:
        """Add to what is done."""
        self.update_absolute(self.current + value)


def common_upscale(samples: Any, width: int, height: int, upscale_method: str, crop: str) -> Any:
    """Samples [batch, channels, …, height, width] in another size."""
    from graphrun.comfy import pictures

    return pictures.upscale(samples, width, height, upscale_method, crop)


def bislerp(samples: Any, width: int, height: int) -> Any:
    """`common_upscale` that turns the channels as vectors."""
    return common_upscale(samples, width, height, "bislerp", "disabled")


def lanczos(samples: Any, width: int, height: int) -> Any:
    """`common_upscale` through Pillow."""
    return common_upscale(samples, width, height, "lanczos", "disabled")


__getattr__ = missing.names(
    __name__,
    "bislerp_original clip_text_transformers_convert convert_sd_to detect_layer_quantization "
    "flux_to_diffusers mmdit_to_diffusers model_trange safetensors_header tiled_scale_multidim "
    "transformers_convert unet_to_diffusers upscale_dit_mask wan_to_diffusers z_image_to_diffusers",
)
