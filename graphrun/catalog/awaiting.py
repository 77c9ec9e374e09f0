"""Coroutines driven to their end from code that is not one."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from contextvars import copy_context
from typing import Any


def completed(value: Any) -> Any:
    """The value itself, or what it comes to if it is awaitable.

    Works inside a notebook too, where this thread already has a running event loop: the coroutine
    is then driven in a thread of its own, with this thread's context.
    """
    if not hasattr(value, "__await__") and not inspect.isawaitable(value):
        return value
    # Here, since they take as long to import as half of the engine.
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_awaited(value))
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, asyncio.run, _awaited(value)).result()


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value
