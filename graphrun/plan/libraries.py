"""Versions of libraries, and the kind of device, told without importing them."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib import metadata
from pathlib import Path

_DRIVERS = ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
"""Files that are there with the driver of a GPU."""


def device_class(asked: str, wants_gpu: bool) -> str:
    """`cpu`, `cuda` or `mps`: what was asked for, else what is there if a node wants a GPU.

    Results of different kinds of devices differ in their last bits, so that it is part of their
    identity. A wrong guess makes a result that could be shared run again, and nothing worse.
    """
    if asked != "auto":
        return asked
    return _present() if wants_gpu else "cpu"


def precision_class(asked: str, device: str) -> str:
    """What a node computes in on a kind of device; nothing where that is fp32 without a GPU's say.

    What `auto` is on a GPU is known to the run only; the same kind of device stands for it.
    """
    if asked == "auto":
        if device == "cpu":
            return {True: "bf16", False: "", None: "auto:cpu"}[_has_amx()]
        return "" if device == "mps" else f"auto:{device}"
    return "" if asked == "fp32" and device != "cuda" else asked


@cache
def _has_amx() -> bool | None:
    """Whether the CPU multiplies matrices in bf16; None if that cannot be told."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    try:
        with Path("/proc/cpuinfo").open(encoding="ascii", errors="replace") as file:
            flags = next((line for line in file if line.startswith("flags")), "")
    except OSError:
        return False if platform.system() == "Darwin" else None
    return "amx_bf16" in flags.split()


@cache
def minor_version(distribution: str) -> str | None:
    """`2.13` of 2.13.0: results may change from one minor version to the next."""
    try:
        return ".".join(metadata.version(distribution).split("+")[0].split(".")[:2])
    except metadata.PackageNotFoundError:
        return None


@cache
def _present() -> str:
    try:
        version = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return "cpu"
    if platform.system() == "Darwin":
        return "mps" if platform.machine() == "arm64" else "cpu"
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in ("", "-1")
    built = not version.endswith("+cpu") and not hidden
    driver = platform.system() == "Windows" or any(Path(one).exists() for one in _DRIVERS)
    return "cuda" if built and driver else "cpu"
