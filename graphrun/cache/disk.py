"""Results in a folder, for later processes."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from graphrun.cache.blobs import FILE, Writing, blobs, content, copies, digest_of, nbytes, read
from graphrun.cache.codecs import NoCodec, Parts, decode, encode
from graphrun.cache.folder import Folder, Signature, signature, size_of, told
from graphrun.cache.manifest import Blob, Damaged, Manifest, own_version
from graphrun.cache.memory import Stored
from graphrun.cache.room import leave, make_room, publish, write_size
from graphrun.catalog.running import CALL, notice

MAX_BYTES = 20 << 30

_TRIES = 3
"""Readings of a result that other processes replace meanwhile."""

_REASONS = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A result of a disk store: its bytes on disk, and when it was used last, in Unix seconds."""

    identity: str
    bytes: int
    used: float
    graphrun: str
    """The version that wrote it."""

    class_type: str
    """Of the node that gave it; empty if no run put it there."""


@dataclass(frozen=True, slots=True)
class Info:
    """What a disk store holds. Files that several results share count once."""

    path: Path
    entries: int
    bytes: int


class _Lost(Exception):
    """A result that cannot be used: its file, and what that was like when it was looked at."""

    def __init__(self, why: str, blob: Path | None = None, seen: Signature | None = None) -> None:
        super().__init__(why)
        self.blob = blob
        self.seen = seen


