"""What people are told about serial receivers, and a press all the way from a pseudo-terminal."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from devices.decoding import families
from devices.links.nonin2_stream import NoninStream
from devices.links.rfxtrx_receiver import GET_STATUS, RESET
from gateway import enrol, ticker
from gateway.clock import Clock
from gateway.context import Context
from gateway.database import Database
from gateway.ingest import Ingest
from gateway.placing import Desk
from gateway.receivers import ABSENT_AFTER_S, STEADY_S, Receivers, SerialSide
from gateway.serial_ports import SerialPort
from gateway.settings import Settings
from gateway.store.connect import Session, Sessions
from tests.databases import MORNING
from tests.devices.test_nonin2 import packet
from tests.gateway.api_house import StillClock
from tests.gateway.mqtt_house import WAIT_S
from tests.gateway.serial_plug import Plug
from tests.store.messages import column, count, roll

PANIC = bytes.fromhex("0820024ed3dc540689")
STATUS = bytes.fromhex("0d0100010253450c000000000000")
OPEN = "kind = 'technical' and state = 'open'"
RADIO = SerialPort(path=Path("/dev/radio"), link="rfxtrx", line="radio")
OXIMETER = SerialPort(path=Path("/dev/ox"), link="nonin-2", line="ox", sender="ox-1")


@dataclass
class Told:
    """Receivers with a clock that stands, and a look at what the database was told."""

    receivers: Receivers
    clock: StillClock
    session: Session
    desk: Desk

    async def after(self, seconds: float) -> int:
        """Let time pass and tell; give how many technical alarms are open then."""
        self.clock.forward_to(self.clock.now() + timedelta(seconds=seconds))
        await self.receivers.tell()
        await ticker.take_inbox(self.session, self.desk, self.clock.now())
        return await count(self.session, "alarm", OPEN)


@pytest.fixture
async def told(session: Session, sessions: Sessions, desk: Desk) -> Told:
    await enrol.enrol(sessions, roll(), MORNING)
    clock = StillClock(MORNING)
    return Told(Receivers(session, desk, clock, (RADIO, OXIMETER)), clock, session, desk)


async def test_an_absent_receiver_is_one_alarm_of_its_line(told: Told) -> None:
    told.receivers.note("ox", True)

    assert await told.after(ABSENT_AFTER_S - 0.5) == 0
    assert await told.after(0.5) == 1
    assert await told.after(60) == 1
    assert await column(told.session, "select record->>'device' from alarm") == ["radio"]
    owner = "select label from subject join alarm on alarm.subject_id = subject.id"
    assert await column(told.session, owner) == ["line radio"]


async def test_its_return_closes_the_alarm_once_it_has_stayed(told: Told) -> None:
    told.receivers.note("ox", True)
    await told.after(ABSENT_AFTER_S)
    told.receivers.note("radio", True)

    assert await told.after(STEADY_S - 0.5) == 1
    assert await told.after(0.5) == 0


async def test_a_loose_plug_is_one_alarm(told: Told) -> None:
    told.receivers.note("ox", True)
    await told.after(ABSENT_AFTER_S)
    for _ in range(10):
        told.receivers.note("radio", True)
        assert await told.after(1) == 1
        told.receivers.note("radio", False)
        assert await told.after(ABSENT_AFTER_S) == 1

    assert await count(told.session, "alarm") == 1


async def test_a_line_receives_while_its_receiver_is_there(told: Told) -> None:
    told.receivers.note("radio", True)
    await told.after(1)
    told.receivers.note("radio", False)
    await told.after(1)

    assert await column(told.session, "select line from reception") == ["radio"]
    assert await column(told.session, "select alive_at from reception") == [
        MORNING + timedelta(seconds=1)
    ]


async def test_what_streamed_is_dropped_after_a_day_and_nothing_else(told: Told) -> None:
    async with told.session.transaction() as connection:
        for line, sender, hours in (("ox", "ox-1", 25), ("ox", "ox-1", 23), ("mqtt", "ox-1", 25)):
            await connection.execute(
                "insert into packet (received_at, organisation_id, line, sender, key, lane,"
                " authenticated, body) values (%s, %s, %s, %s, '', 'vitals', true, 'x')",
                (MORNING - timedelta(hours=hours), told.desk.organisation_id, line, sender),
            )
    await told.receivers.drop_streams()

    left = "select line from packet order by line"
    assert await column(told.session, left) == ["mqtt", "ox"]


@dataclass
class Site:
    """A gateway's ingest with two serial ports, on pseudo-terminals."""

    radio: Plug
    oximeter: Plug
    session: Session
    clock: Clock
    desk: Desk
    side: SerialSide

    async def stop(self) -> None:
        await self.side.stop()

    async def collected(self, count: int) -> None:
        """Wait until so many packets of the oximeter wait to be handed in."""
        stream = self.side._listeners["ox"]._link
        assert isinstance(stream, NoninStream)
        async with asyncio.timeout(WAIT_S):
            while len(stream._waiting) < count:  # noqa: ASYNC110 - it is looked at, not told
                await asyncio.sleep(0.01)

    async def until(self, table: str, where: str, wanted: int = 1) -> None:
        async with asyncio.timeout(WAIT_S):
            while await count(self.session, table, where) != wanted:
                await ticker.take_inbox(self.session, self.desk, self.clock.now())
                await asyncio.sleep(0.05)


