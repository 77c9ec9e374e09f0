"""Workflows and prompts inside media files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import BinaryIO, Literal

from graphrun.documents.media.entries import DOCUMENTS, PARAMETERS, gather
from graphrun.documents.media.kinds import CARRIERS, Kind, kind
from graphrun.documents.media.span import BrokenMedia, Span
from graphrun.errors import Diagnostic, DocumentError

Prefer = Literal["workflow", "prompt"]

__all__ = ["Embedded", "Kind", "Prefer", "embedded", "kind"]


@dataclass(frozen=True)
class Embedded:
    """The texts by `workflow` and `prompt`, and warnings about damage that does not touch them."""

    texts: dict[str, str]
    notes: tuple[Diagnostic, ...] = ()


def embedded(file: BinaryIO, kind: Kind, name: str, prefer: Prefer) -> Embedded:
    """The documents in a seekable file of a kind.

    Raises:
        DocumentError: there is none, or the file is damaged or incomplete.
    """
    if kind.read is None:
        message = f"{name}: {_a(kind)} cannot hold a workflow"
        hint = f"workflows are in JSON files, and in {CARRIERS} files that a server has written"
        raise DocumentError(Diagnostic("unsupported_media", message, hint=hint))
    span = Span.of(file)
    entries: dict[str, str] = {}
    notes = []
    try:
        gather(kind.read(span), entries)
    except BrokenMedia as error:
        if not (kind.open_ended and error.cut and entries.get(prefer)):
            raise DocumentError(_broken(name, kind, error)) from error
        notes.append(_warning(_broken(name, kind, error)))
    faults = [_broken(name, kind, BrokenMedia(fault)) for fault in span.faults]
    found = {key: entries[key] for key in DOCUMENTS if entries.get(key)}
    if not found:
        raise DocumentError(faults or _empty(name, kind, entries))
    return Embedded(found, (*map(_warning, faults), *notes))


def _warning(diagnostic: Diagnostic) -> Diagnostic:
    hint = "the document in it is whole and was read"
    return replace(diagnostic, severity="warning", hint=hint)


def _broken(name: str, kind: Kind, error: BrokenMedia) -> Diagnostic:
    if error.cut:
        hint = "copy or download it again, or use the workflow's JSON file"
        return Diagnostic(
            "truncated_media", f"{name}: the {kind.name} is incomplete: {error}", hint=hint
        )
    hint = "use another copy of the file, or the workflow's JSON file"
    return Diagnostic("broken_media", f"{name}: the {kind.name} is damaged: {error}", hint=hint)


def _empty(name: str, kind: Kind, entries: dict[str, str]) -> Diagnostic:
    message = f"{name}: this {kind.name} has neither a workflow nor a prompt in it"
    if PARAMETERS in entries:
        message += ", only the parameters of a program without node graphs"
    hint = (
        "editing, converting or sending a file often removes them; use the file as the server "
        "wrote it, or save the workflow as JSON (in the editor Workflow > Save or Export)"
    )
    return Diagnostic("no_embedded_workflow", message, hint=hint)


def _a(kind: Kind) -> str:
    return f"{'an' if kind.name.startswith('AVI') else 'a'} {kind.name}"
