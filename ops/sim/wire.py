"""Between the gateway's code and the simulated database: where faults strike (driver Hooks)."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import psycopg

from gateway.store.save import OUTBOX_CHANNEL
from ops.sim.driver.hooks import Change, Hooks
from ops.sim.faults import Fault, Kind, Weather
from ops.sim.process import Process

if TYPE_CHECKING:
    from ops.sim.world import World

SLOW_S = (0.2, 2.5)
HANG_LOOK_S = 0.25
ALWAYS_SLEEPS = ("connect", "send")
SLEEPS = 0.1
SLEEPS_AT_COMMIT = 0.5
"""Share of other steps at which somebody else may come in between."""


class Wire(Hooks):
    """What every statement passes on its way there and back."""

    def __init__(self, world: "World") -> None:
        """Remember whose wire this is."""
        self._world = world
        self._choice = world.choice.named("wire")

    def passes(self, client: str, step: str, side: str) -> bool:
        """Say that a step meets nothing on this side: most do not, and awaiting costs time."""
        process = self._world.lives.of(client)
        if process is None:
            return True
        weather = self._world.weather
        if process.is_dead or process.is_frozen or (process.name, step, side) in weather.armed:
            return False
        if side == "after":
            return True
        if weather.current or step in ALWAYS_SLEEPS:
            return False
        often = SLEEPS if step != "commit" else SLEEPS_AT_COMMIT
        return not self._choice.chance(often)

    async def before(self, client: str, step: str) -> None:
        """Let a statement set out: later, slow, cut, or never."""
        process = self._world.lives.of(client)
        if process is None:
            return
        await self.gate(process, step, "before")
        await asyncio.sleep(self._choice.between(0.0002, 0.0016))
        weather = self._world.weather
        if weather.current:
            await self._weather_it(weather)
        if process.is_dead or process.is_frozen:
            await self._still(process)

    async def _weather_it(self, weather: Weather) -> None:
        if weather.now_is(Kind.DATABASE_SLOW):
            await asyncio.sleep(self._choice.between(*SLOW_S))
        while weather.now_is(Kind.DATABASE_HANGS):  # noqa: ASYNC110 - simulated time
            await asyncio.sleep(HANG_LOOK_S)

    async def after(self, client: str, step: str) -> None:
        """Let the answer come back, or not."""
        process = self._world.lives.of(client)
        if process is not None:
            await self.gate(process, step, "after")

    async def gate(self, process: Process, step: str, side: str) -> None:
        """Pass a step of a process; what was planned for it strikes here.

        Raises:
            OperationalError: the connection was cut.
        """
        if process.is_dead or not process.thawed.is_set():
            await self._still(process)
        weather = self._world.weather
        if (process.name, step, side) in weather.armed:
            fault = weather.due_at_step(process.name, step, side, self._world.time_s())
            if fault is not None:
                await self._strike(process, fault)

    async def _still(self, process: Process) -> None:
        if not process.thawed.is_set():
            await process.thawed.wait()
        if process.is_dead:
            await asyncio.Event().wait()  # its tasks are cancelled; nothing of it goes on

    async def _strike(self, process: Process, fault: Fault) -> None:
        world = self._world
        step = f"{fault.side} {fault.step}"
        if fault.kind is Kind.DIES:
            world.trace.add("died", process=process.name, step=step)
            world.lives.kill(process, fault.for_s)
            await asyncio.Event().wait()
        elif fault.kind is Kind.FREEZES:
            world.trace.add("froze", process=process.name, step=step, for_s=round(fault.for_s, 3))
            world.lives.freeze(process, fault.for_s)
            await process.thawed.wait()
        else:
            world.trace.add("fault", kind=fault.kind.value, whom=process.name, for_s=0.0, step=step)
            _cut()

    def committed(self, client: str, changes: Sequence[Change]) -> None:
        """Note what was committed, in the very instant."""
        self._world.note_commit(client, changes)

    def notified(self, client: str, channel: str, payload: str) -> None:
        """Wake the dispatchers that listen; consoles and devices look by themselves here."""
        del client, payload
        if channel == OUTBOX_CHANNEL:
            for process in self._world.lives.running():
                process.wake.set()


def _cut() -> NoReturn:
    raise psycopg.OperationalError("server closed the connection unexpectedly")
