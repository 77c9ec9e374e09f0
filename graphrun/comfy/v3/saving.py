"""Pictures that nodes of the third API save and show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from graphrun.comfy import pictures, places
from graphrun.comfy.v3.options import FolderType
from graphrun.comfy.v3.output import UIOutput
from graphrun.comfy.v3.ui import SavedImages, SavedResult


class ImageSaveHelper:
    """Writes pictures [B, H, W, C] with the graph in them, under names that nobody has yet.

    `cls` is the node class, whose hidden values `prompt` and `extra_pnginfo` become the metadata.
    """

    @staticmethod
    def save_images(
        images: Any,
        filename_prefix: str,
        folder_type: FolderType,
        cls: Any = None,
        compress_level: int = 4,
    ) -> list[SavedResult]:
        """One PNG for each picture."""
        folder = FolderType(folder_type)
        found = pictures.save(
            images,
            filename_prefix,
            folder.value,
            texts=_texts(cls),
            compress_level=compress_level,
        )
        return [SavedResult(one["filename"], one["subfolder"], folder) for one in found]

    @staticmethod
    def get_save_images_ui(
        images: Any, filename_prefix: str, cls: Any = None, compress_level: int = 4
    ) -> SavedImages:
        """Save into the output folder; what to return as `ui`."""
        results = ImageSaveHelper.save_images(
            images, filename_prefix, FolderType.output, cls, compress_level
        )
        return SavedImages(results)

    @staticmethod
    def save_animated_png(
        images: Any,
        filename_prefix: str,
        folder_type: FolderType,
        cls: Any = None,
        fps: float = 6.0,
        **options: Any,
    ) -> SavedResult:
        """All pictures in one PNG. `compress_level` is Pillow's."""
        from PIL.PngImagePlugin import PngInfo

        texts = PngInfo()
        for key, value in _texts(cls).items():
            texts.add_text(key, json.dumps(value))
        options = {"compress_level": 4, "pnginfo": texts, **options}
        return _animated(images, (filename_prefix, folder_type), fps, "png", options)

    @staticmethod
    def get_save_animated_png_ui(
        images: Any, filename_prefix: str, cls: Any, fps: float, compress_level: int
    ) -> SavedImages:
        """Save into the output folder; what to return as `ui`."""
        saved = ImageSaveHelper.save_animated_png(
            images, filename_prefix, FolderType.output, cls, fps, compress_level=compress_level
        )
        return SavedImages([saved], is_animated=len(images) > 1)

    @staticmethod
    def save_animated_webp(
        images: Any,
        filename_prefix: str,
        folder_type: FolderType,
        cls: Any = None,
        fps: float = 6.0,
        **options: Any,
    ) -> SavedResult:
        """All pictures in one WebP. `lossless`, `quality` and `method` are Pillow's."""
        from PIL.Image import Exif

        exif = Exif()
        # Where ComfyUI writes them: the maker's tags, counting down.
        for tag, (key, value) in zip(range(0x010F, 0, -1), _texts(cls).items(), strict=False):
            exif[tag] = f"{key}:{json.dumps(value)}"
        options = {"exif": exif, **options}
        return _animated(images, (filename_prefix, folder_type), fps, "webp", options)

    @staticmethod
    def get_save_animated_webp_ui(
        images: Any, filename_prefix: str, cls: Any, fps: float, **options: Any
    ) -> SavedImages:
        """Save into the output folder; what to return as `ui`."""
        saved = ImageSaveHelper.save_animated_webp(
            images, filename_prefix, FolderType.output, cls, fps, **options
        )
        return SavedImages([saved], is_animated=len(images) > 1)


class PreviewImage(UIOutput):
    """Pictures for the folder of previews, saved when this is made."""

    def __init__(self, image: Any, animated: bool = False, cls: Any = None, **kwargs: Any) -> None:
        prefix = "ComfyUI" + places.preview_ending()
        self.values = ImageSaveHelper.save_images(image, prefix, FolderType.temp, cls, 1)
        self.animated = animated

    def as_dict(self) -> dict[str, Any]:
        return {"images": self.values, "animated": (self.animated,)}


class PreviewMask(PreviewImage):
    """Masks [B, H, W] as grey pictures."""

    def __init__(self, mask: Any, animated: bool = False, cls: Any = None, **kwargs: Any) -> None:
        grey = mask.reshape(-1, *mask.shape[-2:], 1).expand(-1, -1, -1, 3)
        super().__init__(grey, animated, cls, **kwargs)


def _texts(cls: Any) -> Mapping[str, Any]:
    hidden = getattr(cls, "hidden", None)
    return pictures.graph_texts(
        getattr(hidden, "prompt", None), getattr(hidden, "extra_pnginfo", None)
    )


def _animated(
    images: Any,
    target: tuple[str, FolderType],
    fps: float,
    suffix: str,
    options: Mapping[str, Any],
) -> SavedResult:
    prefix, folder = target[0], FolderType(target[1])
    height, width = images[0].shape[:2]
    place = places.numbered(prefix, places.folder(folder.value), width, height)
    first, *others = (pictures.to_pil(image) for image in images)
    file = f"{place.name}_{place.counter:05}_.{suffix}"
    first.save(
        place.folder / file,
        save_all=True,
        append_images=others,
        duration=round(1000 / fps),
        **options,
    )
    return SavedResult(file, place.subfolder, folder)


__all__ = ["ImageSaveHelper", "PreviewImage", "PreviewMask"]
