"""One simulated gateway process: the real roles ingest and dispatch over the simulated database.

It can die at any step (its tasks end, its connections close, its memory is gone) and freeze at any
step (nothing of it moves until it thaws). A new process in its place starts from the database.
"""

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from devices.decoding import families
from gateway import outbox, supervision, ticker
from gateway.blind import Shout
from gateway.clock import COMPARE_EVERY_S, Clock
from gateway.clock_watch import ClockWatch
from gateway.errors import StoreBusy, StoreUnavailable
from gateway.ingest import Ingest
from gateway.placing import Desk
from gateway.store.connect import Session, Sessions, row
from ops.sim.population import LINE

if TYPE_CHECKING:
    from ops.sim.world import World

HERE: contextvars.ContextVar["Process | None"] = contextvars.ContextVar("HERE", default=None)
OUTBOX_SESSIONS = 6
PACES_S = {"frozen": 3.0, "sweep": 12.0}
"""Duties that look for what is rare here: seldom, so that more seeds are lived through."""
DESK_SESSIONS = 3


class Process:
    """One life of one gateway process."""

    def __init__(self, world: "World", name: str, life: int) -> None:
        """Prepare; nothing runs before `start`."""
        self.world = world
        self.name = name
        self.client = f"{name}.{life}"
        self.is_dead = False
        self.is_ready = False
        self.thawed = asyncio.Event()
        self.thawed.set()
        self.skew_s = 0.0
        self.clock = Clock(lambda: world.time_s() + self.skew_s)
        self.desk: Desk = world.desk
        self.ingest = Ingest(self.dsn, self.desk, self.clock, families(), LINE)
        self.sessions = Sessions(self.dsn, "desk", DESK_SESSIONS)
        self.wake = asyncio.Event()
        self._tasks: list[asyncio.Task[Any]] = []

    def dsn(self) -> str:
        """Give the address under which the simulated driver knows this life."""
        return f"sim:{self.client}"

    @property
    def is_frozen(self) -> bool:
        """Say whether nothing of it moves."""
        return not self.thawed.is_set()

    @property
    def runs(self) -> bool:
        """Say whether it lives, has started, and moves."""
        return self.is_ready and not self.is_dead and self.thawed.is_set()

    def go(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something as a part of this process: it dies and freezes with it."""
        context = contextvars.copy_context()
        context.run(HERE.set, self)
        task = asyncio.get_running_loop().create_task(work, context=context)
        self._tasks.append(task)
        return task

    def start(self) -> None:
        """Start as `lifeline up` does, without its listeners."""
        self.go(self._main())

    def die(self) -> None:
        """End at once: no clean-up of its own reaches anybody."""
        self.is_dead = True
        self.thawed.set()
        self.world.server.end_sessions_of(self.client)
        for task in self._tasks:
            task.cancel()

    async def _main(self) -> None:
        while not await self._clock_started():  # noqa: ASYNC110 - simulated time
            await asyncio.sleep(1.0)
        self.ingest.on_blind(self._turned)
        shout = Shout(None)
        self.ingest.on_blind(shout)
        self.go(shout.run())
        self.ingest.after_alarms = self.wake.set
        self._tasks.extend(self.ingest.tasks())
        self.is_ready = True
        self._start_dispatch()
        self.world.lives.note_ready(self)

    async def _clock_started(self) -> bool:
        session = Session(self.dsn, "start")
        try:
            async with session.plain() as connection:
                found = await row(connection, "server_time")
        except (StoreUnavailable, StoreBusy):
            return False
        finally:
            await session.close()
        if found is not None:
            self.clock.start_at(found.clock_timestamp)
        return True

    def _start_dispatch(self) -> None:
        world = self.world
        session, watcher = Session(self.dsn, "ticker"), Session(self.dsn, "watcher")
        sweeper, comparer = Session(self.dsn, "supervision"), Session(self.dsn, "clock")

        async def sweep() -> int:
            return await supervision.sweep(sweeper, self.clock.now())

        duties = [
            *ticker.duties(session, watcher, self.desk, self.clock),
            ticker.Round("sweep", sweep, supervision.SWEEP_S),
            ticker.Round(
                "clock", ClockWatch(comparer, self.desk, self.clock).compare, COMPARE_EVERY_S
            ),
        ]
        for duty in duties:
            self.go(ticker.repeat(self._paced(duty)))
        sessions = Sessions(self.dsn, "outbox", OUTBOX_SESSIONS)
        dispatcher = outbox.Dispatcher(
            sessions, world.senders_of(self, sessions), self.desk, self.clock, self.wake
        )
        self.go(dispatcher.run())

    def _paced(self, duty: ticker.Round) -> ticker.Round:
        """Give the duty at the pace of the world: slow where nothing can be due."""

        async def run() -> int:
            await self.world.pause(PACES_S.get(duty.name, duty.every_s))
            return await duty.run()

        return ticker.Round(duty.name, run, 0.0)

    def _turned(self, blind: bool) -> None:  # noqa: FBT001 - a listener of Sight
        if not self.is_dead:
            self.world.trace.add("blind" if blind else "sees", process=self.name)
