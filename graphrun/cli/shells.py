"""Verbs and options → scripts for bash, zsh and fish.

The scripts hold everything but what depends on a file: for addresses and ids they ask
`graphrun __complete`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from graphrun.cli.grammar import Option, Value, Verb


def script(shell: str, verbs: Sequence[Verb]) -> str:
    """The script of one of the three shells."""
    return "\n".join({"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](verbs))


def _named(verbs: Sequence[Verb]) -> list[Verb]:
    return [one for one in verbs if one.name]


def _tops(verbs: Sequence[Verb]) -> list[Verb]:
    return [one for one in _named(verbs) if " " not in one.name]


def _actions(verbs: Sequence[Verb], name: str) -> list[Verb]:
    return [one for one in _named(verbs) if one.name.startswith(f"{name} ")]


_BASH = r"""
_graphrun() {
    local IFS=$' \t\n'
    local line=${COMP_LINE:0:COMP_POINT} cur="" verb="" action="" word prev value head kind part
    local -a words found
    read -ra words <<< "$line"
    if [[ $line != *[[:space:]] ]]; then
        cur=${words[${#words[@]} - 1]}
        unset "words[${#words[@]}-1]"
    fi
    for word in "${words[@]:1}"; do
        [[ $word == -* ]] && continue
        if [[ -z $verb ]]; then verb=$word
        elif [[ -z $action ]]; then action=$word; fi
    done
    if [[ -n $verb && " $_graphrun_verbs " != *" $verb "* ]]; then verb=run; fi
    if [[ -z $verb && ${#words[@]} -gt 1 ]]; then verb=run; fi
    if [[ -n $action && $(_graphrun_options "$verb $action") ]]; then verb="$verb $action"; fi
    prev=${words[${#words[@]} - 1]} value=$cur head=""
    if [[ $cur == --*=* ]]; then prev=${cur%%=*} value=${cur#*=} head=$prev=; fi
    kind=none
    [[ $prev == -* ]] && kind=$(_graphrun_value "$verb $prev")
    if [[ $kind == none ]]; then
        if [[ $cur == -* ]]; then kind="words $(_graphrun_options "$verb")"
        else kind=$(_graphrun_place "$verb"); fi
    fi
    IFS=$'\n'
    case $kind in
        words\ *) found=($(IFS=' '; compgen -W "${kind#words }" -- "$value")) ;;
        folder) found=($(compgen -d -- "$value")); compopt -o filenames 2> /dev/null ;;
        verb) found=($(IFS=' '; compgen -W "$_graphrun_verbs" -- "$value"; compgen -f -- "$value"))
            compopt -o filenames 2> /dev/null ;;
        file) found=($(compgen -f -- "$value")); compopt -o filenames 2> /dev/null ;;
        address) found=($(compgen -W "$(IFS=' '; graphrun __complete addresses "${words[@]:1}" \
            2> /dev/null)" -- "$value")); compopt -o nospace 2> /dev/null ;;
        node) found=($(compgen -W "$(IFS=' '; graphrun __complete ids "${words[@]:1}" \
            2> /dev/null)" -- "$value"; compgen -f -- "$value")) ;;
    esac
    # bash replaces what stands behind the last = or : only.
    part=${COMP_WORDS[COMP_CWORD]}
    [[ $part == [=:] ]] && part=""
    part=${cur%"$part"}
    COMPREPLY=()
    for word in "${found[@]}"; do
        word=$head$word
        COMPREPLY+=("${word#"$part"}")
    done
}
complete -F _graphrun graphrun"""


def _bash(verbs: Sequence[Verb]) -> Iterator[str]:
    yield "# Completion of graphrun for bash: source <(graphrun completion bash)"
    yield f"_graphrun_verbs={shlex.quote(' '.join(one.name for one in _tops(verbs)))}"
    yield "_graphrun_options() {"
    yield "    case $1 in"
    for one in verbs:
        names = " ".join(name for option in one.options for name in option.names)
        yield f"        {shlex.quote(one.name)}) echo {shlex.quote(names)} ;;"
    yield "    esac"
    yield "}"
    yield "_graphrun_value() {"
    yield "    case $1 in"
    for one in verbs:
        for option in one.options:
            if option.value is not None:
                keys = "|".join(shlex.quote(f"{one.name} {name}") for name in option.names)
                yield f"        {keys}) echo {shlex.quote(_said(option.value))} ;;"
    yield "        *) echo none ;;"
    yield "    esac"
    yield "}"
    yield "_graphrun_place() {"
    yield "    case $1 in"
    yield "        '') echo verb ;;"
    for one in _named(verbs):
        actions = _actions(verbs, one.name)
        said = _said(one.places[-1]) if one.places else "none"
        if actions:
            said = f"words {' '.join(a.name.rpartition(' ')[2] for a in actions)}"
        elif any(place.kind == "words" for place in one.places):
            said = _said(next(place for place in one.places if place.kind == "words"))
        yield f"        {shlex.quote(one.name)}) echo {shlex.quote(said)} ;;"
    yield "    esac"
    yield "}"
    yield _BASH.strip("\n")


def _said(value: Value) -> str:
    return f"words {' '.join(value.words)}" if value.kind == "words" else value.kind


_ZSH = r"""
_graphrun_addresses() {
    local -a found
    found=(${(f)"$(graphrun __complete addresses ${(Q)words[2,-1]} 2> /dev/null)"})
    compadd -S '' -a found
}
_graphrun_nodes() {
    local -a found
    found=(${(f)"$(graphrun __complete ids ${(Q)words[2,-1]} 2> /dev/null)"})
    compadd -a found
    _files
}
_graphrun() {
    local -a verbs
    local verb=$words[2]
    verbs=(
%s
    )
    if (( CURRENT == 2 )) && [[ $verb != -* ]]; then
        _describe verb verbs
        _files
        return
    fi
    if (( ! ${verbs[(I)$verb:*]} )); then verb=run
    else shift words; (( CURRENT-- )); fi
    if [[ $verb == cache && CURRENT -gt 2 ]]; then
        verb="$verb $words[2]"
        shift words; (( CURRENT-- ))
    fi
    case $verb in
%s
    esac
}
compdef _graphrun graphrun"""


def _zsh(verbs: Sequence[Verb]) -> Iterator[str]:
    yield "#compdef graphrun"
    yield "# Completion of graphrun for zsh: source <(graphrun completion zsh), after compinit"
    tops = "\n".join(f"        {shlex.quote(f'{one.name}:{one.about}')}" for one in _tops(verbs))
    cases = []
    for one in _named(verbs):
        specs = [_zsh_option(option) for option in one.options]
        actions = [a.name.rpartition(" ")[2] for a in _actions(verbs, one.name)]
        places = (Value("words", tuple(actions)),) if actions else one.places
        specs += [shlex.quote(f"*:{_title(p)}:{_zsh_action(p)}") for p in places[-1:]]
        cases.append(f"        {shlex.quote(one.name)}) _arguments -s {' '.join(specs)} ;;")
    yield (_ZSH.strip("\n") % (tops, "\n".join(cases)))


def _zsh_option(option: Option) -> str:
    about = option.about.replace("[", r"\[").replace("]", r"\]").replace(":", r"\:")
    value = f":{_title(option.value)}:{_zsh_action(option.value)}" if option.value else ""
    repeated = "*" if "(repeatable)" in option.about else ""
    return " ".join(shlex.quote(f"{repeated}{name}[{about}]{value}") for name in option.names)


def _title(value: Value) -> str:
    return "choice" if value.kind == "words" else "value" if value.kind == "any" else value.kind


def _zsh_action(value: Value) -> str:
    actions = {
        "words": f"({' '.join(value.words)})",
        "file": "_files",
        "folder": "_files -/",
        "address": "_graphrun_addresses",
        "node": "_graphrun_nodes",
    }
    return actions.get(value.kind, " ")


_FISH = r"""
function __graphrun_verb
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; and continue
        if contains -- $word $__graphrun_verbs
            echo $word
        else
            echo run
        end
        return
    end
    echo ''
end
function __graphrun_is
    set -l words (commandline -opc)
    set -l verb (__graphrun_verb)
    test "$verb" = "$argv[1]"; or return 1
    test (count $argv) -eq 1; and return 0
    contains -- $argv[2] $words
end
function __graphrun_words
    graphrun __complete $argv[1] (commandline -opc)[2..-1] 2>/dev/null
end
complete -c graphrun -f
complete -c graphrun -n '__graphrun_is ""' -F"""


def _fish(verbs: Sequence[Verb]) -> Iterator[str]:
    yield "# Completion of graphrun for fish: graphrun completion fish | source"
    yield f"set -g __graphrun_verbs {' '.join(one.name for one in _tops(verbs))}"
    yield _FISH.strip("\n")
    for one in _tops(verbs):
        about = _fish_quoted(one.about)
        yield f"complete -c graphrun -n '__graphrun_is \"\"' -a {one.name} -d {about}"
    for one in _named(verbs):
        when = f"-n {_fish_quoted(f'__graphrun_is {one.name}')}"
        actions = " ".join(a.name.rpartition(" ")[2] for a in _actions(verbs, one.name))
        places = (Value("words", tuple(actions.split())),) if actions else one.places
        for place in places[-1:]:
            yield f"complete -c graphrun {when} {_fish_value(place, place=True)}"
        for option in one.options:
            names = " ".join(
                f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names
            )
            value = f" {_fish_value(option.value)}" if option.value else ""
            about = _fish_quoted(option.about)
            yield f"complete -c graphrun {when} {names}{value} -d {about}"


def _fish_value(value: Value, *, place: bool = False) -> str:
    takes = "" if place else "-r "
    match value.kind:
        case "words":
            return f"{takes}-f -a {_fish_quoted(' '.join(value.words))}"
        case "folder":
            return f"{takes}-f -a '(__fish_complete_directories)'"
        case "address":
            return f"{takes}-f -a '(__graphrun_words addresses)'"
        case "node":
            return f"{takes}-F -a '(__graphrun_words ids)'"
        case "file":
            return f"{takes}-F"
    return f"{takes}-f"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
