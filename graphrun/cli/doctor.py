"""`graphrun doctor`: what this machine has, what is wrong with it, and the way out."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from graphrun.cli import config, reading, render, sizes
from graphrun.cli.examples import teach
from graphrun.errors import ExitCode, GraphrunError
from graphrun.health.finding import Finding, noted, ok, problem

_MARKS = {"ok": "ok     ", "note": "note   ", "problem": "problem"}


def arguments(parser: ArgumentParser) -> None:
    teach(
        parser,
        "Look at the installation: what is there, what is wrong, and the way out.",
        "graphrun doctor",
        "graphrun doctor --network --pack custom_nodes/my_pack",
        "graphrun doctor --json",
    )
    parser.add_argument("--network", action="store_true", help="also ask whether the hub answers")
    reading.add_packs(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def doctor(options: Namespace) -> int:
    """Look at everything; exit code 1 if something is a problem."""
    found: list[Finding] = []
    topic = None
    for one in _findings(options):
        found.append(one)
        if options.json:
            continue
        if one.topic != topic:
            topic = one.topic
            render.out(topic)
        render.out(f"  {_MARKS[one.status]}  {one.message}")
        if one.hint:
            render.out(f"             {one.hint}")
    worst = "problem" if any(one.status == "problem" for one in found) else "ok"
    if options.json:
        render.out_json({"status": worst, "findings": [one.to_json() for one in found]})
    else:
        count = sum(one.status == "problem" for one in found)
        render.out(f"{count or 'no'} problem{'s' * (count != 1)}")
    return ExitCode.NODE_FAILED if worst == "problem" else ExitCode.OK


def _findings(options: Namespace) -> Iterator[Finding]:
    """Everything, topic by topic. What looks cannot itself be what fails."""
    from graphrun.health import libraries, surroundings

    looks: list[tuple[str, Callable[[], Iterable[Finding]]]] = [
        ("python", surroundings.python),
        ("libraries", libraries.libraries),
        ("extras", libraries.extras),
        ("working folder", lambda: surroundings.shadows(Path.cwd(), sys.path)),
        ("configuration", _configuration),
        ("packs", lambda: _packs(options.packs)),
        ("cache", _cache),
        ("hub", lambda: surroundings.hub(os.environ)),
    ]
    if options.network:
        looks.append(("hub", lambda: [surroundings.network()]))
    for topic, look in looks:
        try:
            yield from look()
        except Exception as error:
            yield problem(topic, f"it cannot be looked at: {type(error).__name__}: {error}")


def _configuration() -> Iterator[Finding]:
    names = [name for name in ("graphrun.toml", "pyproject.toml") if Path(name).is_file()]
    try:
        found = config.read(Path.cwd())
    except GraphrunError as error:
        yield problem("configuration", str(error.diagnostics[0].message), error.diagnostics[0].hint)
        return
    keys = ", ".join(key for key, value in found.items() if value)
    if keys:
        yield ok("configuration", f"{names[0]} sets {keys}")
    else:
        yield ok("configuration", "nothing is set in graphrun.toml or [tool.graphrun]")
    for name, alias in found.get("alias", {}).items():
        if not alias.path.exists():
            told = f"alias {name}: there is no {alias.path}"
            yield problem("configuration", told, "mend the path in the configuration")


def _packs(given: Iterable[str]) -> Iterator[Finding]:
    """The packs of a run from here: installed, configured, of the environment, asked for."""
    from graphrun.health.asking import ask

    try:
        asked = [*config.read(Path.cwd()).get("packs", []), *reading.environment(), *given]
    except GraphrunError:  # told of already
        asked = [*reading.environment(), *given]
    answer = ask("packs", asked)
    for line in answer.lines:
        if "failed" in line:
            yield problem("packs", line["failed"], line.get("hint"))
        elif "name" in line:
            yield ok("packs", f"{line['name']}: {line['classes']} classes")
    if answer.ended:
        yield problem("packs", f"importing {answer.guilty or 'packs'}: {answer.ended}")


def _cache() -> Iterator[Finding]:
    from graphrun.health import surroundings

    settings = config.cache()
    yield surroundings.cache(
        settings.folder, settings.max_bytes, lambda: _size(settings.folder), sizes.told
    )
    if not settings.enabled:
        yield noted(
            "cache", "the configuration turns it off", "--cache-dir DIR uses one all the same"
        )


def _size(folder: Path) -> int:
    return sum(
        (Path(base) / name).lstat().st_size for base, _, names in os.walk(folder) for name in names
    )
