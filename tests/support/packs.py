"""Packs made by tests, found through an entry point as installed ones are."""

from pathlib import Path


def install(
    folder: Path, name: str, code: str, *, group: str = "graphrun.packs", value: str | None = None
) -> None:
    """Write a module and the metadata of a distribution; `folder` has to be on the path."""
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {value or f'{name}:PACK'}\n")
