"""Coroutines of nodes, driven in a thread beside the loop so that they overlap."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from contextvars import Context
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

Work = tuple[Context, Awaitable[Any]]
"""A coroutine and the context that it runs in, which says what node it belongs to."""


class Background:
    """A thread with an event loop, started with the first coroutine.

    Synchronous nodes go on meanwhile, and a notebook's own loop is left alone.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._finished: SimpleQueue[str] = SimpleQueue()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.outstanding = 0

    def start(
        self, name: str, work: Sequence[Work], around: Callable[[], AbstractContextManager[Any]]
    ) -> list[Future[Any]]:
        """Start all calls of a node. Its name comes out of `finished` when the last one ends.

        The thread itself is surrounded by `around` of the first node: what that switches is
        switched for the whole thread.
        """
        from concurrent.futures import Future

        loop = self._running(around)
        futures: list[Future[Any]] = [Future() for _ in work]
        left = len(futures)
        lock = threading.Lock()

        def ended(_: Future[Any]) -> None:
            nonlocal left
            with lock:
                left -= 1
                last = left == 0
            if last:
                self._finished.put(name)

        for future, (context, awaitable) in zip(futures, work, strict=True):
            future.add_done_callback(ended)
            loop.call_soon_threadsafe(self._begin, context, awaitable, future)
        self.outstanding += 1
        return futures

    def finished(self, wait: float = 0.0) -> str | None:
        """The name of a node whose calls have all ended; None if there is none within `wait` s."""
        try:
            name = self._finished.get(timeout=wait) if wait else self._finished.get_nowait()
        except Empty:
            return None
        self.outstanding -= 1
        return name

    def close(self) -> None:
        """Cancel what still runs and end the thread."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop = None

    def _running(
        self, around: Callable[[], AbstractContextManager[Any]]
    ) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            import asyncio  # only when there are coroutines: it takes long to import

            loop = self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=self._drive, args=(loop, around), name="graphrun coroutines", daemon=True
            )
            self._thread.start()
        return self._loop

    def _drive(
        self,
        loop: asyncio.AbstractEventLoop,
        around: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        import asyncio

        asyncio.set_event_loop(loop)
        with around():
            loop.run_forever()
            for task in self._tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    def _begin(self, context: Context, awaitable: Awaitable[Any], future: Future[Any]) -> None:
        assert self._loop is not None
        task = self._loop.create_task(_awaited(awaitable), context=context)
        self._tasks.add(task)

        def ended(task: asyncio.Task[Any]) -> None:
            self._tasks.discard(task)
            if task.cancelled():
                future.cancel()
            elif (error := task.exception()) is not None:
                future.set_exception(error)
            else:
                future.set_result(task.result())

        task.add_done_callback(ended, context=context)


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
