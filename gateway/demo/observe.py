"""Who watches what was committed, on database connections of its own, apart from those who act.

Two ways, because there are two: alarms are announced by NOTIFY with their commit; the delivery of a
referral is not, so its row is looked at every LOOK_EVERY_S. A moment seen so is late by up to one
look: what is reported is never better than the truth.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from time import perf_counter
from uuid import UUID

from gateway.demo.missing import Missing
from gateway.errors import StoreError
from gateway.store.connect import Dsn, Session, row, rows
from gateway.store.listen import notifications

LOOK_EVERY_S = 0.004
SEE_S = 30.0
CHANNEL = "lifeline_alarm"


class Observer:
    """Sees alarms and acknowledged referrals as they are committed."""

    def __init__(self, dsn: Dsn) -> None:
        """Know where the database is."""
        self._dsn = dsn
        self._session = Session(dsn, "demo-observer")
        self._listening = asyncio.Event()
        self._announced: asyncio.Queue[str] = asyncio.Queue()
        self._awaited: dict[UUID, asyncio.Future[tuple[str, float]]] = {}
        self._wanted = asyncio.Event()

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._look())

    async def close(self) -> None:
        """End the connection."""
        await self._session.close()

    async def ready(self) -> None:
        """Return when announcements are heard."""
        await self._listening.wait()

    async def alarm(self) -> str:
        """Give the id of the next alarm that is announced.

        Raises:
            Missing: none is.
        """
        try:
            return await asyncio.wait_for(self._announced.get(), SEE_S)
        except TimeoutError as late:
            raise Missing(f"no alarm was announced within {SEE_S:g} s") from late

    def forget(self) -> None:
        """Drop announcements of the past."""
        while not self._announced.empty():
            self._announced.get_nowait()

    def expect(self, subject: UUID) -> "asyncio.Future[tuple[str, float]]":
        """Give (referral id, moment) of a person's first acknowledged referral, once seen."""
        found = asyncio.get_running_loop().create_future()
        self._awaited[subject] = found
        self._wanted.set()
        return found

    async def next_due(self) -> datetime | None:
        """Say when the gateway has something to do by itself next; None: nothing waits."""
        async with self._session.plain() as connection:
            found = await row(connection, "demo_next_due")
        return found.due_at if found is not None else None

    async def _listen(self) -> None:
        async for alarm in notifications(self._dsn, CHANNEL):
            self._listening.set()
            if alarm:
                self._announced.put_nowait(alarm)

    async def _look(self) -> None:
        while True:
            await self._wanted.wait()
            try:
                seen = await self._acknowledged(self._awaited)
            except StoreError:
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            now = perf_counter()
            for subject, referral in seen:
                found = self._awaited.pop(subject)
                if not found.done():
                    found.set_result((str(referral), now))
            if not self._awaited:
                self._wanted.clear()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _acknowledged(self, subjects: Iterable[UUID]) -> list[tuple[UUID, UUID]]:
        async with self._session.plain() as connection:
            found = await rows(connection, "demo_acknowledged", subjects=list(subjects))
        return [(one.subject_id, one.id) for one in found]
