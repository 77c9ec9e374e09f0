"""Reading a data set: from files, the datasets library's cache, the hub, or the stand-ins.

Files are always read by a builder named here: left to guess, the datasets library would take a
folder that happens to be called like a data set of the hub for that data set.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrun.node import InputError, MissingResource

from ._files import FORMATS, cached_files, formats, split_files
from ._names import Found, missing

if TYPE_CHECKING:
    from datasets import Dataset

_TEXT_FORMATS = frozenset({"csv", "tsv", "json", "text"})
_CHUNK = 1 << 20
_STAND_IN_TEST = frozenset({"test", "val", "valid", "validation", "dev", "eval"})


def read(found: Found, split: str, text: str) -> Dataset:
    """One split of a data set. `text` names the column that is kept as written in CSV files.

    Raises:
        MissingResource: there is no such split, or the hub does not give the data set.
        InputError: a file cannot be read.
    """
    if found.source == "hub":
        return _from_hub(found, split)
    place = Path(found.id)
    if found.source == "cache" and (place / "dataset_info.json").is_file():
        return _from_arrow(_of_split(found, cached_files(place), split), place)
    files = _of_split(found, split_files(place, found.splits), split)
    kinds = sorted(formats(files))
    if len(kinds) > 1:
        raise InputError(
            f"the split {split} of {found.name} is there as {' and '.join(kinds)}: "
            f"{', '.join(file.name for file in files)}",
            code="ambiguous_split",
            hint=f"--alias '{found.name}={place}?split.{split}={files[0].name}' says which to read",
        )
    return read_files(files, kinds[0], text)


def read_files(files: Sequence[Path], kind: str, text: str) -> Dataset:
    """Files of one format, one after the other.

    `kind` is a builder of the datasets library, `tsv`, or `saved` for `save_to_disk` folders.

    Raises:
        InputError: a file is not of that format, or not UTF-8.
    """
    datasets = _library()
    if kind == "saved":
        parts = [datasets.load_from_disk(str(folder)) for folder in files]
        return parts[0] if len(parts) == 1 else datasets.concatenate_datasets(parts)
    if kind in _TEXT_FORMATS:
        for file in files:
            check_utf8(file)
    options: dict[str, Any] = {}
    if kind in ("csv", "tsv"):
        # pandas would read the text "NA" as missing and "007" as seven.
        options = {"keep_default_na": False, "converters": {text: str}}
        options["sep"] = "\t" if kind == "tsv" else ","
    builder = "csv" if kind == "tsv" else kind
    names = [str(file) for file in files]
    try:
        return datasets.load_dataset(builder, data_files=names, split="train", **options)
    except Exception as error:  # each builder raises its parser's own
        where = ", ".join(names)
        cause = error.__cause__ or error
        message = f"{where} cannot be read as {kind}: {cause}"
        raise InputError(message, code="unreadable_data") from error


def read_file(path: Path, kind: str, text: str) -> Dataset:
    """One file; `kind` as the user wrote it, where json stands for JSON lines as well.

    Raises:
        InputError: the format is unknown, or the file is not of that format.
    """
    kind = {"jsonl": "json", "txt": "text"}.get(kind, kind)
    known = sorted({*FORMATS.values(), "text"})
    if kind not in known:
        message = f"{kind!r} is not a format of data files; known: {', '.join(known)}"
        raise InputError(message, input="file_format", code="value_not_in_list")
    if kind == "csv" and path.suffix.lower() == ".tsv":
        kind = "tsv"
    return read_files([path], kind, text)


def stand_in(split: str, *, text: str, label: str) -> Dataset:
    """Built-in synthetic reviews under the wanted column names, labels 0 and 1."""
    from ._reviews import reviews

    pairs = reviews("test" if split.lower() in _STAND_IN_TEST else "train")
    columns = {text: [review for review, _ in pairs], label: [value for _, value in pairs]}
    return _library().Dataset.from_dict(columns)


def check_utf8(path: Path) -> None:
    """Read a file through to see that it is UTF-8.

    Raises:
        InputError: it is not; names the byte.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    read_before = 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            # The decoder holds back the bytes of a character that a chunk cuts in two.
            held = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                at = read_before - held + error.start
                raise InputError(
                    f"{path} is not UTF-8: byte 0x{error.object[error.start]:02x} "
                    f"at offset {at} ({error.reason})",
                    code="not_utf8",
                    hint=f"iconv -f LATIN1 -t UTF-8 {path} converts a file in Latin-1",
                ) from None
            if not chunk:
                return
            read_before += len(chunk)


def _from_arrow(files: Sequence[Path], folder: Path) -> Dataset:
    datasets = _library()
    info = datasets.DatasetInfo.from_directory(str(folder))
    parts = [datasets.Dataset.from_file(str(file), info=info) for file in files]
    return parts[0] if len(parts) == 1 else datasets.concatenate_datasets(parts)


def _from_hub(found: Found, split: str) -> Dataset:
    datasets = _library()
    try:
        every = datasets.load_dataset(found.id)
    except (OSError, ValueError, RuntimeError) as error:
        raise missing("dataset", found.name, f"the hub does not give it: {error}") from error
    if split not in every:
        raise _no_split(found, split, list(every))
    return every[split]


def _of_split(found: Found, splits: dict[str, list[Path]], split: str) -> list[Path]:
    if not splits.get(split):
        raise _no_split(found, split, list(splits))
    return splits[split]


def _no_split(found: Found, split: str, present: Sequence[str]) -> MissingResource:
    names = ", ".join(present) or "none"
    ways = [f"--set NODE.split={name} reads the split {name}" for name in present[:3]]
    if found.source in ("alias", "folder"):
        ways.append(f"--alias '{found.name}={found.id}?split.{split}=FILE' says where it is")
    return MissingResource.of(
        "split", f"data set {found.name} has no split {split}; splits in {found.id}: {names}", ways
    )


def _library() -> Any:
    """The datasets library without its progress bars: the run has its own."""
    import datasets

    datasets.disable_progress_bars()
    return datasets
