"""Looking for what a workflow names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from graphrun.errors import MissingResource


@contextmanager
def looking(kind: str, what: str) -> Iterator[None]:
    """Say of a name that no path can have, or a place that cannot be looked at, that it is missing.

    Raises:
        MissingResource: instead of the system's error.
    """
    try:
        yield
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise MissingResource.of(kind, f"{what} cannot be looked for: {why}") from error
    except RuntimeError as error:  # expanduser, of a user that there is not
        message = f"{what} cannot be looked for: there is no such user's folder"
        raise MissingResource.of(kind, message) from error


def shown(name: str) -> str:
    """A name that fits into a message."""
    return name if len(name) <= 100 else f"{name[:60]}... ({len(name):,} characters)"
