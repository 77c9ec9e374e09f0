"""A pack that is a folder."""

from toybox import LOADED

from .nodes import Inside

LOADED.append("folder: imported")

NODE_CLASS_MAPPINGS = {"Inside": Inside}
NODE_DISPLAY_NAME_MAPPINGS = {"Inside": "From the inside"}
WEB_DIRECTORY = "./web"

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS", "WEB_DIRECTORY"]
