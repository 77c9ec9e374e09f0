"""Stand-in: the version of ComfyUI whose behaviour graphrun follows."""

from graphrun.comfy import missing

__version__ = "0.3.75"

__getattr__ = missing.names(__name__)
