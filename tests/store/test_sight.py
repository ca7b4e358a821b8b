"""Blind means that calls for help cannot be stored, whatever else the database still answers."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest

from devices.decoding import families
from gateway import enrol
from gateway.arrivals import Verdict
from gateway.clock import Clock
from gateway.ingest import Ingest
from gateway.lanes import BLIND_AFTER_S, VITALS_BLIND_AFTER_S, Sight
from gateway.placing import Desk
from gateway.store.connect import Session
from tests.store.messages import LINE, column, press

pytestmark = pytest.mark.usefixtures("enrolled")

WAIT_S = 60.0
LOOK_S = 0.05
FULL = "begin raise exception using errcode = '53100'; end"
SLOW = "begin perform pg_sleep(600); return new; end"
SLEEPING = "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and application_name"


@pytest.fixture
async def ingest(database: str, desk: Desk, enrolled: enrol.Enrolled) -> AsyncIterator[Ingest]:
    del enrolled
    ingest = Ingest(lambda: database, desk, Clock(), families(), LINE)
    tasks = ingest.tasks()
    yield ingest
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await ingest.close()


async def spoil(session: Session, table: str, body: str) -> None:
    """Let every write into a table do this from now on."""
    head = f"create function spoil_{table}() returns trigger language plpgsql as"
    async with session.transaction() as connection:
        await connection.execute(f"{head} $$ {body} $$".encode())
        await connection.execute(
            f"create trigger spoil before insert or update on {table}"
            f" for each row execute function spoil_{table}()".encode()
        )


async def mend(session: Session, table: str) -> None:
    async with session.transaction() as connection:
        await connection.execute(f"drop trigger spoil on {table}".encode())


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not holds():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(LOOK_S)


async def test_a_disk_too_full_for_a_press_makes_us_blind_while_small_things_still_commit(
    session: Session, ingest: Ingest
) -> None:
    await spoil(session, "packet", FULL)
    turns: list[bool] = []
    answers: list[Verdict] = []
    ingest.on_blind(turns.append)
    ingest.offer(press(at=datetime.now(UTC)).packet, answers.append)

    await until(lambda: ingest.blind)
    await asyncio.sleep(2 * BLIND_AFTER_S)  # the probe goes on committing meanwhile
    assert (turns, answers) == ([True], [])

    await mend(session, "packet")
    await until(lambda: bool(answers))
    await until(lambda: not ingest.blind)
    assert turns == [True, False]


async def test_a_slow_write_of_heard_marks_keeps_nobody_from_noticing_an_outage(
    session: Session, ingest: Ingest
) -> None:
    await spoil(session, "device_heard", SLOW)
    answers: list[Verdict] = []
    ingest.offer(press(at=datetime.now(UTC)).packet, answers.append)
    await until(lambda: bool(answers))
    slow = f"{SLEEPING} = 'lifeline/vitals-lane'"
    async with asyncio.timeout(WAIT_S):
        while await column(session, slow) == [0]:  # noqa: ASYNC110 - as above
            await asyncio.sleep(LOOK_S)

    await spoil(session, "reception", FULL)
    await until(lambda: ingest.blind)

    assert await column(session, slow) == [1], "it was noticed before the slow write ended"


async def test_readings_that_cannot_be_kept_for_a_moment_do_not_refuse_presses() -> None:
    sight = Sight()
    long_ago_s = time.monotonic() - BLIND_AFTER_S
    sight.failed("vitals", since_s=long_ago_s, bound_s=VITALS_BLIND_AFTER_S)
    assert not sight.blind
    sight.failed("alarm", since_s=long_ago_s)
    sight.succeeded("vitals")
    assert sight.blind, "what another could store says nothing of presses"
    sight.succeeded("alarm")
    assert not sight.blind
