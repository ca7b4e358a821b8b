"""A simulated PostgreSQL with a fate of its own, and two gateway processes before it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import psycopg
import pytest

from gateway import enrol
from gateway.store.connect import Session, Sessions
from ops.sim.driver.hooks import Change, Quiet
from ops.sim.driver.server import Server
from ops.sim.loop import SimLoop, run
from tests.databases import MORNING
from tests.simulation.driver_both import known_to_the_gateway
from tests.store.messages import roll

CUT = psycopg.OperationalError("server closed the connection unexpectedly")


class Fate(Quiet):
    """Hooks that let one step of one client fail or take its time, and note what was committed."""

    def __init__(self) -> None:
        self.at: dict[tuple[str, str, str], Exception | float] = {}
        self.commits: list[tuple[str, list[str]]] = []
        self.notices: list[tuple[str, str]] = []

    async def before(self, client: str, step: str) -> None:
        await self._meet("before", client, step)

    async def after(self, client: str, step: str) -> None:
        await self._meet("after", client, step)

    async def _meet(self, side: str, client: str, step: str) -> None:
        met = self.at.pop((side, client, step), None)
        if isinstance(met, Exception):
            raise met
        if met is not None:
            await asyncio.sleep(met)

    def committed(self, client: str, changes: list[Change]) -> None:
        self.commits.append((client, [change.table for change in changes]))

    def notified(self, client: str, channel: str, payload: str) -> None:
        del payload
        self.notices.append((client, channel))


class Town:
    """A server with two people enrolled, and the sessions of two gateway processes."""

    def __init__(self) -> None:
        self.fate = Fate()
        self.server = Server(self.fate, lambda: MORNING)
        self.one, self.two = (Session(lambda: "sim:gw1", "one"), Session(lambda: "sim:gw2", "two"))

    async def enrol(self) -> None:
        sessions = Sessions(lambda: "sim:enrolment", "enrol", 1)
        await enrol.enrol(sessions, roll(), MORNING)
        await sessions.close()
        self.fate.commits.clear()

    @property
    def receipts(self) -> int:
        return len(self.server.tables.receipt)

    def time_s(self) -> float:
        return asyncio.get_running_loop().time()


Story = Callable[[Town], Coroutine[Any, Any, None]]


def live(story: Story) -> Town:
    """Live a story in simulated time; give what is there afterwards."""
    town = Town()

    async def whole() -> None:
        await town.enrol()
        await story(town)

    with pytest.MonkeyPatch.context() as patch, known_to_the_gateway(town.server, patch):
        run(whole(), SimLoop())
    return town
