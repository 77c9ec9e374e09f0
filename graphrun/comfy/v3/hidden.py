"""What a node may ask the engine for besides its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphrun.comfy.v3.words import Word


class Hidden(Word):
    """The values that a schema can ask for, under their tokens."""

    unique_id = "UNIQUE_ID"
    prompt = "PROMPT"
    extra_pnginfo = "EXTRA_PNGINFO"
    dynprompt = "DYNPROMPT"
    auth_token_comfy_org = "AUTH_TOKEN_COMFY_ORG"
    api_key_comfy_org = "API_KEY_COMFY_ORG"
    comfy_usage_source = "COMFY_USAGE_SOURCE"
    execution_list = "EXECUTION_LIST"


class HiddenHolder:
    """The hidden values of one call, as attributes; what was not asked for is None."""

    def __init__(self, *args: Any, **values: Any) -> None:
        names = [entry.name for entry in Hidden]
        vars(self).update(zip(names, args, strict=False), **values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None

    @classmethod
    def from_dict(cls, d: Mapping[Any, Any] | None) -> HiddenHolder:
        """From values under their tokens."""
        words = {entry.value: entry.name for entry in Hidden}
        return cls(**{words[k]: v for k, v in (d or {}).items() if k in words})
