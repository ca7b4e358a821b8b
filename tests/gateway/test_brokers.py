"""A broker behind the real lanes and the real database: nothing waits behind readings; alarms."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from devices.decoding import families
from gateway import enrol, ticker
from gateway.broker_settings import MAX_BROKERS, Broker, check_brokers
from gateway.brokers import LOST_AFTER_S, STEADY_S, BrokerWatch
from gateway.clock import StoryClock
from gateway.errors import SettingsError
from gateway.ingest import Ingest
from gateway.listeners.mqtt_client_parts import Topics, Version
from gateway.placing import Desk
from gateway.store.connect import Session, Sessions
from tests.databases import MORNING
from tests.gateway.broker_house import Certificates, broker, client, device, publisher, until
from tests.store.messages import column, count, roll

LINE = "site-3"


def enrolled() -> enrol.Roll:
    devices = [
        {"line": LINE, "sender": "17", "person": "wc", "interval_s": 3600},
        {"line": LINE, "sender": "18", "person": "op", "interval_s": 3600},
    ]
    return roll(devices=devices)


@asynccontextmanager
async def ingest(database: str, desk: Desk) -> AsyncIterator[Ingest]:
    """Give running lanes."""
    made = Ingest(lambda: database, desk, StoryClock(MORNING), families(), "endpoint")
    tasks = made.tasks()
    try:
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await made.close()


async def test_sixty_readings_that_cannot_be_stored_do_not_delay_a_press(
    database: str, session: Session, sessions: Sessions, desk: Desk, tmp_path: Path
) -> None:
    """The table of readings is locked by another; the press is stored, decided and receipted."""
    await enrol.enrol(sessions, enrolled(), MORNING)
    async with (
        ingest(database, desk) as lanes,
        broker(tmp_path) as mosquitto,
        client(mosquitto.settings(), lanes) as ours,
        device(mosquitto, "17") as hub,
        device(mosquitto, "18") as pendant,
    ):
        async with asyncio.TaskGroup() as readings, session.transaction() as connection:
            await connection.execute("lock table measurement in access exclusive mode")
            for _ in range(60):
                readings.create_task(hub.vitals(spo2_pct=95))
            await until(lambda: ours.sessions[Topics.OTHERS].unacknowledged >= 60)
            keeping = asyncio.create_task(_keep_awake(connection.execute))

            receipt = await pendant.press()
            assert receipt.result == "stored"
            keeping.cancel()
            # Unlocked: now every reading gets its receipt, and the group ends.
        assert await count(session, "measurement") == 60
        assert await column(session, "select kind from alarm") == ["help"]
        await until(lambda: not any(one.unacknowledged for one in ours.sessions.values()))


async def _keep_awake(execute: Callable[[str], object]) -> None:
    """The gateway ends sessions that are idle in a transaction; this one is not."""
    while True:
        await execute("select 1")  # type: ignore[misc]
        await asyncio.sleep(0.5)


async def test_what_nobody_can_read_is_kept_as_evidence_and_ingest_goes_on(
    database: str, session: Session, sessions: Sessions, desk: Desk, tmp_path: Path
) -> None:
    await enrol.enrol(sessions, enrolled(), MORNING)
    poison = [b"\x00", b'{"id":"1-7","activation":"\\u0000"}', b'{"id":"\\ud800"}', b"NaN"]
    async with (
        ingest(database, desk) as lanes,
        broker(tmp_path) as mosquitto,
        client(mosquitto.settings(), lanes) as ours,
        device(mosquitto, "18") as pendant,
    ):
        async with publisher(mosquitto) as bare:
            for number, one in enumerate(poison):
                await bare.publish(f"lifeline/v1/17/{'call' if number % 2 else 'up'}", one, 1)
        assert (await pendant.press()).result == "stored"
        await until(lambda: not any(one.unacknowledged for one in ours.sessions.values()))
    assert await count(session, "packet", "sender = '17'") == len(poison)


async def test_a_killed_gateway_gets_what_it_had_not_stored_again_and_answers_repeats_once(
    database: str, session: Session, sessions: Sessions, desk: Desk, tmp_path: Path
) -> None:
    """Stored, but the acknowledgement never left: the repeat is one press and one alarm."""
    await enrol.enrol(sessions, enrolled(), MORNING)
    async with broker(tmp_path) as mosquitto, device(mosquitto, "17") as pendant:
        async with (
            ingest(database, desk) as lanes,
            client(mosquitto.settings(), lanes) as ours,
        ):
            link = ours.sessions[Topics.CALLS]._link
            assert link is not None
            link.acknowledge = lambda *_: None  # type: ignore[method-assign]  # as a kill would
            link.publish = lambda *_: None  # type: ignore[method-assign]
            pressed = asyncio.create_task(pendant.press())
            await _until_counted(session, "receipt", 1)
        assert not pressed.done()
        async with (
            ingest(database, desk) as lanes,
            client(mosquitto.settings(), lanes) as ours,
        ):
            assert (await pressed).result == "stored"
            await until(lambda: not ours.sessions[Topics.CALLS].unacknowledged)
    assert await count(session, "receipt") == 1
    assert await column(session, "select (record->>'signals')::int from alarm") == [1]


async def _until_counted(session: Session, table: str, wanted: int) -> None:
    async with asyncio.timeout(20):
        while await count(session, table) < wanted:  # noqa: ASYNC110 - another process commits
            await asyncio.sleep(0.02)


@dataclass
class Link:
    """A client as the watch sees it."""

    is_up: bool = False
    is_blind: bool = False
    stuck: int = 0


@dataclass
class Watching:
    """A watch, what it watches, and a clock that is moved by hand."""

    watch: BrokerWatch
    clock: StoryClock
    session: Session
    desk: Desk
    link: Link = field(default_factory=Link)

    async def after(self, seconds: float) -> list[str]:
        """Let so much time pass, look, decide; give the open causes of the line's alarm."""
        self.clock.forward_to(self.clock.now() + timedelta(seconds=seconds))
        await self.watch.tell()
        await ticker.take_inbox(self.session, self.desk, self.clock.now())
        text = "select record->'causes' from alarm where kind = 'technical' and state <> 'closed'"
        return [cause for causes in await column(self.session, text) for cause in causes]

    async def receiving_at(self) -> datetime | None:
        found = await column(self.session, f"select alive_at from reception where line='{LINE}'")  # noqa: S608
        return found[0] if found else None


