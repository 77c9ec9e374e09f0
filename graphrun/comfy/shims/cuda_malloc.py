"""Stand-in: torch manages the memory of graphics cards as it does by default."""

from graphrun.comfy import missing


def cuda_malloc_supported() -> bool:
    """Whether ComfyUI would change torch's allocator; never here."""
    return False


__getattr__ = missing.names(__name__, "get_gpu_names blacklist get_torch_version_noimport")
