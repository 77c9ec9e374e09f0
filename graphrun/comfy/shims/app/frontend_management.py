"""Stand-in: a part of ComfyUI's server, which is not there; its names fail when they are used."""

from graphrun.comfy import missing

__getattr__ = missing.names(__name__, "FrontendManager")
