"""What the database's refusals mean: an outage is never taken for one message's poison."""

import dataclasses
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from devices.model import Lane
from gateway import intake
from gateway.arrivals import Arrival, Verdict
from gateway.errors import StoreUnavailable
from gateway.lanes import MAX_BATCH_BYTES, MAX_WAITING_BYTES, LaneQueue, LaneWorker, Sight
from gateway.placing import Desk
from gateway.store.connect import Session, rows
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import arrival, press

pytestmark = pytest.mark.usefixtures("enrolled")

ASKED = 8  # the driver prepares what it is asked a sixth time


async def test_a_table_we_may_not_write_is_an_outage_and_not_the_messages_fault(
    session: Session, desk: Desk
) -> None:
    async with session.transaction() as connection:
        await connection.execute(
            b"create function forbid() returns trigger language plpgsql as"
            b" $$ begin raise exception using errcode = '42501'; end $$"
        )
        await connection.execute(
            b"create trigger forbid before insert on packet execute function forbid()"
        )

    with pytest.raises(StoreUnavailable):
        await intake.take(session, [press()], desk, MORNING)


async def test_an_answer_that_breaks_its_connection_takes_no_other_answer_along(
    session: Session, desk: Desk
) -> None:
    answered: list[str] = []

    def breaks(verdict: Verdict) -> None:
        raise RuntimeError(verdict.result)

    def notes(verdict: Verdict) -> None:
        answered.append(verdict.result)

    queue = LaneQueue(Lane.ALARM)
    queue.put(dataclasses.replace(press(device="17"), done=breaks))
    queue.put(dataclasses.replace(press(device="18"), done=notes))

    async def take(batch: Sequence[Arrival]) -> intake.Taken:
        return await intake.take(session, batch, desk, MORNING)

    await LaneWorker(queue, take, Sight()).drain()

    assert answered == ["stored"]


def test_what_waits_is_bounded_in_bytes_too() -> None:
    """Ten thousand of the largest messages would be more than the machine has."""
    queue = LaneQueue(Lane.ALARM)
    big = arrival(b"x" * 250_000)
    count = 0
    while queue.room.is_set():
        queue.put(big)
        count += 1
    assert count * len(big.packet.body) <= MAX_WAITING_BYTES + len(big.packet.body)

    batch = queue.take_all()
    assert 1 <= len(batch) * len(big.packet.body) <= MAX_BATCH_BYTES
    queue.put_back(batch)
    taken = 0
    while queue.waiting:
        taken += len(queue.take_all())
    assert taken == count
    assert queue.room.is_set()


async def test_a_databases_host_that_vanishes_is_noticed_in_seconds(session: Session) -> None:
    """Who waits for an answer sends nothing: only keep-alives tell that nobody is there."""
    async with session.plain() as connection, _socket(connection.fileno()) as line:
        given = [
            line.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        ]
    idle_s, interval_s, probes = given
    assert idle_s + interval_s * probes <= 20


@asynccontextmanager
async def _socket(number: int) -> AsyncIterator[socket.socket]:
    line = socket.socket(fileno=os.dup(number))
    try:
        yield line
    finally:
        line.close()


async def test_a_connection_is_made_anew_when_a_table_changes_under_it(
    session: Session, database: str
) -> None:
    """What it had prepared is refused for ever: that is no case's fault, and must hold up none."""
    beside = Session(lambda: database, "beside")

    async def services() -> int:
        async with beside.transaction() as connection:
            found = await rows(
                connection, "facts_services", organisations=[ORGANISATION], now=MORNING
            )
        return len(found)

    try:
        before = await services()
        for _ in range(ASKED):
            await services()
        async with session.transaction() as connection:
            await connection.execute("alter table service add column later text")
        with pytest.raises(StoreUnavailable, match="FeatureNotSupported"):
            await services()
        assert await services() == before
    finally:
        await beside.close()
