"""Packs found by path, entry point or as objects, and imported: which runs their code."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from graphrun.catalog.pack import Pack, Provider
from graphrun.comfy import explaining, finder, missing
from graphrun.comfy.pack import ForeignPack
from graphrun.errors import Diagnostic, PackError

ENTRY_POINTS = "comfyui.custom_nodes"

PackSource = str | Path | Provider | ModuleType | Mapping[str, Any]
"""A folder or file, the name of an entry point, a pack, a module of one, or classes by name."""


def load(sources: Iterable[PackSource]) -> tuple[list[Provider], list[Diagnostic]]:
    """The packs, and what to tell of them: what was loaded, and why others could not be.

    A folder that is no package itself is taken for one of packs, such as `custom_nodes`.

    Raises:
        PackError: a source leads nowhere.
    """
    packs: list[Provider] = []
    notes: list[Diagnostic] = []
    for source in sources:
        try:
            packs.extend(_packs(source, notes))
        except PackError as error:
            if error.diagnostics[0].code == "unknown_pack":
                raise
            notes += (replace(one, severity="warning") for one in error.diagnostics)
    loaded = [pack.name for pack in packs if isinstance(pack, ForeignPack) and pack.folder]
    if loaded:
        message = f"loaded {', '.join(loaded)}: the code of a pack runs with your rights"
        notes.insert(0, Diagnostic("pack_loaded", message, severity="info"))
    return packs, notes


def reserve() -> tuple[list[Provider], list[Diagnostic]]:
    """Packs that installed distributions declare for ComfyUI.

    They are loaded only when a file has a class that nothing else brings.
    """
    return load(metadata.entry_points(group=ENTRY_POINTS).names)


def _packs(source: PackSource, notes: list[Diagnostic]) -> Iterator[Provider]:
    match source:
        case str() | Path():
            for path in _paths(source):
                try:
                    yield _from_path(path) if isinstance(path, Path) else _from_entry(path)
                except PackError as error:
                    notes += (replace(one, severity="warning") for one in error.diagnostics)
        case ModuleType():
            name = source.__name__.rpartition(".")[2]
            with _loading(name):
                pack = _from_module(source, name)
            yield pack
        case Mapping():
            yield ForeignPack("classes", _by_name(source))
        case _:
            yield source


def _paths(source: str | Path) -> list[Path | metadata.EntryPoint]:
    """The files and packages that a path stands for, or the entry point of that name."""
    path = Path(source).expanduser()
    if path.is_file() or (path / "__init__.py").is_file():
        return [path.resolve()]
    if path.is_dir():
        inside = [entry for entry in sorted(path.iterdir()) if _is_pack(entry)]
        if inside:
            return [entry.resolve() for entry in inside]
        message = f"{path} has neither an __init__.py nor packs in it"
        raise PackError(Diagnostic("unknown_pack", message))
    points = metadata.entry_points(group=ENTRY_POINTS, name=str(source))
    if points:
        return list(points)
    names = sorted(metadata.entry_points(group=ENTRY_POINTS).names)
    known = f"; installed: {', '.join(names)}" if names else ""
    message = f"{source} is neither a file, a folder, nor the name of an installed pack"
    hint = f"--pack takes a folder with an __init__.py or a .py file{known}"
    raise PackError(Diagnostic("unknown_pack", message, hint=hint))


def _is_pack(entry: Path) -> bool:
    if entry.name.startswith((".", "__")) or entry.name.endswith(".disabled"):
        return False
    return (entry / "__init__.py").is_file() or entry.suffix == ".py"


@cache
def _from_path(path: Path) -> Provider:
    """Import once a process: a second import would make other classes of the same names."""
    folder = path if path.is_dir() else None
    with _loading(path.stem):
        if folder and (folder / "prestartup_script.py").is_file():
            _import(folder / "prestartup_script.py", f"{_module_name(path)}_prestartup")
        module = _import(path, _module_name(path))
        return _from_module(module, path.stem, folder=str(folder or path))


def _from_entry(point: metadata.EntryPoint) -> Provider:
    with _loading(point.name):
        found = point.load()
        if isinstance(found, Mapping):
            return ForeignPack(point.name, _by_name(found))
        return _from_module(found, point.name)


@contextmanager
def _loading(name: str) -> Iterator[None]:
    """Whatever goes wrong in a pack's code becomes one PackError that says which pack.

    What a pack prints while it is imported goes to stderr: stdout is for results.
    """
    finder.install()
    token = missing.PACK.set(name)
    try:
        with redirect_stdout(sys.stderr):
            yield
    except (Exception, SystemExit) as error:
        raise PackError(_failure(name, error)) from error
    finally:
        missing.PACK.reset(token)


def _failure(name: str, error: BaseException) -> Diagnostic:
    if isinstance(error, PackError) and not isinstance(error, missing.NOT_OFFERED):
        first = error.diagnostics[0]
        return replace(first, message=f"pack {name}: {first.message}")
    known: Diagnostic | None = explaining.explain(error, name)
    if known is not None:
        return known
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    reason = f"{type(error).__name__}: {said}" if said else type(error).__name__
    place = _place(error)
    return Diagnostic("missing_pack", f"pack {name} could not be loaded: {reason}{place}")


def _place(error: BaseException) -> str:
    """Where in the pack it went wrong: the last frame of the traceback, or what was not Python."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}:{error.lineno})"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})" if trace else ""


def _module_name(path: Path) -> str:
    """Names as ComfyUI gives them: the whole path, so that no two packs have one name."""
    return str(path.with_suffix("")).replace(".", "_x_")


def _import(path: Path, name: str) -> ModuleType:
    package = path.is_dir()
    file = path / "__init__.py" if package else path
    found = importlib.util.spec_from_file_location(
        name, file, submodule_search_locations=[str(path)] if package else None
    )
    if found is None or found.loader is None:
        raise PackError(Diagnostic("missing_pack", f"{file} is not a Python file"))
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    try:
        found.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _from_module(module: Any, name: str, *, folder: str | None = None) -> Provider:
    own = getattr(module, "PACK", None)
    if isinstance(own, Pack):
        return own
    classes = getattr(module, "NODE_CLASS_MAPPINGS", None)
    if classes is None and hasattr(module, "comfy_entrypoint"):
        from graphrun.comfy import v3

        classes = v3.classes(module)
    if not isinstance(classes, Mapping):
        message = "it has neither NODE_CLASS_MAPPINGS nor comfy_entrypoint nor a PACK"
        raise PackError(Diagnostic("missing_pack", message))
    titles = getattr(module, "NODE_DISPLAY_NAME_MAPPINGS", None) or {}
    _announce(classes, titles)
    return ForeignPack(name, _by_name(classes), dict(titles), folder)


def _by_name(classes: Mapping[Any, Any]) -> dict[str, Any]:
    """Names are texts in every file, whatever a pack has written."""
    return {str(name): cls for name, cls in classes.items()}


def _announce(classes: Mapping[str, Any], titles: Mapping[str, str]) -> None:
    """Packs look up each other's classes in the module `nodes`."""
    nodes = importlib.import_module("nodes")
    for name, cls in classes.items():
        nodes.NODE_CLASS_MAPPINGS.setdefault(name, cls)
    nodes.NODE_DISPLAY_NAME_MAPPINGS.update(titles)
