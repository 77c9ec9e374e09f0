"""Stand-in: the options that ComfyUI has when it is started without any."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from enum import Enum
from typing import Any

from graphrun.catalog.running import settings
from graphrun.comfy import missing


class LatentPreviewMethod(Enum):
    """How samplers show what they are at."""

    NoPreviews = "none"
    Auto = "auto"
    Latent2RGB = "latent2rgb"
    TAESD = "taesd"

    @classmethod
    def from_string(cls, value: str) -> LatentPreviewMethod | None:
        """The method of that name, or None."""
        return next((one for one in cls if one.value == value), None)


class PerformanceFeature(Enum):
    """What ComfyUI's `--fast` names."""

    Fp16Accumulation = "fp16_accumulation"
    Fp8MatrixMultiplication = "fp8_matrix_mult"
    CublasOps = "cublas_ops"
    AutoTune = "autotune"


_OFF = missing.words(
    """
    auto_launch disable_auto_launch cuda_malloc disable_cuda_malloc force_fp32 force_fp16
    fp32_unet fp64_unet bf16_unet fp16_unet fp8_e4m3fn_unet fp8_e5m2_unet fp8_e8m0fnu_unet
    fp16_vae fp32_vae bf16_vae cpu_vae fp8_e4m3fn_text_enc fp8_e5m2_text_enc fp16_text_enc
    fp32_text_enc bf16_text_enc force_channels_last disable_ipex_optimize supports_fp8_compute
    cache_classic cache_none use_split_cross_attention use_quad_cross_attention
    use_pytorch_cross_attention use_sage_attention use_flash_attention disable_xformers
    force_upcast_attention dont_upcast_attention gpu_only highvram normalvram lowvram novram
    async_offload disable_async_offload disable_smart_memory deterministic mmap_torch_files
    disable_mmap dont_print_server quick_test_for_ci windows_standalone_build disable_metadata
    disable_all_custom_nodes disable_api_nodes multi_user log_stdout
    enable_compress_response_body force_non_blocking disable_pinned_memory enable_manager
    disable_manager_ui disable_assets_autoscan
    """
)

_UNSET = missing.words(
    """
    tls_keyfile tls_certfile enable_cors_header base_directory extra_model_paths_config
    output_directory temp_directory input_directory models_directory user_directory
    cuda_device default_device directml oneapi_device_selector reserve_vram front_end_root
    """
)


class _Options(Namespace):
    """The options. `cpu` says what the run at hand computes on."""

    @property
    def cpu(self) -> bool:
        return settings().device == "cpu"


args: Any = _Options(
    **dict.fromkeys(_OFF, False),
    **dict.fromkeys(_UNSET, None),
    listen="127.0.0.1",
    port=8188,
    max_upload_size=100,
    preview_method=LatentPreviewMethod.NoPreviews,
    preview_size=512,
    cache_lru=0,
    cache_ram=0,
    default_hashing_function="sha256",
    fast=set(),
    whitelist_custom_nodes=[],
    verbose="INFO",
    front_end_version="comfyanonymous/ComfyUI@latest",
    comfy_api_base="",  # no service is asked
    database_url="sqlite:///:memory:",
)
parser = ArgumentParser(add_help=False)


def enables_dynamic_vram() -> bool:
    """Never."""
    return False


__getattr__ = missing.names(__name__, "EnumAction is_valid_directory")
