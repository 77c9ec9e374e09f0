"""Libraries: versions against what is supported, against each other, and whether they import."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any

from graphrun.health.asking import Answer, ask
from graphrun.health.finding import Finding, noted, ok, problem

NAMED = ("torch", "transformers", "datasets", "huggingface_hub", "numpy", "pandas")
"""Libraries that get a line of their own."""

IMPORTED = ("numpy", "pandas", "torch", "transformers", "datasets", "safetensors")

BESIDE = ("torchvision", "torchaudio", "accelerate", "torchdata", "bitsandbytes", "xformers")
"""Libraries that others import if they are there, and that then have to fit."""

GIVES = {
    "plots": "the plot nodes",
    "packs": "what packs written for ComfyUI need, and YAML parameters",
    "track": "curves in TensorBoard",
}


def libraries() -> Iterator[Finding]:
    """What is installed, whether it fits, and what importing it says."""
    wanted = _requirements("graphrun")
    if not wanted:
        lacking = "packaging" if _version("packaging") is None else "graphrun"
        told = f"{lacking} is not installed, so nothing can be said of versions"
        yield problem("libraries", told, f"pip install {'.' if lacking == 'graphrun' else lacking}")
    plain = [one for one in wanted if not _extra_of(one)]
    names = {_name(one) for one in plain}
    fine = []
    for one in plain:
        found = _against(one)
        if found is not None:
            yield found
        elif _name(one) in NAMED:
            yield ok("libraries", f"{_name(one)} {_version(_name(one))} (supported: {_range(one)})")
        else:
            fine.append(_name(one))
    if fine:
        yield ok("libraries", f"{len(fine)} more within their ranges: {', '.join(sorted(fine))}")
    yield from _conflicts(names | set(BESIDE))
    yield from _builds()
    yield from _imports(ask("libraries", IMPORTED))


def extras() -> Iterator[Finding]:
    """Optional libraries that are missing, and what they would give."""
    groups: dict[str, list[str]] = {}
    for one in _requirements("graphrun"):
        extra = _extra_of(one)
        if extra in GIVES:
            groups.setdefault(extra, []).append(_name(one))
    for extra, names in groups.items():
        missing = [name for name in names if _version(name) is None]
        if missing:
            message = f"{extra}: without {', '.join(missing)}; for {GIVES[extra]}"
            yield noted("extras", message, f"pip install 'graphrun[{extra}]'")
        else:
            yield ok("extras", f"{extra}: {GIVES[extra]}")


def _against(one: Any) -> Finding | None:
    """What is wrong with a library that graphrun needs."""
    name, version = _name(one), _version(_name(one))
    hint = f"pip install '{_name(one)}{one.specifier}'"
    if version is None:
        return problem("libraries", f"{name} is not installed", hint)
    if not _fits(one, version):
        told = f"{name} {version} is not supported: {_range(one)}"
        return problem("libraries", told, hint)
    return None


def _conflicts(names: Iterable[str]) -> Iterator[Finding]:
    """What these libraries need of each other and of what else is installed."""
    for name in sorted(names):
        for one in _requirements(name):
            version = _version(_name(one))
            if version is None or _extra_of(one) or _fits(one, version):
                continue
            told = f"{name} {_version(name)} needs {_name(one)}{one.specifier}; it is {version}"
            yield problem("libraries", told, f"pip install --upgrade {name} {_name(one)}")


def _builds() -> Iterator[Finding]:
    """Builds of torch's companions for another kind of device."""
    torch = _version("torch")
    for name in ("torchvision", "torchaudio"):
        other = _version(name)
        own, its = _build(torch), _build(other)
        if torch and other and own and its and own != its:
            told = f"{name} {other} is built for {its}, torch {torch} for {own}"
            hint = f"install both from one index, or pip uninstall {name}: graphrun needs none"
            yield problem("libraries", told, hint)


def _build(version: str | None) -> str | None:
    """`cpu`, `cu128`, …; None where a version does not say."""
    found = re.search(r"\+((?:cpu|cu\d+|rocm[\d.]+|xpu)\b)", version or "")
    return found[1] if found else None


def _imports(answer: Answer) -> Iterator[Finding]:
    for line in answer.lines:
        if "error" in line:
            yield _failed(line["name"], line["error"])
        elif line.get("name") == "torch":
            yield from _torch(line["facts"])
    if answer.ended:
        guilty = answer.guilty or "a library"
        hint = f"pip install --force-reinstall {guilty}" if answer.guilty else None
        yield problem("imports", f"importing {guilty}: {answer.ended}", hint)
    else:
        good = [line["name"] for line in answer.lines if "facts" in line]
        if good:
            yield ok("imports", f"imported: {', '.join(good)}")


def _failed(name: str, error: str) -> Finding:
    hint = f"pip install --force-reinstall {name}"
    if "numpy" in error.lower() and name != "numpy":
        hint = f"pip install --upgrade numpy {name}: they were built for different versions"
    elif "torchvision" in error:
        hint = "pip uninstall torchvision, or install the one that belongs to this torch"
    return problem("imports", f"{name} cannot be imported: {error}", hint)


def _torch(facts: Mapping[str, Any]) -> Iterator[Finding]:
    built = f"CUDA {facts['cuda']}" if facts["cuda"] else "the CPU"
    built = f"ROCm {facts['hip']}" if facts["hip"] else built
    yield ok("torch", f"{facts['version']}, built for {built}, {facts['threads']} threads")
    devices: Sequence[Mapping[str, Any]] = facts["devices"]
    for index, one in enumerate(devices):
        yield ok("torch", f"GPU {index}: {one['name']}, {one['memory_mb'] / 1024:.0f} GiB")
    if not devices and facts["mps"]:
        yield ok("torch", "GPU: Apple's (mps)")
    elif not devices and (facts["cuda"] or facts["hip"]):
        told = "it is built for GPUs, and finds none"
        hint = "nvidia-smi tells whether the driver works; CUDA_VISIBLE_DEVICES may hide GPUs"
        yield noted("torch", told, hint)
    if "precision" in facts:
        yield ok("torch", f"--precision auto is {facts['precision']}: {facts['reason']}")


def _requirements(package: str) -> list[Any]:
    """What a distribution needs in this environment, extras included; empty if it is absent."""
    try:
        from packaging.requirements import InvalidRequirement, Requirement

        texts = metadata.requires(package) or []
    except (ImportError, metadata.PackageNotFoundError):
        return []
    found = []
    for text in texts:
        try:
            one = Requirement(text)
        except InvalidRequirement:
            continue
        extra = _extra_of(one)
        if one.marker is None or one.marker.evaluate({"extra": extra or ""}):
            found.append(one)
    return found


def _extra_of(one: Any) -> str | None:
    found = re.search(r"extra == ['\"]([^'\"]+)['\"]", str(one.marker or ""))
    return found[1] if found else None


def _name(one: Any) -> str:
    return str(one.name)


def _range(one: Any) -> str:
    return str(one.specifier) or "any version"


def _fits(one: Any, version: str) -> bool:
    return bool(one.specifier.contains(version, prereleases=True))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
