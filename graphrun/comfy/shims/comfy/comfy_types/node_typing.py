"""Stand-in: types for annotations of nodes, and the base class that goes with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import Any, TypedDict

from graphrun.catalog.sockets import members
from graphrun.comfy import missing


class IO(StrEnum):
    """Types of sockets. Unequal are two that have nothing to do with each other: `*` is equal to
    everything, and a union to its parts."""

    STRING = "STRING"
    IMAGE = "IMAGE"
    MASK = "MASK"
    LATENT = "LATENT"
    BOOLEAN = "BOOLEAN"
    INT = "INT"
    FLOAT = "FLOAT"
    COMBO = "COMBO"
    CONDITIONING = "CONDITIONING"
    SAMPLER = "SAMPLER"
    SIGMAS = "SIGMAS"
    GUIDER = "GUIDER"
    NOISE = "NOISE"
    CLIP = "CLIP"
    CONTROL_NET = "CONTROL_NET"
    VAE = "VAE"
    MODEL = "MODEL"
    LORA_MODEL = "LORA_MODEL"
    LOSS_MAP = "LOSS_MAP"
    CLIP_VISION = "CLIP_VISION"
    CLIP_VISION_OUTPUT = "CLIP_VISION_OUTPUT"
    STYLE_MODEL = "STYLE_MODEL"
    GLIGEN = "GLIGEN"
    UPSCALE_MODEL = "UPSCALE_MODEL"
    AUDIO = "AUDIO"
    WEBCAM = "WEBCAM"
    POINT = "POINT"
    FACE_ANALYSIS = "FACE_ANALYSIS"
    BBOX = "BBOX"
    SEGS = "SEGS"
    VIDEO = "VIDEO"
    ANY = "*"
    NUMBER = "FLOAT,INT"
    PRIMITIVE = "STRING,FLOAT,INT,BOOLEAN"

    def __ne__(self, other: object) -> bool:
        if "*" in (self.value, other):
            return False
        if not isinstance(other, str):
            return True
        mine, theirs = members(self.value), members(str(other))
        return not (mine <= theirs or theirs <= mine)

    __hash__ = StrEnum.__hash__


class RemoteInputOptions(TypedDict, total=False):
    """Where the editor gets the choices of an input from."""

    route: str
    refresh_button: bool
    control_after_refresh: str
    timeout: int
    max_retries: int
    refresh: int


class MultiSelectOptions(TypedDict, total=False):
    """How the editor shows an input of several choices."""

    placeholder: str
    chip: bool


InputTypeOptions = dict[str, Any]
"""Options of an input: a dictionary like any other here."""

HiddenInputTypeDict = dict[str, str]
"""Parameters of a node, and what the engine fills them with."""


class InputTypeDict(TypedDict, total=False):
    """What INPUT_TYPES returns."""

    required: dict[str, Any]
    optional: dict[str, Any]
    hidden: dict[str, str]


class ComfyNodeABC(ABC):
    """Base class that names what a node class may have. Only the method is needed."""

    DESCRIPTION: str
    CATEGORY: str
    EXPERIMENTAL: bool
    DEPRECATED: bool
    DEV_ONLY: bool
    API_NODE: bool | None
    OUTPUT_NODE: bool
    INPUT_IS_LIST: bool
    OUTPUT_IS_LIST: tuple[bool, ...]
    RETURN_TYPES: tuple[Any, ...]
    RETURN_NAMES: tuple[str, ...]
    OUTPUT_TOOLTIPS: tuple[str, ...]
    FUNCTION: str

    @classmethod
    @abstractmethod
    def INPUT_TYPES(s) -> InputTypeDict:
        """The inputs by section: required, optional, hidden."""


class CheckLazyMixin:
    """Asks for every lazy input that is not there yet."""

    def check_lazy_status(self, **kwargs: Any) -> list[str]:
        """Names of the inputs that are None."""
        return [name for name, value in kwargs.items() if value is None]


class FileLocator(TypedDict, total=False):
    """A file below the input, output or temporary folder."""

    filename: str
    subfolder: str
    type: str


__getattr__ = missing.names(__name__)
