"""Pictures from files and into files."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Annotated, Any, Literal

from graphrun.catalog.markers import Hidden, Options, Resource, Socket
from graphrun.catalog.node import Nodes
from graphrun.catalog.running import settings, show
from graphrun.comfy import pictures, places
from graphrun.comfy.builtins._types import Image, Mask
from graphrun.errors import InputError, MissingResource

NODES = Nodes(category="image")

_UPLOAD = Options({"options": [], "image_upload": True})
_REMOTE = Options(
    {
        "image_upload": True,
        "image_folder": "output",
        "remote": {
            "route": "/internal/files/output",
            "refresh_button": True,
            "control_after_refresh": "first",
        },
    }
)
Name = Annotated[str, Socket("COMBO"), _UPLOAD, Resource("picture")]
Stored = Annotated[str, Socket("COMBO"), _REMOTE, Resource("picture")]
Prompt = Annotated[Any, Hidden("PROMPT")]
Extra = Annotated[Any, Hidden("EXTRA_PNGINFO")]


def find_picture(name: str) -> Path | None:
    """Before a run: whether the input folder has a file, and where that is.

    The folders of outputs and previews belong to the run, what is in them shows when it runs.

    Raises:
        MissingResource: there is no such file.
    """
    if places.annotated(name)[1] in (None, "input"):
        try:
            return places.existing(name)
        except InputError as error:
            raise MissingResource.of(
                "file", str(error), [error.hint] if error.hint else []
            ) from error
    return None


def _named(image: Any) -> bool | str:
    """What a prompt may name: the folder's list of files is not known before the run."""
    return image is None or isinstance(image, str) or "give the name of a file as text"


def _content(image: str | None, **others: Any) -> Any:
    """A token for what is in the file, so that another picture of the same name is loaded."""
    if image is None:
        return None
    try:
        return hashlib.sha256(places.existing(image).read_bytes()).hexdigest()
    except (InputError, MissingResource, OSError):
        return math.nan


def _folder(**inputs: Any) -> Any:
    """A token for where files go: what was saved there need not be saved again."""
    found = settings()
    return math.nan if found.new_folder else str(found.outputs.absolute())


@NODES.node("SaveImage", title="Save Image", output_node=True, changed=_folder)
def save(
    images: Image,
    filename_prefix: str = "ComfyUI",
    prompt: Prompt = None,
    extra_pnginfo: Extra = None,
) -> None:
    """Writes every picture as PNG into the output folder, with the graph in it.

    The prefix may have folders, and %width%, %height%, %year%, %month%, %day%, %hour%, %minute%,
    %second% and %batch_num%.
    """
    texts = pictures.graph_texts(prompt, extra_pnginfo)
    show(images=pictures.save(images, filename_prefix, "output", texts=texts))


@NODES.node("PreviewImage", title="Preview Image", output_node=True, changed=_folder)
def preview(images: Image, prompt: Prompt = None, extra_pnginfo: Extra = None) -> None:
    """Writes every picture into the folder of previews."""
    prefix = "ComfyUI" + places.preview_ending()
    texts = pictures.graph_texts(prompt, extra_pnginfo)
    show(images=pictures.save(images, prefix, "temp", texts=texts, compress_level=1))


@NODES.node(
    "LoadImage",
    title="Load Image",
    outputs=("IMAGE", "MASK"),
    changed=_content,
    validate=_named,
)
def load(image: Name) -> tuple[Image, Mask]:
    """A picture of the input folder, and a mask that is 1 where it is transparent."""
    return pictures.load(places.existing(image))


@NODES.node(
    "LoadImageOutput",
    title="Load Image (from Outputs)",
    outputs=("IMAGE", "MASK"),
    changed=_content,
    validate=_named,
    about={"experimental": True},
)
def load_output(image: Stored) -> tuple[Image, Mask]:
    """A picture that a node wrote: its name followed by " [output]"."""
    return pictures.load(places.existing(image))


@NODES.node(
    "LoadImageMask",
    title="Load Image (as Mask)",
    category="mask",
    changed=_content,
    validate=_named,
)
def load_mask(image: Name, channel: Literal["alpha", "red", "green", "blue"]) -> Mask:
    """One channel of a picture of the input folder; of alpha, 1 is transparent."""
    return pictures.load_channel(places.existing(image), channel)
