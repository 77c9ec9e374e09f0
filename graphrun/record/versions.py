"""Versions of what is installed, and what it is installed on. Imports none of it."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = (
    "graphrun",
    "torch",
    "transformers",
    "datasets",
    "tokenizers",
    "peft",
    "numpy",
    "pandas",
    "scipy",
    "pillow",
    "sentencepiece",
    "safetensors",
    "networkx",
    "jsonschema",
)


def versions() -> dict[str, str]:
    """Versions of the installed packages that results depend on."""
    return {name: found for name in _PACKAGES if (found := version(name)) is not None}


def version(package: str) -> str | None:
    """The installed version of a package, None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def machine() -> dict[str, Any]:
    """System, Python, processor, cores that may be used, memory, and the GPUs in use."""
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cpu": _processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "memory_mb": _memory(),
        "gpus": _gpus(),
    }


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            for line in file:
                name, _, value = line.partition(":")
                if name.strip() == "model name":
                    return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    except (AttributeError, ValueError, OSError):  # not on every system
        return None


def _gpus() -> list[str]:
    """Those that this process has opened: to ask for others would open them."""
    torch: Any = sys.modules.get("torch")
    try:
        if torch is None or not torch.cuda.is_initialized():
            return []
        return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    except (AttributeError, RuntimeError):
        return []
