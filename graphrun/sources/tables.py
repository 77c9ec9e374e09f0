"""Reading a data set: from files, the datasets library's cache, the hub, or the stand-ins.

CSV, TSV and JSON are read by graphrun itself, the binary formats by a builder named here: left to
guess, the datasets library would take a folder that happens to be called like a data set of the
hub for that data set.
"""

from __future__ import annotations

import codecs
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrun.errors import InputError, MissingResource
from graphrun.sources.delimited import read_delimited
from graphrun.sources.files import FORMATS, cached_files, formats, layouts, split_files
from graphrun.sources.json_rows import read_json
from graphrun.sources.names import Found, missing

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

_CHUNK = 1 << 20


def read(found: Found, split: str, columns: Sequence[str]) -> Dataset:
    """One split of a data set. `columns` names those of texts and labels.

    Raises:
        MissingResource: there is no such split, or the hub does not give the data set.
        InputError: a file cannot be read, or several sets of files could be the split.
    """
    if found.source == "hub":
        return _from_hub(found, split)
    place = Path(found.id)
    if found.source == "cache" and (place / "dataset_info.json").is_file():
        return _from_arrow(_of_split(found, cached_files(place), split), place)
    files = _of_split(found, split_files(place, found.splits), split)
    kinds = sorted(formats(files))
    if len(kinds) > 1:
        raise _ambiguous(found, split, [[file] for file in files], " and ".join(kinds))
    ways = [] if split in found.splits else layouts(place, files)
    if len(ways) > 1:
        raise _ambiguous(found, split, ways, "several sets of files")
    return read_files(files, kinds[0], columns)


def read_files(files: Sequence[Path], kind: str, columns: Sequence[str]) -> Dataset:
    """Files of one format, one after the other.

    `kind` is a builder of the datasets library, `tsv`, or `saved` for `save_to_disk` folders.

    Raises:
        InputError: a file is not of that format, or not UTF-8.
    """
    if kind in ("csv", "tsv", "json"):
        return _of_tables(files, [_read_text(file, kind, columns) for file in files])
    datasets = _library()
    names = [str(file) for file in files]
    try:
        if kind == "saved":
            parts = [datasets.load_from_disk(name) for name in names]
            return parts[0] if len(parts) == 1 else datasets.concatenate_datasets(parts)
        return datasets.load_dataset(kind, data_files=names, split="train")
    except Exception as error:  # each builder raises its parser's own
        where = ", ".join(names)
        cause = error.__cause__ or error
        message = f"{where} cannot be read as {kind}: {str(cause) or type(cause).__name__}"
        raise InputError(message, code="unreadable_data") from error


def read_file(path: Path, kind: str, columns: Sequence[str]) -> Dataset:
    """One file; `kind` as the user wrote it, where json stands for JSON lines as well.

    Raises:
        InputError: the format is unknown, or the file is not of that format.
    """
    kind = "json" if kind == "jsonl" else kind
    known = sorted(set(FORMATS.values()))
    if kind not in known:
        why = " (plain text has no column of labels)" if kind in ("text", "txt") else ""
        message = f"{kind!r} is not a format of labelled texts{why}; known: {', '.join(known)}"
        raise InputError(message, input="file_format", code="value_not_in_list")
    if kind == "csv" and path.suffix.lower() == ".tsv":
        kind = "tsv"
    return read_files([path], kind, columns)


def check_utf8(path: Path) -> None:
    """Read a file through to see that it is UTF-8.

    Raises:
        InputError: it is not; names the byte.
    """
    decoder, read_before = codecs.getincrementaldecoder("utf-8")(), 0
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


def _read_text(path: Path, kind: str, columns: Sequence[str]) -> pa.Table:
    check_utf8(path)
    if kind == "json":
        return read_json(path, columns)
    return read_delimited(path, "\t" if kind == "tsv" else ",", columns)


def _of_tables(files: Sequence[Path], tables: Sequence[pa.Table]) -> Dataset:
    import pyarrow as pa

    first = tables[0]
    for file, table in zip(files, tables, strict=True):
        names, its = first.column_names, table.column_names
        if set(names) != set(its):
            message = f"{files[0]} has columns {', '.join(names)}, and {file} has {', '.join(its)}"
            raise InputError(message, code="unlike_files")
        for name in names:
            mine, other = first.schema.field(name).type, table.schema.field(name).type
            if mine != other:
                message = f"the column {name} holds {mine} in {files[0]}, and {other} in {file}"
                raise InputError(message, code="unlike_files")
    whole = pa.concat_tables(table.select(first.column_names) for table in tables)
    datasets = _library()
    # A fingerprint of its own: the library would hash all texts for one.
    return datasets.Dataset(datasets.table.InMemoryTable(whole), fingerprint=secrets.token_hex(8))


def _ambiguous(found: Found, split: str, ways: list[list[Path]], what: str) -> InputError:
    place = Path(found.id)
    names = [file.relative_to(place).as_posix() for way in ways for file in way]
    message = f"the split {split} of {found.name} is there as {what}: {', '.join(names)}"
    hint = "leave one of them in the folder"
    # An alias can name one file or one folder, and not a few of the files in a folder.
    single = [way[0] for way in ways if len(way) == 1]
    single += [way[0].parent for way in ways if way[0].parent not in (place, place / "data")]
    if single:
        below = single[0].relative_to(place).as_posix()
        hint = f"--alias '{found.name}={place}?split.{split}={below}' says which to read"
    return InputError(message, code="ambiguous_split", hint=hint)


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
    message = f"data set {found.name} has no split {split}; splits in {found.id}: {names}"
    ways = ["the input split can be " + " or ".join(present[:3])] if present else []
    if found.place:
        ways.append(f"{found.alias(**{f'split.{split}': 'FILE'})} says where it is")
    return MissingResource.of("split", message, ways)


def _library() -> Any:
    """The datasets library without its progress bars: the run has its own."""
    import datasets

    datasets.disable_progress_bars()
    return datasets
