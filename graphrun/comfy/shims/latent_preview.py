"""Stand-in: pictures of what a sampler is at. There are no samplers, so there are none."""

from __future__ import annotations

from typing import Any

from graphrun.comfy import missing

MAX_PREVIEW_RESOLUTION = 512


def get_previewer(device: Any, latent_format: Any) -> None:
    """None: ComfyUI's answer when previews are switched off."""


def set_preview_method(override: str | None = None) -> None:
    """Do nothing: previews are off."""


__getattr__ = missing.names(
    __name__,
    "Latent2RGBPreviewer LatentPreviewer TAESDPreviewerImpl default_preview_method "
    "prepare_callback preview_to_image",
)
