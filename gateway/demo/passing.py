"""The time between two steps: waited for in short, then walked through on the story's clock.

The clock is moved from one due timer to the next and never past one: each runs through the
gateway's own ticker, at its own time, before the clock goes on. Every hour the pendant says that it
lives.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter

from gateway.clock import StoryClock
from gateway.demo.goals import Goal, Ledger
from gateway.demo.missing import Missing
from gateway.demo.observe import Observer
from gateway.demo.parts import LONDON
from gateway.demo.pendant import Unit
from gateway.demo.people import INTERVAL_S
from gateway.demo.screen import Screen

LONG = timedelta(hours=1)
LONG_WAIT_S = 1.0  # nobody wants to watch a night
FRAME_S = 0.05
RUN_S = 15.0
LOOK_S = 0.01
BEAT_EVERY = timedelta(seconds=INTERVAL_S)


@dataclass(slots=True)
class Passage:
    """Moves the story's clock."""

    clock: StoryClock
    observer: Observer
    screen: Screen
    ledger: Ledger
    speed: float
    pendant: Unit | None = None
    ran: int = 0

    async def to(self, at: datetime) -> None:
        """Let time pass until a moment; return when all that was due by then has run.

        Raises:
            Missing: a timer did not run, or too late.
        """
        gap = at - self.clock.now()
        if gap <= timedelta():
            return
        await self._wait(gap, at)
        beat_at = self.clock.now() + BEAT_EVERY
        while self.clock.now() < at:
            due_at = await self.observer.next_due()
            stops = [stop for stop in (due_at, beat_at, at) if stop is not None]
            self.clock.forward_to(min(stops))
            if due_at is not None and due_at <= self.clock.now():
                await self._run_due()
            if beat_at <= self.clock.now():
                beat_at = self.clock.now() + BEAT_EVERY
                if self.pendant is not None:
                    await self.pendant.beat()

    async def _wait(self, gap: timedelta, until: datetime) -> None:
        seconds = gap.total_seconds() / self.speed
        if gap > LONG:
            seconds = min(seconds, LONG_WAIT_S)
        text = f"until {until.astimezone(LONDON):%H:%M}"
        with self.screen.passing(text, seconds) as progress:
            began = perf_counter()
            while (left := seconds - (perf_counter() - began)) > 0:
                await asyncio.sleep(min(left, FRAME_S))
                if progress is not None:
                    progress.update(progress.task_ids[0], completed=seconds - left)

    async def _run_due(self) -> None:
        """Wait until the ticker has run what is due."""
        began = perf_counter()
        while True:
            due_at = await self.observer.next_due()
            took_s = perf_counter() - began
            if due_at is None or due_at > self.clock.now():
                self.ran += 1
                self.ledger.note(Goal.TIMER, took_s * 1_000)
                return
            if took_s > RUN_S:
                late = due_at.astimezone(LONDON)
                raise Missing(f"the timer due at {late:%H:%M:%S} had not run after {RUN_S:g} s")
            await asyncio.sleep(LOOK_S)
