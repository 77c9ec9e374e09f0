"""Stand-in: the log that the server keeps for browsers. Nothing is kept here."""

from typing import Any

from graphrun.comfy import missing


def get_logs() -> list[Any]:
    """No lines."""
    return []


def on_flush(callback: Any) -> None:
    """Do nothing: there are no lines to hand on."""


__getattr__ = missing.names(__name__, "setup_logger log_startup_warning LogInterceptor")
