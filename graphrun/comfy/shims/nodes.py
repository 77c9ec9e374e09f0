"""Stand-in: the classes of all packs by name, and those of the built-in nodes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from graphrun.catalog.running import cancelled, settings
from graphrun.comfy import export, missing, pictures, places
from graphrun.comfy.builtins import PACK
from graphrun.comfy.builtins._types import MAX_RESOLUTION as MAX_RESOLUTION
from graphrun.errors import Cancelled, InputError, MissingResource

NODE_DISPLAY_NAME_MAPPINGS: dict[str, str] = {}
EXTENSION_WEB_DIRS: dict[str, str] = {}
LOADED_MODULE_DIRS: dict[str, str] = {}


class SaveImage:
    """Writes pictures; packs extend it with a folder, a type and a prefix of their own."""

    INPUT_TYPES: Any = classmethod(
        lambda cls: {
            "required": {
                "images": ("IMAGE",),
                "filename_prefix": ("STRING", {"default": "ComfyUI"}),
            },
            "hidden": {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"},
        }
    )
    RETURN_TYPES = ()
    FUNCTION = "save_images"
    OUTPUT_NODE = True
    CATEGORY = "image"

    def __init__(self) -> None:
        self.output_dir = str(places.folder("output"))
        self.type = "output"
        self.prefix_append = ""
        self.compress_level = 4
        self._made_for = settings()

    def _root(self) -> Path:
        """The folder, of today's run where the object is older and nobody chose another."""
        made = {"output": self._made_for.outputs, "temp": self._made_for.temporary}.get(self.type)
        chosen = Path(self.output_dir)
        own = made is not None and chosen == Path(str(made.absolute()))
        return places.folder(self.type) if own else chosen

    def save_images(
        self,
        images: Any,
        filename_prefix: str = "ComfyUI",
        prompt: Any = None,
        extra_pnginfo: Any = None,
    ) -> dict[str, Any]:
        """Write every picture of a batch, and say where each one is."""
        found = pictures.save(
            images,
            filename_prefix + self.prefix_append,
            self.type,
            texts=pictures.graph_texts(prompt, extra_pnginfo),
            root=self._root(),
            compress_level=self.compress_level,
        )
        return {"ui": {"images": found}}


class PreviewImage(SaveImage):
    """Writes pictures into the folder of previews."""

    INPUT_TYPES = classmethod(
        lambda cls: {
            "required": {"images": ("IMAGE",)},
            "hidden": {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"},
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self.output_dir = str(places.folder("temp"))
        self.type = "temp"
        self.prefix_append = places.preview_ending()
        self.compress_level = 1


class LoadImage:
    """A picture of the input folder; packs extend it with inputs of their own."""

    INPUT_TYPES: Any = classmethod(
        lambda cls: {
            "required": {"image": (places.files("input", pictures=True), {"image_upload": True})}
        }
    )
    RETURN_TYPES: tuple[str, ...] = ("IMAGE", "MASK")
    FUNCTION = "load_image"
    CATEGORY = "image"

    def load_image(self, image: str) -> Any:
        """The picture, and a mask that is 1 where it is transparent."""
        return pictures.load(places.existing(image))

    @classmethod
    def IS_CHANGED(cls, image: str, **others: Any) -> str:
        return hashlib.sha256(places.existing(image).read_bytes()).hexdigest()

    @classmethod
    def VALIDATE_INPUTS(cls, image: str) -> bool | str:
        try:
            places.existing(image)
        except (InputError, MissingResource) as error:
            return str(error)
        return True


class LoadImageMask(LoadImage):
    """One channel of a picture of the input folder."""

    INPUT_TYPES = classmethod(
        lambda cls: {
            "required": {
                "image": (places.files("input", pictures=True), {"image_upload": True}),
                "channel": (["alpha", "red", "green", "blue"],),
            }
        }
    )
    RETURN_TYPES = ("MASK",)
    CATEGORY = "mask"

    def load_image(self, image: str, channel: str = "alpha") -> Any:
        """The channel; of alpha, 1 is transparent."""
        return (pictures.load_channel(places.existing(image), channel),)


_OWN = {one.__name__: one for one in (SaveImage, PreviewImage, LoadImage, LoadImageMask)}


class _Classes(MutableMapping[str, Any]):
    """Classes by name: those of packs, and the built-in ones, which are made when asked for."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = dict(_OWN)
        self._builtin = frozenset(PACK.names())

    def __getitem__(self, name: str) -> Any:
        if name not in self._found and name in self._builtin:
            spec = PACK.spec(name)
            if spec is not None:
                nodes = PACK.nodes(spec)
                self._found[name] = export.v1_class(spec, nodes[name], nodes.wanted.get(name))
        return self._found[name]

    def __setitem__(self, name: str, cls: Any) -> None:
        self._found[name] = cls

    def __delitem__(self, name: str) -> None:
        del self._found[name]
        self._builtin -= {name}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._found.keys() | self._builtin))

    def __len__(self) -> int:
        return len(self._found.keys() | self._builtin)


NODE_CLASS_MAPPINGS = _Classes()


def interrupt_processing(value: bool = True) -> None:
    """Stop the run.

    Raises:
        Cancelled: always, unless `value` is false.
    """
    if value:
        raise Cancelled


def before_node_execution() -> None:
    """A point at which a run may stop.

    Raises:
        Cancelled: it was asked to.
    """
    if cancelled():
        raise Cancelled


_later = missing.names(
    __name__,
    """
    KSampler KSamplerAdvanced common_ksampler CLIPTextEncode VAEDecode VAEEncode VAELoader
    VAEDecodeTiled VAEEncodeTiled VAEEncodeForInpaint CheckpointLoader CheckpointLoaderSimple
    DiffusersLoader unCLIPCheckpointLoader CLIPLoader DualCLIPLoader UNETLoader CLIPSetLastLayer
    CLIPVisionLoader CLIPVisionEncode LoraLoader LoraLoaderModelOnly StyleModelLoader
    StyleModelApply unCLIPConditioning ControlNetLoader DiffControlNetLoader ControlNetApply
    ControlNetApplyAdvanced GLIGENLoader GLIGENTextBoxApply InpaintModelConditioning
    ConditioningCombine ConditioningAverage ConditioningConcat ConditioningSetArea
    ConditioningSetAreaPercentage ConditioningSetAreaStrength ConditioningSetMask
    ConditioningZeroOut ConditioningSetTimestepRange EmptyLatentImage LatentUpscale
    LatentUpscaleBy LatentFromBatch RepeatLatentBatch LatentRotate LatentFlip LatentComposite
    LatentBlend LatentCrop SetLatentNoiseMask SaveLatent LoadLatent load_custom_node
    init_external_custom_nodes init_builtin_extra_nodes init_extra_nodes get_module_name
    """,
)


def __getattr__(name: str) -> Any:
    """The other built-in classes are names of the module too."""
    if not name.startswith("_") and name in NODE_CLASS_MAPPINGS:
        return NODE_CLASS_MAPPINGS[name]
    return _later(name)
