"""The command line as a request to run something."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrun.cli import DEVICES, config, processes, reading, values
from graphrun.cli.sweep_options import OPTIONS as SWEEP
from graphrun.cli.training import OPTIONS as TRAINING
from graphrun.cli.training import chosen
from graphrun.errors import Diagnostic, UsageError

if TYPE_CHECKING:
    from graphrun.request import Request

_OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("--set",),
        {
            "dest": "overrides",
            "action": "append",
            "default": [],
            "metavar": "NODE.INPUT=VALUE",
            "help": "change a value; NODE is an id, a title or a class (repeatable)",
        },
    ),
    (
        ("--params",),
        {
            "type": Path,
            "action": "append",
            "default": [],
            "metavar": "FILE",
            "help": "values from a .toml, .yaml or .json file, as `graphrun params FILE --toml` "
            "writes; --set goes before (repeatable)",
        },
    ),
    (
        ("--seed",),
        {
            "type": values.seed,
            "metavar": "NUMBER",
            "help": "seed of everything random (default 0); `random` draws one and says it",
        },
    ),
    (("--device",), {"choices": DEVICES, "help": "where to compute (default auto)"}),
    (
        ("--tiny",),
        {
            "action": "store_true",
            "help": "try the workflow in seconds: small stand-ins for models and data, few epochs",
        },
    ),
    (("--out",), {"type": Path, "metavar": "DIR", "help": "folder for run folders (default runs)"}),
    (
        ("--run-folder",),
        {
            "type": values.folder,
            "metavar": "DIR",
            "help": "leave the run in exactly this folder, which holds none yet",
        },
    ),
    (
        ("--allow-path",),
        {
            "type": Path,
            "action": "append",
            "default": [],
            "metavar": "DIR",
            "help": "let nodes write below this folder (repeatable)",
        },
    ),
    (
        ("--min-free",),
        {
            "type": values.size,
            "metavar": "SIZE",
            "help": "refuse to start with less disk space than this, e.g. 2G (default 256M)",
        },
    ),
    (
        ("--keep-going",),
        {
            "action": "store_true",
            "help": "after a failure run everything that does not need the node; also run what is "
            "right of a file that has errors",
        },
    ),
    (
        ("--dry-run",),
        {
            "action": "store_true",
            "help": "show what would run, what is there already, and why; runs nothing",
        },
    ),
    (("--no-cache",), {"action": "store_true", "help": "neither use nor keep results"}),
    (
        ("--fresh",),
        {"action": "store_true", "help": "start over: nothing of earlier runs is used"},
    ),
    (("--cache-dir",), {"type": values.folder, "metavar": "DIR", "help": "keep results here"}),
    (("--json",), {"action": "store_true", "help": "print the report as JSON on stdout"}),
    (
        ("--events",),
        {
            "action": "store_true",
            "help": "print what happens on stdout, an event a line as JSON, as in events.jsonl",
        },
    ),
    (("-q", "--quiet"), {"action": "store_true", "help": "only problems and the end"}),
    (
        ("-v", "--verbose"),
        {"action": "store_true", "help": "also tracebacks and the libraries' messages"},
    ),
)


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="workflow or prompt, - for stdin")
    told = "run only what these ids need"
    parser.add_argument("targets", nargs="*", default=[], metavar="NODE", help=told)
    for title, table in (("trainings", TRAINING), ("sweeps", SWEEP)):
        group = parser.add_argument_group(title)
        for names, options in table:
            group.add_argument(*names, **options)
    for names, options in _OPTIONS:
        parser.add_argument(*names, **options)
    reading.add_places(parser)
    reading.add_options(parser)
    reading.add_lenient(parser)


_DECIDING = frozenset(
    {
        "--allow-path",
        "--device",
        "--min-free",
        "--out",
        "--params",
        "--precision",
        "--set",
        "--tiny",
    }
)
"""Options that decide whether a run may start."""


def add_what_is_run(parser: ArgumentParser) -> None:
    """For verbs that look whether something would run: what it depends on.

    Other options of `run` have the values here that they have where they are not given.
    """
    _add(parser, _DECIDING)
    parser.set_defaults(targets=None)
    reading.add_places(parser)
    reading.add_options(parser)
    reading.add_lenient(parser)


_COMPUTING = _DECIDING - {"--allow-path", "--min-free", "--out"} | {
    "--seed",
    "--keep-going",
    "--cache-dir",
    "--json",
    *(names[0] for names, _ in TRAINING if names[0] != "--checkpoint-every"),
}
"""Options that say what a run computes, and where its results are."""


def add_what_is_computed(parser: ArgumentParser) -> None:
    """For verbs that say what a run would find in the cache; likewise."""
    parser.add_argument("file", metavar="FILE", help="workflow or prompt, - for stdin")
    told = "only these ids"
    parser.add_argument("targets", nargs="*", default=[], metavar="NODE", help=told)
    _add(parser, _COMPUTING)
    reading.add_places(parser)
    reading.add_options(parser)
    reading.add_lenient(parser)


def _add(parser: ArgumentParser, wanted: Collection[str]) -> None:
    """Some options of `run`; the others have the values that they have where they are not given."""
    for names, options in (*_OPTIONS, *TRAINING, *SWEEP):
        if names[0] in wanted:
            parser.add_argument(*names, **options)
        else:
            dest = options.get("dest", names[-1].lstrip("-").replace("-", "_"))
            usual = False if options.get("action") == "store_true" else None
            parser.set_defaults(**{dest: options.get("default", usual)})


def request_of(options: Namespace) -> Request:
    """The command line over the configuration file over the defaults."""
    from graphrun.execute import MIN_FREE
    from graphrun.request import Request

    found, folder = config.read(Path.cwd()), _run_folder(options)
    out: Path = options.out or Path(found.get("out", "runs"))
    settings = replace(
        reading.settings(options),
        seed=options.seed if options.seed is not None else found.get("seed", 0),
        device=options.device or found.get("device", "auto"),
        precision=options.precision or found.get("precision", "auto"),
        deterministic=chosen(options, found, "deterministic"),
        literal=chosen(options, found, "literal"),
        grad_accum=chosen(options, found, "grad-accum"),
        clip_grad=chosen(options, found, "clip-grad"),
        gradient_checkpointing=chosen(options, found, "gradient-checkpointing"),
        aside=processes.Process.current().aside,
        tiny=options.tiny,
        allow_paths=tuple(
            Path(path).expanduser() for path in (*options.allow_path, *found.get("allow-path", []))
        ),
    )
    return Request(
        reading.load(options, options.file),
        settings,
        overrides=[*reading.parameters(options.params), *options.overrides],
        targets=options.targets or None,
        keep_going=options.keep_going,
        lenient=options.lenient,
        out=folder.parent if folder else out.expanduser(),
        folder=folder,
        min_free=MIN_FREE if options.min_free is None else options.min_free,
        tensorboard=found.get("track", {}).get("tensorboard", True),
    )


def _run_folder(options: Namespace) -> Path | None:
    if options.run_folder is None:
        return None
    folder: Path = options.run_folder.expanduser()
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        message = f"--run-folder {folder}: it is there already, and not empty"
        raise UsageError(Diagnostic("unwritable_output", message))
    return folder
