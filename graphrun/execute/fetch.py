"""Before a run: what names lead to on the hub is downloaded, so that everything is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from graphrun.catalog import Settings
from graphrun.catalog.running import CALL, Silent
from graphrun.errors import Cancelled, Diagnostic, MissingResource
from graphrun.execute.state import Stop
from graphrun.plan import Plan, ResourceUse
from graphrun.sources.names import Found, Kind


def fetch(plan: Plan, settings: Settings, say: Callable[[Diagnostic], None], stop: Stop) -> bool:
    """Download what the plan's names lead to on the hub; whether there is now more to plan with.

    First the hub is asked for everything, so that hours are not spent on the first of two names of
    which it does not have the second. A data set that cannot be read from its files is left to the
    library that reads it, with a word of what that costs. A stop is left to the run, which then
    does not begin.

    Raises:
        MissingResource: the hub does not give something; all of it is listed.
    """
    wanted = dict(_wanted(plan))
    if not wanted:
        return False
    token = CALL.set(Silent(settings))
    try:
        return _fetched(plan, wanted, say, stop)
    except (Cancelled, KeyboardInterrupt):
        stop.request()
        return False
    finally:
        CALL.reset(token)


def _wanted(plan: Plan) -> Iterator[tuple[tuple[Kind, str], tuple[ResourceUse, Found]]]:
    """The names that lead to the hub, with their uses: of one name the first comes last."""
    for use, found in reversed(plan.led or ()):
        if isinstance(found, Found) and found.source == "hub":
            kind: Kind = "model" if use.kind in ("model", "tokenizer") else "dataset"
            yield (kind, found.id), (use, found)


def _fetched(
    plan: Plan,
    wanted: dict[tuple[Kind, str], tuple[ResourceUse, Found]],
    say: Callable[[Diagnostic], None],
    stop: Stop,
) -> bool:
    from graphrun.sources.hub_download import download, look

    offers, lacking = [], []
    for (kind, _), (use, found) in sorted(wanted.items()):
        if stop.requested:
            return False
        try:
            offers.append((look(kind, found), use))
        except MissingResource as error:
            lacking.append(_placed(plan, use, error.diagnostics[0]))
    if lacking:
        raise MissingResource(lacking)
    came = False
    for offer, use in offers:
        if offer.refused:
            say(_not_kept(plan, use, f"is not read from its files: {offer.refused}"))
            continue
        say(Diagnostic("downloading", f"downloading {offer.label}", severity="info"))
        try:
            found = download(offer, lambda: stop.requested)
        except MissingResource as error:
            raise MissingResource(_placed(plan, use, error.diagnostics[0])) from error
        if found.source == "hub":
            say(_not_kept(plan, use, "is no whole model or data set on the hub"))
        came |= found.source != "hub"
    return came


def _not_kept(plan: Plan, use: ResourceUse, why: str) -> Diagnostic:
    hint = "nothing behind it is kept in this run; it is once a copy is found on this machine"
    message = f"{use.name} {why}"
    return _placed(plan, use, Diagnostic("not_kept", message, severity="warning", hint=hint))


def _placed(plan: Plan, use: ResourceUse, found: Diagnostic) -> Diagnostic:
    """With the place in the file where the name stands."""
    return plan.prompt.located(replace(found, node_id=use.node_id, input=use.input))
