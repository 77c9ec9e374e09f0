"""Stand-in: numbers of the binary messages that ComfyUI sends to browsers."""

from graphrun.comfy import missing


class BinaryEventTypes:
    """Kinds of binary messages."""

    PREVIEW_IMAGE = 1
    UNENCODED_PREVIEW_IMAGE = 2
    TEXT = 3
    PREVIEW_IMAGE_WITH_METADATA = 4


__getattr__ = missing.names(__name__)
