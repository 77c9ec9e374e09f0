"""Stand-in: videos as values."""

from __future__ import annotations

from graphrun.comfy.missing import names
from graphrun.comfy.v3.videos import VideoFromComponents, VideoFromFile

__all__ = ["VideoFromComponents", "VideoFromFile"]

__getattr__ = names("comfy_api.latest._input_impl")
