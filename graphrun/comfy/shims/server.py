"""Stand-in: the server that packs talk to. None is there: nothing is served and nobody listens.

Routes and handlers are kept in lists, where they can be looked at, and are never called. Messages
to browsers are dropped, except for texts about progress, which the user would have read.
"""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from protocol import BinaryEventTypes  # type: ignore[import-not-found,unused-ignore]

from graphrun.catalog.running import CALL
from graphrun.comfy import missing

__all__ = ["BinaryEventTypes", "PromptServer"]

Handler = Callable[..., Any]

# Packs ask where this module is, and copy what browsers need beside it.
_WEB = tempfile.mkdtemp(prefix="graphrun-web-")
atexit.register(shutil.rmtree, _WEB, ignore_errors=True)
__file__ = str(Path(_WEB, "server.py"))


class Routes(list[tuple[str, str, Handler]]):
    """Method, path and function of every route that packs declare."""

    def route(self, method: str, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """A decorator that keeps the route and leaves the function as it is."""

        def keep(handler: Handler) -> Handler:
            self.append((method, path, handler))
            return handler

        return keep

    def get(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """`route` for GET."""
        return self.route("GET", path)

    def post(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """`route` for POST."""
        return self.route("POST", path)

    def put(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """`route` for PUT."""
        return self.route("PUT", path)

    def patch(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """`route` for PATCH."""
        return self.route("PATCH", path)

    def delete(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """`route` for DELETE."""
        return self.route("DELETE", path)

    def head(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """`route` for HEAD."""
        return self.route("HEAD", path)

    def static(self, prefix: str, path: Any, **options: Any) -> None:
        """Do nothing: no file is served."""


class Application(dict[Any, Any]):
    """In the place of aiohttp's application: takes routes, and has no server."""

    def __init__(self) -> None:
        super().__init__()
        self.router = Router()
        self.frozen = False
        self.middlewares: list[Any] = []
        self.on_startup: list[Any] = []
        self.on_shutdown: list[Any] = []
        self.on_cleanup: list[Any] = []

    def add_routes(self, routes: Any) -> list[Any]:
        """Keep nothing: these are objects of aiohttp, or `Routes` that are kept already."""
        return []


class Router:
    """In the place of aiohttp's: takes every route, and serves none."""

    def _drop(self, *route: Any, **options: Any) -> None:
        """Do nothing."""

    add_static = add_route = add_routes = _drop
    add_get = add_post = add_put = add_patch = add_delete = add_head = add_view = _drop

    def routes(self) -> list[Any]:
        """No routes."""
        return []

    resources = routes

    def named_resources(self) -> dict[str, Any]:
        """No routes, by name."""
        return {}


class PromptQueue:
    """A queue in which nothing waits."""

    currently_running: dict[Any, Any] = {}  # noqa: RUF012
    history: dict[str, Any] = {}  # noqa: RUF012
    queue: list[Any] = []  # noqa: RUF012

    def get_tasks_remaining(self) -> int:
        """How many runs wait."""
        return 0

    def get_current_queue(self) -> tuple[list[Any], list[Any]]:
        """What runs and what waits."""
        return [], []

    def get_history(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """What ran."""
        return {}

    def set_flag(self, name: str, data: Any) -> None:
        """Do nothing: there is no worker that would look at it."""


class PromptServer:
    """`PromptServer.instance` is what packs use. No client is ever connected."""

    instance: PromptServer

    def __init__(self) -> None:
        self.routes = Routes()
        self.app = Application()
        self.on_prompt_handlers: list[Handler] = []
        self.prompt_queue = PromptQueue()
        self.supports = ["custom_nodes_from_web"]
        self.sockets: dict[str, Any] = {}
        self.sockets_metadata: dict[str, Any] = {}
        self.client_id: str | None = None
        self.last_prompt_id: str | None = None
        self.address, self.port, self.number = "127.0.0.1", 8188, 0
        self.web_root = ""

    @property
    def last_node_id(self) -> str | None:
        """The node that is running."""
        return CALL.get().node_id or None

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        """A loop of its own, made when it is asked for; nobody runs it."""
        return asyncio.new_event_loop()

    def send_sync(self, event: Any, data: Any = None, sid: str | None = None) -> None:
        """Drop a message: no browser is there to get it."""

    async def send(self, event: Any, data: Any = None, sid: str | None = None) -> None:
        """Drop a message: no browser is there to get it."""

    send_json = send_bytes = send_image = send

    def send_progress_text(self, text: Any, node_id: str, sid: str | None = None) -> None:
        """A text about the node that runs, as a notice of it."""
        text = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
        CALL.get().notice(text, code="progress_text", input=None, severity="info", hint=None)

    def add_on_prompt_handler(self, handler: Handler) -> None:
        """Keep a function that would change prompts as they arrive. It is never called."""
        self.on_prompt_handlers.append(handler)

    def trigger_on_prompt(self, json_data: Any) -> Any:
        """The prompt as it is."""
        return json_data

    def add_routes(self) -> None:
        """Do nothing: no server is started."""

    def get_queue_info(self) -> dict[str, Any]:
        """How many runs wait, as ComfyUI says it."""
        return {"exec_info": {"queue_remaining": 0}}

    def queue_updated(self) -> None:
        """Do nothing: nobody watches the queue."""


PromptServer.instance = PromptServer()


def __getattr__(name: str) -> Any:
    """`web` and `aiohttp`, which packs take from here now and then."""
    if name in ("web", "aiohttp"):
        import aiohttp  # type: ignore[import-not-found,unused-ignore]
        from aiohttp import web

        return web if name == "web" else aiohttp
    return _missing(name)


_missing = missing.names(
    __name__, "cache_control compress_body create_cors_middleware get_remote_address is_loopback"
)
