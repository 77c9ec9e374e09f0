"""Values that nodes hand to each other: files of models, meshes, drawings, parts of videos."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from graphrun.comfy.v3.words import Word


@dataclass(eq=False)
class VOXEL:
    """A grid of voxels: `data` is a tensor, `resolution` its number of cells along an edge."""

    data: Any
    voxel_colors: Any = None
    resolution: Any = None


@dataclass(eq=False)
class SPLAT:
    """Gaussian splats, tensors with one row a splat; `counts` has the rows that are real."""

    positions: Any
    scales: Any
    rotations: Any
    opacities: Any
    sh: Any
    counts: Any = None


@dataclass(eq=False)
class MESH:
    """Meshes as tensors: `vertices` (B, N, 3), `faces` (B, M, 3), and what they are painted with.

    Where meshes of one batch differ in size, `vertex_counts` and `face_counts` say which rows are
    real; they come together.
    """

    vertices: Any
    faces: Any
    uvs: Any = None
    vertex_colors: Any = None
    texture: Any = None
    metallic_roughness: Any = None
    vertex_counts: Any = None
    face_counts: Any = None
    unlit: bool = False
    normals: Any = None
    tangents: Any = None
    normal_map: Any = None
    occlusion_in_mr: bool = False
    material: Any = None
    emissive: Any = None

    def __post_init__(self) -> None:
        if (self.vertex_counts is None) != (self.face_counts is None):
            raise ValueError("vertex_counts and face_counts are given together, or neither is")


class File3D:
    """A model's file, on disk (a path) or in memory (a binary stream)."""

    def __init__(self, source: str | IO[bytes], file_format: str = "") -> None:
        self._source = source
        if not file_format and isinstance(source, str):
            file_format = Path(source).suffix
        self.format = file_format

    @property
    def format(self) -> str:
        """The ending of the name, without the dot, in small letters."""
        return self._format

    @format.setter
    def format(self, value: str) -> None:
        self._format = (value or "").lstrip(".").lower()

    @property
    def is_disk_backed(self) -> bool:
        """Whether there is a path."""
        return isinstance(self._source, str)

    def get_source(self) -> str | IO[bytes]:
        """The path, or the stream at its start."""
        if not isinstance(self._source, str):
            self._source.seek(0)
        return self._source

    def get_bytes(self) -> bytes:
        """The content."""
        source = self.get_source()
        return Path(source).read_bytes() if isinstance(source, str) else source.read()

    def get_data(self) -> BytesIO:
        """The content as a stream."""
        source = self.get_source()
        return source if isinstance(source, BytesIO) else BytesIO(self.get_bytes())

    def save_to(self, path: str) -> str:
        """Write the content to a file; folders on the way are made."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(self._source, str):
            target.write_bytes(self.get_bytes())
        elif Path(self._source).resolve() != target.resolve():
            shutil.copy2(self._source, target)
        return str(target)

    def __repr__(self) -> str:
        source = self._source if isinstance(self._source, str) else "a stream"
        return f"File3D({source!r}, {self.format!r})"


class SVG:
    """Drawings, each the content of one file."""

    def __init__(self, data: list[BytesIO]) -> None:
        self.data = data

    def combine(self, other: SVG) -> SVG:
        """These drawings, then those of another."""
        return SVG([*self.data, *other.data])

    @staticmethod
    def combine_all(svgs: list[SVG]) -> SVG:
        """The drawings of all, in order."""
        return SVG([drawing for svg in svgs for drawing in svg.data])


class VideoCodec(Word):
    """How pictures of a video are packed."""

    AUTO = "auto"
    H264 = "h264"
    AV1 = "av1"

    @classmethod
    def as_input(cls) -> list[str]:
        """The choices of a combo."""
        return [member.value for member in cls]


class VideoContainer(Word):
    """The kind of file that a video is in."""

    AUTO = "auto"
    MP4 = "mp4"
    MKV = "mkv"
    WEBM = "webm"

    @classmethod
    def as_input(cls) -> list[str]:
        """The choices of a combo."""
        return [member.value for member in cls]

    @classmethod
    def get_extension(cls, value: str | VideoContainer) -> str:
        """The ending of a file's name, without the dot."""
        found = cls(value)
        return "mp4" if found is cls.AUTO else found.value


@dataclass(eq=False)
class VideoComponents:
    """A video taken apart: pictures (B, H, W, C) between 0 and 1, sound, pictures a second."""

    images: Any
    frame_rate: Fraction
    audio: Any = None
    metadata: dict[str, Any] | None = None
    alpha: Any = None
