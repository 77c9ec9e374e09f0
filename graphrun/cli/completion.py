"""`graphrun completion bash|zsh|fish`: a script by which a shell completes what is typed."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from graphrun.cli import grammar, render, shells
from graphrun.cli.examples import teach
from graphrun.errors import ExitCode


def arguments(parser: ArgumentParser) -> None:
    teach(
        parser,
        "Print a script by which a shell completes verbs, options, choices and addresses.",
        "source <(graphrun completion bash)",
        "graphrun completion zsh > ~/.zfunc/_graphrun",
        "graphrun completion fish | source",
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def completion(options: Namespace) -> int:
    """Print the script."""
    render.out(shells.script(options.shell, grammar.verbs()))
    return ExitCode.OK
