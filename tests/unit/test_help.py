"""`--help`: every verb has examples, and they are commands that the parsers take."""

import re
import shlex

import pytest

from graphrun.cli import grammar
from graphrun.cli.main import VERBS, parser

GRAMMAR = grammar.verbs()
EXAMPLES = [
    (verb.name, command.strip())
    for verb in GRAMMAR
    if verb.name
    for line in verb.end.splitlines()
    if line.startswith("  ")
    # Behind `;` is another command, behind `|`, `>` and `)` a shell's own.
    for command in re.findall(r"graphrun [^;|>)]*", line)
]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_says_what_it_is_for_with_two_examples_or_more(verb):
    (found,) = [one for one in GRAMMAR if one.name == verb]
    assert found.end.startswith("examples:\n")
    assert 2 <= sum(line.startswith("  ") for line in found.end.splitlines()) <= 8


@pytest.mark.parametrize(("verb", "command"), EXAMPLES)
def test_examples_are_taken(verb, command):
    arguments = shlex.split(command)[1:]
    if arguments[0] not in VERBS:  # as `main` does
        arguments.insert(0, "run")
    options = parser(arguments[:1]).parse_args(arguments)
    assert options.verb == arguments[0]


def test_every_verb_has_an_example_of_itself():
    named = {verb for verb, command in EXAMPLES if command.split()[1] == verb.split()[0]}
    assert named >= set(VERBS)
