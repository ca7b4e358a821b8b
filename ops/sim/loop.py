"""An event loop whose time is simulated: it jumps to the next timer instead of waiting for it.

Contract: one thread, no sockets, no wall clock. What runs in which order follows only from what was
scheduled, so that one seed gives one trace.
"""

import asyncio
import gc
import heapq
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Any, TypeVarTuple

MAX_ROUNDS = 2_000_000

Args = TypeVarTuple("Args")


class StuckError(Exception):
    """Nothing is scheduled any more, or far too much was: the simulation itself is wrong."""


class SimLoop(asyncio.BaseEventLoop):
    """asyncio's own tasks, futures and timers over a clock that jumps.

    Its own round replaces asyncio's, which asks the operating system for sockets: there are none.
    """

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]
    _stopping: bool

    def __init__(self) -> None:
        super().__init__()
        self._passed_s = 0.0
        self.rounds = 0

    def time(self) -> float:
        """Give simulated seconds since the start."""
        return self._passed_s

    def _run_once(self) -> None:
        """Run all that is ready; when nothing is, jump to the next timer first.

        Raises:
            StuckError: there is no timer either, or the run has no end.
        """
        self.rounds += 1
        if self.rounds > MAX_ROUNDS:
            raise StuckError(f"{MAX_ROUNDS} rounds without an end")
        ready, timers = self._ready, self._scheduled
        while timers and timers[0].cancelled():
            heapq.heappop(timers)
        if not ready and not self._stopping:
            if not timers:
                raise StuckError(f"at {self._passed_s:.3f} s everybody waits and nothing is due")
            self._passed_s = max(self._passed_s, timers[0].when())
        while timers and timers[0].when() <= self._passed_s:
            ready.append(heapq.heappop(timers))
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:  # noqa: SLF001 - as asyncio's loop does
                handle._run()  # noqa: SLF001 - as asyncio's loop does

    # A hundred thousand of these a run: without what asyncio checks for real loops and threads.

    def call_soon(
        self, callback: Callable[[*Args], object], *args: *Args, context: Context | None = None
    ) -> asyncio.Handle:
        """Run it with all that is ready."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[*Args], object],
        *args: *Args,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run it at a simulated time."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)
        return timer

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Args], object],
        *args: *Args,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run it so many simulated seconds from now."""
        return self.call_at(self._passed_s + delay, callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Leave it in its place: it is dropped when its turn comes."""

    def _process_events(self, events: list[object]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """No other thread wakes this loop."""


def run(main: Coroutine[Any, Any, Any], loop: SimLoop) -> None:
    """Run to the end; whatever still waits then is cancelled.

    Raises:
        StuckError: see `SimLoop`.
    """
    with _no_collector():
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(main)
        finally:
            _cancel_all(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            asyncio.set_event_loop(None)
            loop.close()


def _cancel_all(loop: SimLoop) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))


@contextmanager
def _no_collector() -> Iterator[None]:
    """A collector in the midst of a seed would end forgotten generators at its own time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