class DiskStore:
    """Keeps results in a folder, up to `max_bytes`; those used longest ago go first.

    Any number of processes and threads may share the folder, and each may end at any moment.
    Every `get` gives new objects. Tensors are mapped into memory: their pages are read when they
    are used, and writing to them changes no file.

    Kept are values that come back exactly: None, numbers, texts, bytes; lists, tuples and dicts of
    them; tensors on the CPU without gradient (strides are not kept), NumPy arrays without objects,
    pandas tables that Arrow does not change. Nothing is ever unpickled. Of other results, `put`
    keeps nothing, and `why_not` says why.

    Files that cannot be read or written raise nothing: there is no result then, and the run has a
    notice. A damaged file is removed, and its node runs again; file contents are compared with
    their digest when a process first reads them, and again whenever a file has changed. Only the
    owner can enter the folders that are made; whoever can write there decides what runs get.
    """

    speaks = True

    def __init__(self, path: str | os.PathLike[str], max_bytes: int = MAX_BYTES) -> None:
        self.path = Path(path).expanduser().absolute()
        self.max_bytes = max_bytes
        self._folder = Folder(self.path)
        self._intact: dict[Path, Signature] = {}
        self._reasons: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()
        self._swept = False

    def get(self, identity: str) -> Stored | None:
        """The result, None if there is none that can be used."""
        path = self._folder.action(identity)
        try:
            for _ in range(_TRIES):
                text = path.read_bytes()
                try:
                    stored = self._read(identity, text)
                except _Lost as lost:
                    if self._drop(path, text, lost):
                        message = f"a stored result was damaged and is made again: {lost}"
                        notice(message, code="store_damaged")
                        return None
                else:
                    self._folder.touch(path)
                    return stored
        except (FileNotFoundError, NotADirectoryError):
            pass
        except (OSError, ImportError, MemoryError) as error:
            self._complain("read", error)
        return None

    def put(self, identity: str, stored: Stored) -> None:
        """Keep a result, if it can be kept; see `why_not`."""
        try:
            self._write(identity, stored)
        except NoCodec as reason:
            self._explain(identity, str(reason))
        except OSError as error:
            self._explain(identity, f"it could not be written: {_words(error)}")
            self._complain("written", error)
        except Exception as error:  # keeping a result must not cost it
            self._explain(identity, f"{type(error).__name__}: {error}")
        else:
            with self._lock:
                self._reasons.pop(identity, None)

    def glance(self, identity: str) -> tuple[Mapping[str, Any], ...] | None:
        """What the node of a result said; None if there is no such result.

        Its files are not looked at, nor does it count as use.
        """
        try:
            manifest = Manifest.of(self._folder.action(identity).read_bytes())
            return tuple(decode(manifest.said, Parts())) if manifest.identity == identity else None
        except (OSError, Damaged, ValueError, TypeError):
            return None

    def why_not(self, identity: str) -> str | None:
        """Why the newest `put` of this object kept nothing; None if it did, or there was none."""
        with self._lock:
            return self._reasons.get(identity)

    def gc(self) -> int:
        """Remove files that no result needs, also unfinished ones of processes that have ended.

        Gives the bytes that are free now.

        Raises:
            OSError: the folder cannot be read or written.
        """
        if not self._is_there():
            return 0
        with self._folder.locked() as lock:
            before = sum(map(size_of, (*self._folder.actions(), *self._folder.blobs())))
            after = make_room(self._folder, lock, self.max_bytes)
            return before - after + self._folder.sweep() + leave(self._folder)

    def clear(self) -> None:
        """Remove every result. Those that runs have read stay valid.

        Raises:
            OSError: the folder cannot be read or written.
        """
        if self._is_there():
            with self._folder.locked() as lock:
                for path in (*self._folder.actions(), *self._folder.blobs()):
                    path.unlink(missing_ok=True)
                write_size(lock, 0)
                self._folder.sweep()
                leave(self._folder)

    def info(self) -> Info:
        """What is there now."""
        actions = self._folder.actions()
        files = (*actions, *self._folder.blobs())
        return Info(self.path, len(actions), sum(map(size_of, files)))

    def __iter__(self) -> Iterator[Entry]:
        """The results, in no order; to look at them does not count as use."""
        for path in self._folder.actions():
            try:
                found, manifest = path.stat(), Manifest.of(path.read_bytes())
            except (OSError, Damaged):
                continue
            size = found.st_size + sum(blob.size for blob in manifest.blobs)
            said = manifest.graphrun, manifest.class_type
            yield Entry(manifest.identity, size, found.st_mtime, *said)

    def _is_there(self) -> bool:
        return self._folder.root.is_dir() or bool(self._folder.outdated())

    def _read(self, identity: str, text: bytes) -> Stored:
        try:
            manifest = Manifest.of(text)
        except Damaged as error:
            raise _Lost(f"the entry {error}") from None
        if manifest.identity != identity:
            raise _Lost("the entry is that of another result")
        parts = Parts()
        written = []
        for blob in manifest.blobs:
            path, seen, data = self._checked(blob)
            try:
                if blob.codec == FILE:
                    written.append(memoryview(data))
                else:
                    read(blob.codec, data, parts)
            except (OSError, ImportError, MemoryError):
                raise
            except Exception as error:  # whatever the libraries make of it
                raise _Lost(f"{type(error).__name__}: {error}", path, seen) from error
        try:
            outputs, ui = decode(manifest.outputs, parts), decode(manifest.ui, parts)
            said = tuple(decode(manifest.said, parts))
            files = dict(zip(manifest.files, written, strict=True))
        except (ImportError, MemoryError):
            raise
        except Exception as error:  # its digest is right, so that another program wrote it
            raise _Lost(f"the entry is of another form ({error})") from error
        return Stored(outputs, ui, said, files)

    def _checked(self, blob: Blob) -> tuple[Path, Signature, Any]:
        """A file and its bytes, which are those that were looked at, whatever happens to it."""
        try:
            path = self._folder.blob(blob.digest)
        except (ValueError, TypeError) as error:
            raise _Lost(str(error)) from None
        try:
            with path.open("rb") as file:
                seen = told(os.fstat(file.fileno()))
                if seen[1] != blob.size:
                    what = f"a file has {seen[1]} bytes instead of {blob.size}"
                    raise _Lost(what, path, seen)
                data = content(file, seen[1])
        except (FileNotFoundError, NotADirectoryError):
            raise _Lost("a file is gone", path) from None
        if self._intact.get(path) != seen:
            if digest_of(data) != blob.digest:
                raise _Lost("the bytes of a file have changed", path, seen)
            self._intact[path] = seen
        return path, seen, data

    def _drop(self, path: Path, text: bytes, lost: _Lost) -> bool:
        """Remove a result that is lost; False if another process has changed it meanwhile."""
        with self._folder.locked():
            if path.read_bytes() != text:
                return False
            if lost.blob is not None:
                if signature(lost.blob) != lost.seen:
                    return False
                lost.blob.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        return True

    def _write(self, identity: str, stored: Stored) -> None:
        outputs, ui, said, files = stored
        parts = Parts()
        try:
            shown, words = encode(dict(ui), parts), encode(list(said), parts)
            values = encode(tuple(outputs), parts)
        except RecursionError:
            raise NoCodec("too many collections in each other") from None
        self._must_fit(nbytes(parts))
        with ExitStack() as unfinished:
            moves: list[tuple[Path, Path]] = []
            written: list[Blob] = []
            for codec, write in chain(blobs(parts), copies(files)):
                made = unfinished.enter_context(self._folder.unfinished())
                with made.open("xb") as file:
                    out = Writing(file)
                    write(out)
                written.append(Blob(codec, out.digest, out.size))
                moves.append((made, self._folder.blob(out.digest)))
            about = tuple(written), values, shown, words, tuple(files)
            text = Manifest(identity, own_version(), _maker(), *about).text()
            self._must_fit(len(text) + sum(blob.size for blob in written))
            made = unfinished.enter_context(self._folder.unfinished())
            made.write_bytes(text)
            self._publish([*moves, (made, self._folder.action(identity))])

    def _publish(self, moves: list[tuple[Path, Path]]) -> None:
        folder = self._folder
        with folder.locked() as lock:
            folder.touch(moves[-1][0])
            if publish(folder, lock, moves) > self.max_bytes:
                make_room(folder, lock, self.max_bytes, moves[-1][1])
                folder.sweep()
            elif not self._swept:
                folder.sweep()
            self._swept = True

    def _must_fit(self, size: int) -> None:
        if size > self.max_bytes:
            raise NoCodec(f"its {size} bytes are more than the {self.max_bytes} of the store")

    def _explain(self, identity: str, reason: str) -> None:
        with self._lock:
            self._reasons[identity] = reason
            while len(self._reasons) > _REASONS:
                self._reasons.popitem(last=False)

    def _complain(self, done: str, error: BaseException) -> None:
        message = f"results cannot be {done} in {self.path}: {_words(error)}"
        notice(message, code="store_failed", once=True)


def _maker() -> str:
    """The class of the node that runs; the call of a run knows it, other calls need not."""
    return str(getattr(CALL.get(), "class_type", ""))


def _words(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