@pytest.fixture
async def site(
    database: str, desk: Desk, sessions: Sessions, session: Session, tmp_path: Path
) -> AsyncIterator[Site]:
    clock = Clock()
    devices = [
        {"line": "radio", "sender": "d3dc54", "person": "wc"},
        {"line": "ox", "sender": "ox-1", "person": "op"},
    ]
    await enrol.enrol(sessions, roll(devices=devices), clock.now())
    plugs = Plug(tmp_path, "radio"), Plug(tmp_path, "ox")
    ports = (
        RADIO.model_copy(update={"path": plugs[0].path}),
        OXIMETER.model_copy(update={"path": plugs[1].path}),
    )
    settings = Settings(state_dir=tmp_path, serial_ports=ports)
    dsn = tmp_path / "dsn"
    dsn.write_text(database)
    context = Context(
        settings=settings, clock=clock, desk=desk, storage="native", sessions=sessions,
        listen=session,
        database=Database(settings.model_copy(update={"database_dsn_file": dsn})),
    )  # fmt: skip
    await context.database.open()
    ingest = Ingest(lambda: database, desk, clock, families(), "mqtt-main")
    side = SerialSide(context, ingest)
    tasks = [*ingest.tasks(), *side.tasks()]
    yield Site(*plugs, session, clock, desk, side)
    await side.stop()
    await ingest.drain()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await ingest.close()
    await side.close()
    await context.database.close()
    for plug in plugs:
        plug.pull_out()


async def work(radio: Plug) -> None:
    """Answer as an RFXtrx433 does, and hear nothing."""
    while True:
        if await radio.receive(len(RESET)) == GET_STATUS:
            await radio.send(STATUS)


async def test_a_receiver_that_is_there_and_does_not_answer_is_an_alarm(site: Site) -> None:
    site.radio.put_in()
    site.oximeter.put_in()

    await site.until("alarm", f"{OPEN} and record->>'device' = 'radio'")


async def test_a_panic_key_at_home_is_an_alarm_at_the_desk(site: Site) -> None:
    site.radio.put_in()
    async with asyncio.timeout(WAIT_S):
        assert await site.radio.receive(len(RESET)) == RESET
    await site.radio.send(PANIC)

    await site.until("alarm", "kind = 'help' and record->>'what' = 'panic'")
    assert await column(site.session, "select body from packet") == [PANIC]


async def test_a_receiver_pulled_out_is_an_alarm_until_it_is_back(site: Site) -> None:
    site.oximeter.put_in()
    await site.until("alarm", f"{OPEN} and record->>'device' = 'radio'")
    site.radio.put_in()
    working = asyncio.create_task(work(site.radio))

    await site.until("alarm", "kind = 'technical' and state = 'closed'")
    working.cancel()
    site.radio.pull_out()
    await site.until("alarm", f"{OPEN} and record->>'device' = 'radio'")


async def test_an_oximeters_stream_is_one_reading_of_each_and_its_raw_bytes(site: Site) -> None:
    site.oximeter.put_in()
    await site.until("reception", "line = 'ox'")
    await site.oximeter.send(packet(97) + packet(95) + packet(96))
    await site.collected(3)
    await site.stop()

    await site.until("measurement", "person_id is not null", 2)
    assert await column(site.session, "select value from measurement order by code") == [72, 96]
    assert await column(site.session, "select octet_length(body) from packet") == [375]
