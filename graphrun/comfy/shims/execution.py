"""Stand-in: names of ComfyUI's engine. Packs that replace parts of it have nothing to replace."""

from graphrun.catalog.blocking import Blocker as ExecutionBlocker
from graphrun.comfy import missing

__all__ = ["ExecutionBlocker"]

SENSITIVE_EXTRA_DATA_KEYS = ("auth_token_comfy_org", "api_key_comfy_org")

__getattr__ = missing.names(
    __name__,
    "CacheSet CacheType ExecutionResult IsChangedCache MAXIMUM_HISTORY_SIZE PromptExecutor "
    "PromptQueue execute full_type_name get_input_data get_output_data get_output_from_returns "
    "map_node_over_list _async_map_node_over_list recursive_execute validate_inputs "
    "validate_prompt",
)
