"""Coroutines of nodes, driven in a thread beside the loop so that they overlap."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import Context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

Work = tuple[Context, Awaitable[Any]]
"""A coroutine and the context that it runs in, which says what node it belongs to."""

Around = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True)
class _Started:
    """One call: its coroutine, what surrounds the moment before it, and who waits for it."""

    context: Context
    awaitable: Awaitable[Any]
    before: Around
    future: Future[Any]


class _Driver:
    """A thread with an event loop that lasts as long as the process.

    Packs keep semaphores, locks and connections in their classes. These belong to the event loop
    that they were used in first, so that a loop for every run would break the second run.
    """

    def __init__(self, around: Around) -> None:
        import asyncio  # only when there are coroutines: it takes long to import

        self.loop = asyncio.new_event_loop()
        self._around = around
        threading.Thread(target=self._drive, name="graphrun coroutines", daemon=True).start()

    def surround(self, around: Around) -> None:
        """Surround the thread anew: there may be more to switch than for the last run."""
        self._around = around
        self.loop.call_soon_threadsafe(self.loop.stop)

    def _drive(self) -> None:
        import asyncio

        asyncio.set_event_loop(self.loop)
        while True:
            # A coroutine that exits has failed, which is told to its run.
            with self._around(), suppress(KeyboardInterrupt, SystemExit):
                self.loop.run_forever()


_drivers: dict[object, _Driver] = {}
_starting = threading.Lock()


class Background:
    """The coroutines of one run.

    Synchronous nodes go on meanwhile, and a notebook's own loop is left alone.
    """

    def __init__(self) -> None:
        self._finished: SimpleQueue[str] = SimpleQueue()
        self._loops: dict[object, asyncio.AbstractEventLoop] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self.outstanding = 0

    def start(
        self, name: str, work: Sequence[Work], surroundings: object, around: Around
    ) -> list[Future[Any]]:
        """Start all calls of a node. Its name comes out of `finished` when the last one ends.

        `around` seeds where the first of them begins, not where it was made. Nodes of the same
        `surroundings` share a thread, which `around` of a run's first one surrounds: what that
        switches is switched for the whole thread.
        """
        from concurrent.futures import Future

        loop = self._running(surroundings, around)
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

        before: Around = around
        for future, (context, awaitable) in zip(futures, work, strict=True):
            future.add_done_callback(ended)
            started = _Started(context, awaitable, before, future)
            loop.call_soon_threadsafe(self._begin, loop, started)
            before = nullcontext
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
        """Cancel what still runs of this run, and wait until it has ended."""
        if not self.outstanding:
            return
        import asyncio

        for loop in self._loops.values():
            asyncio.run_coroutine_threadsafe(self._cancel(loop), loop).result()
        self.outstanding = 0

    async def _cancel(self, loop: asyncio.AbstractEventLoop) -> None:
        import asyncio

        tasks = [task for task in self._tasks if task.get_loop() is loop]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _running(self, surroundings: object, around: Around) -> asyncio.AbstractEventLoop:
        if surroundings not in self._loops:
            with _starting:
                if surroundings in _drivers:
                    _drivers[surroundings].surround(around)
                else:
                    _drivers[surroundings] = _Driver(around)
            self._loops[surroundings] = _drivers[surroundings].loop
        return self._loops[surroundings]

    def _begin(self, loop: asyncio.AbstractEventLoop, call: _Started) -> None:
        task = loop.create_task(_awaited(call), context=call.context)
        self._tasks.add(task)

        def ended(task: asyncio.Task[Any]) -> None:
            self._tasks.discard(task)
            if task.cancelled():
                if inspect.iscoroutine(call.awaitable):
                    call.awaitable.close()  # it may not have begun, of which Python would warn
                call.future.cancel()
            elif (error := task.exception()) is not None:
                call.future.set_exception(error)
            else:
                call.future.set_result(task.result())

        task.add_done_callback(ended, context=call.context)


async def _awaited(call: _Started) -> Any:
    with call.before():
        pass
    return await call.awaitable
