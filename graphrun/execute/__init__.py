"""Plan → events."""

from graphrun.execute import events
from graphrun.execute.events import Observer
from graphrun.execute.fetch import fetch
from graphrun.execute.memory import set_aside, uncollected
from graphrun.execute.preflight import MIN_FREE, preflight, unwritable
from graphrun.execute.run import execute
from graphrun.execute.state import Stop

__all__ = [
    "MIN_FREE",
    "Observer",
    "Stop",
    "events",
    "execute",
    "fetch",
    "preflight",
    "set_aside",
    "uncollected",
    "unwritable",
]