@pytest.fixture
async def watching(session: Session, sessions: Sessions, desk: Desk) -> Watching:
    await enrol.enrol(sessions, enrolled(), MORNING)  # the rows that a case needs
    clock = StoryClock(MORNING)
    made = Watching(BrokerWatch(session, desk, clock), clock, session, desk)
    made.watch.add(LINE, "gateway-1", made.link)
    return made


async def test_a_broker_away_for_too_long_is_a_technical_alarm_that_its_return_closes(
    watching: Watching,
) -> None:
    assert await watching.after(LOST_AFTER_S - 1) == []
    assert await watching.after(2) == ["gateway-1:link"]
    assert await watching.after(60) == ["gateway-1:link"]
    assert await watching.receiving_at() is None

    watching.link.is_up = True
    assert await watching.after(1) == ["gateway-1:link"]
    assert await watching.after(STEADY_S) == []
    assert await watching.receiving_at() is not None


async def test_a_short_absence_is_nobodys_business(watching: Watching) -> None:
    watching.link.is_up = True
    await watching.after(STEADY_S + 1)
    watching.link.is_up = False
    assert await watching.after(LOST_AFTER_S - 2) == []
    watching.link.is_up = True
    assert await watching.after(LOST_AFTER_S) == []


async def test_being_away_because_nothing_can_be_stored_is_not_the_brokers_fault(
    watching: Watching,
) -> None:
    watching.link.is_blind = True
    assert await watching.after(LOST_AFTER_S * 3) == []
    watching.link.is_blind = False
    assert await watching.after(LOST_AFTER_S - 1) == []
    assert await watching.after(2) == ["gateway-1:link"]


async def test_what_an_earlier_process_told_is_taken_back_when_the_broker_is_there(
    watching: Watching, session: Session, desk: Desk
) -> None:
    await watching.after(LOST_AFTER_S + 1)
    fresh = Watching(BrokerWatch(session, desk, watching.clock), watching.clock, session, desk)
    fresh.watch.add(LINE, "gateway-1", fresh.link)
    fresh.link.is_up = True
    await fresh.after(0)

    assert await fresh.after(STEADY_S + 1) == []


async def test_messages_that_cannot_be_stored_are_told_to_people(watching: Watching) -> None:
    watching.link.stuck = 2

    assert await watching.after(1) == ["gateway:message"]


GOOD = {"line": LINE, "host": "127.0.0.1"}


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"host": "broker.example"}, "allow_plain"),
        ({"password_file": "/x"}, "username"),
        ({"tls_ca": "/x", "tls_key": "/x"}, "need each other"),
        ({"tls_certificate": "/x", "tls_key": "/x"}, "needs tls_ca"),
        ({"group": "all"}, "client_id"),
        ({"group": "all", "client_id": "one", "version": "3.1.1"}, "version 5"),
        ({"client_id": "one/two"}, "client_id"),
        ({"hots": "x"}, "hots"),
    ],
)
def test_a_broker_that_cannot_be_meant_so_is_refused(given: dict[str, str], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        Broker.model_validate({**GOOD, **given})


def test_a_broker_on_this_machine_or_behind_tls_or_by_word_may_be_used() -> None:
    for given in ({}, {"host": "::1"}, {"host": "localhost"}):
        Broker.model_validate({**GOOD, **given})
    Broker.model_validate({**GOOD, "host": "broker.example", "tls_ca": "/ca.pem"})
    Broker.model_validate({**GOOD, "host": "broker.example", "allow_plain": True})


def test_a_line_belongs_to_one_listener() -> None:
    one = Broker.model_validate(GOOD)

    check_brokers((one,), {"other"})
    with pytest.raises(ValueError, match=LINE):
        check_brokers((one,), {LINE})
    with pytest.raises(ValueError, match=LINE):
        check_brokers((one, one), set())
    with pytest.raises(ValueError, match=str(MAX_BROKERS)):
        check_brokers((one,) * (MAX_BROKERS + 1), set())


def test_files_are_read_at_the_start_and_what_is_wrong_with_them_is_said(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    password = tmp_path / "password"
    password.write_text("word\n")
    password.chmod(0o600)
    given = {
        **GOOD, "host": "broker.example", "tls_ca": certificates.ca, "username": "gateway",
        "password_file": password, "group": "all", "client_id": "one",
    }  # fmt: skip
    opened = Broker.model_validate(given).opened(tmp_path)

    assert (opened.port, opened.password, opened.client_id) == (8883, "word", "one")
    assert (opened.tls is not None, opened.version) == (True, Version.V5)
    assert Broker.model_validate(GOOD).opened(tmp_path).port == 1883

    password.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        Broker.model_validate(given).opened(tmp_path)
    password.unlink()
    with pytest.raises(SettingsError, match="password_file"):
        Broker.model_validate(given).opened(tmp_path)
    with pytest.raises(SettingsError, match="tls_ca"):
        Broker.model_validate({**given, "tls_ca": password}).opened(tmp_path)
