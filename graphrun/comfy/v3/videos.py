"""Videos as values. Their parts can be handed on; files of videos are neither read nor written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, NoReturn

from graphrun.comfy.v3.values import VideoCodec, VideoComponents, VideoContainer
from graphrun.errors import Diagnostic, PackError


def _no_codecs(what: str) -> NoReturn:
    message = f"{what} needs PyAV, which graphrun does not use"
    hint = "hand the pictures on as IMAGE and the sound as AUDIO"
    raise PackError(Diagnostic("not_offered", message, hint=hint))


class VideoInput(ABC):
    """What a VIDEO socket carries. Subclasses of packs bring their own ways to read and write."""

    @abstractmethod
    def get_components(self) -> VideoComponents:
        """The parts, with all pictures in memory."""

    @abstractmethod
    def save_to(
        self,
        path: str | IO[bytes],
        format: VideoContainer = VideoContainer.AUTO,
        codec: VideoCodec = VideoCodec.AUTO,
        metadata: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Write it to a file or a stream."""

    def get_stream_source(self) -> str | IO[bytes]:
        """A path or a stream that it can be read from."""
        from io import BytesIO

        buffer = BytesIO()
        self.save_to(buffer)
        buffer.seek(0)
        return buffer

    def get_active_trim_window(self) -> tuple[float, float]:
        """Start and duration in seconds; a duration of 0 goes to the end."""
        return 0.0, 0.0

    def get_dimensions(self) -> tuple[int, int]:
        """Width and height."""
        shape = self.get_components().images.shape
        return int(shape[2]), int(shape[1])

    def get_bit_depth(self) -> int:
        """Bits of a colour."""
        return 8

    def get_frame_count(self) -> int:
        """How many pictures there are."""
        return int(self.get_components().images.shape[0])

    def get_frame_rate(self) -> Fraction:
        """Pictures a second."""
        return Fraction(self.get_components().frame_rate)

    def get_duration(self) -> float:
        """Seconds."""
        return float(self.get_frame_count() / self.get_frame_rate())

    def get_container_format(self) -> str:
        """The kind of file."""
        _no_codecs("looking into a video")


class VideoFromComponents(VideoInput):
    """A video made of parts."""

    def __init__(self, components: VideoComponents, **more: Any) -> None:
        self._components = components
        self._bit_depth = int(more.get("bit_depth") or 8)

    def get_components(self) -> VideoComponents:
        return self._components

    def get_bit_depth(self) -> int:
        return self._bit_depth

    def save_to(self, path: str | IO[bytes], *args: Any, **more: Any) -> None:
        _no_codecs("writing a video")

    def as_trimmed(
        self, start_time: float | None = None, duration: float | None = None, **more: Any
    ) -> VideoFromComponents | None:
        """The part from `start_time` seconds on (from the end, if negative); None if it is empty.

        With `strict_duration`, also None if less than `duration` is left.
        """
        given, rate = self._components, self.get_frame_rate()
        count = self.get_frame_count()
        first = round((start_time or 0) * rate)
        first = max(0, count + first) if first < 0 else min(first, count)
        wanted = round(duration * rate) if duration else count - first
        last = min(count, first + wanted)
        if last <= first or (more.get("strict_duration") and last - first < wanted):
            return None
        alpha = None if given.alpha is None else given.alpha[first:last]
        audio = _cut(given.audio, first / rate, last / rate)
        parts = VideoComponents(given.images[first:last], rate, audio, given.metadata, alpha)
        return VideoFromComponents(parts, bit_depth=self._bit_depth)


def _cut(audio: Any, start: Fraction, end: Fraction) -> Any:
    if audio is None:
        return None
    rate = audio["sample_rate"]
    return {**audio, "waveform": audio["waveform"][..., round(start * rate) : round(end * rate)]}


class VideoFromFile(VideoInput):
    """A video in a file or a stream, which is handed on as it is."""

    def __init__(
        self, file: str | IO[bytes], *, start_time: float = 0, duration: float = 0
    ) -> None:
        self._file, self._window = file, (float(start_time), float(duration))

    def get_stream_source(self) -> str | IO[bytes]:
        if not isinstance(self._file, str):
            self._file.seek(0)
        return self._file

    def get_active_trim_window(self) -> tuple[float, float]:
        return self._window

    def get_components(self) -> VideoComponents:
        _no_codecs("reading a video")

    def save_to(self, path: str | IO[bytes], *args: Any, **more: Any) -> None:
        """Copy the file, which is possible as long as nothing about it has to change."""
        changed = (*args, *more.values())
        if self._window != (0.0, 0.0) or any(v not in (None, "auto") for v in changed):
            _no_codecs("writing a video in another way than it was stored")
        source = self.get_stream_source()
        content = Path(source).read_bytes() if isinstance(source, str) else source.read()
        if isinstance(path, str | Path):
            Path(path).write_bytes(content)
        else:
            path.write(content)
