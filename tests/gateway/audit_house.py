"""An audit in a test: written, sealed and verified over a real database."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from gateway.audit import checkpoints
from gateway.audit.rows import Act, add
from gateway.audit.seal import Sealer
from gateway.audit.verify import Verdict, verify
from gateway.clock import StoryClock
from gateway.placing import Desk
from gateway.store.connect import Connection, Session
from tests.databases import MORNING, ORGANISATION
from tests.gateway.api_house import StillClock

ROWS = 24
KEY = os.urandom(32)


@dataclass
class Book:
    """An audit that is being written and sealed."""

    session: Session
    sealer: Sealer
    clock: StoryClock
    folder: Path

    async def write(self, count: int) -> None:
        for number in range(count):
            self.clock.forward_to(self.clock.now() + timedelta(seconds=1))
            act = Act(
                ORGANISATION, self.clock.now(), f"operator:op-{number % 3}", "taken",
                ORGANISATION, f"content {number}".encode(),
            )  # fmt: skip
            async with self.session.transaction() as connection:
                await add(connection, KEY, act)

    async def verdict(self) -> Verdict:
        async with self.session.transaction() as connection:
            return await self.read(connection)

    async def read(self, connection: Connection) -> Verdict:
        good, bad = checkpoints.all_of(self.folder, KEY)
        return await verify(connection, KEY, good, bad, self.clock.now())


def book_of(session: Session, desk: Desk, folder: Path) -> Book:
    clock = StillClock(MORNING)
    desk = Desk(desk.rules, ORGANISATION, KEY)
    return Book(session, Sealer(session, desk, clock, folder), clock, folder)


async def new_book(session: Session, desk: Desk, folder: Path) -> Book:
    """Begin an audit in a migrated database."""
    async with session.transaction() as connection:
        await connection.execute(
            "insert into organisation (id, name, created_at) values (%s, 'Test', now())",
            (ORGANISATION,),
        )
    return book_of(session, desk, folder)
