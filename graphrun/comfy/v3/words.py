"""Word: enumerations whose members are texts, and show their full name as ComfyUI's do."""

from __future__ import annotations

from enum import Enum


class Word(str, Enum):  # noqa: UP042  packs see `FolderType.input` where StrEnum shows `input`
    """The base of enumerations that packs print, compare with texts and write as JSON."""
