"""`--changed-since REF`: the tests that a change may have an effect on, according to git."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

from graphrun.catalog.pack import Pack, Provider
from graphrun.documents import Link
from graphrun.errors import Diagnostic, GraphrunError, UsageError
from graphrun.plan import Plan
from graphrun.plan.code import place
from graphrun.record.repository import ask
from graphrun.session import Session
from graphrun.sources.names import Found
from graphrun.testing import goldens
from graphrun.testing.model import Test
from graphrun.testing.running import Around, packs_of, request_of, session_of

SECONDS = 60.0
"""How long one question to git may take here: a large repository has many files to look at."""


def changed_since(ref: str, tests: Iterable[Test], around: Around) -> list[Test]:
    """The tests whose files were changed since a commit, a tag or where a branch began.

    What counts are the test file, its workflow, what is recorded, the code of the packs that
    bring its classes, and local files that it names. Changes that are not committed count, new
    files too. A workflow that cannot be planned counts as changed: nothing is known of its files.

    Raises:
        UsageError: git does not know the commit, or a test lies in no repository.
    """
    known: dict[Path, set[Path]] = {}
    found = []
    for test in tests:
        folder = test.file.resolve().parent
        if folder not in known:
            known[folder] = set(_changed(folder, ref))
        files = depends_on(test, around)
        if files is None or any(_touched(one, known[folder]) for one in files):
            found.append(test)
    return found


def depends_on(test: Test, around: Around) -> set[Path] | None:
    """The files and folders that a test's result depends on; None if they are not known."""
    found = {test.file, test.workflow, *goldens.files(test), *map(Path, packs_of(test))}
    try:
        session = session_of(test, around)
        request = request_of(test, around)
        planned, _ = session.plan(request)
    except GraphrunError:
        return None
    found |= {alias.path for alias in request.settings.aliases.values()}
    found |= set(_code(session, planned)) | set(_led(planned))
    found |= set(_named(planned, request.settings.inputs))
    return found


def _changed(folder: Path, ref: str) -> Iterator[Path]:
    top = ask(folder, "rev-parse", "--show-toplevel", seconds=SECONDS)
    if top is None:
        message = f"--changed-since {ref}: {folder} is in no repository of git"
        raise UsageError(Diagnostic("bad_usage", message))
    commit = ask(folder, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    if commit is None:
        message = f"--changed-since {ref}: git knows no such commit"
        hint = "a checkout of CI may hold one commit only; fetch the others first"
        raise UsageError(Diagnostic("bad_usage", message, hint=hint))
    base = ask(folder, "merge-base", commit.strip(), "HEAD", seconds=SECONDS) or commit
    root = Path(top.rstrip("\n"))
    for question in (
        ("diff", "--name-only", "-z", "--no-renames", base.strip(), "--"),
        ("ls-files", "-z", "--others", "--exclude-standard", "--full-name", ":/"),
    ):
        said = ask(folder, *question, seconds=SECONDS)
        if said is None:
            raise UsageError(Diagnostic("bad_usage", f"--changed-since {ref}: git did not answer"))
        yield from ((root / name).resolve() for name in said.split("\0") if name)


def _touched(one: Path, changed: set[Path]) -> bool:
    """Whether a file is among those that were changed, or a folder holds one of them."""
    path = one.resolve()
    return path in changed or any(path in other.parents for other in changed)


def _code(session: Session, planned: Plan) -> Iterator[Path]:
    for class_type in {step.node.class_type for step in planned.steps}:
        path = _place(session.catalog.pack(class_type))
        if path is not None:
            yield path


def _place(pack: Provider) -> Path | None:
    """Where a pack's code lies; of ours it may not be imported yet."""
    found = place(pack)
    if found is None and isinstance(pack, Pack):
        spec = find_spec(pack.package)
        file = spec.origin if spec else None
        found = Path(file) if file else None
        if found is not None and found.name == "__init__.py":
            found = found.parent
    return found


def _led(planned: Plan) -> Iterator[Path]:
    """Files and folders that names of models and data led to."""
    for _, led in planned.led or ():
        match led:
            case Path():
                yield led
            case list():
                yield from (one for one in led if isinstance(one, Path))
            case Found() if Path(led.id).exists():
                yield Path(led.id)


def _named(planned: Plan, inputs: Path) -> Iterator[Path]:
    """Texts of the prompt that are paths of files that are there."""
    for step in planned.steps:
        for value in step.node.inputs.values():
            if isinstance(value, Link) or not isinstance(value, str) or not value.strip():
                continue
            for path in (Path(value), inputs / value):
                if _is_file(path):
                    yield path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a text that can be no path
        return False
