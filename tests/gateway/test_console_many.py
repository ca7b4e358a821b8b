"""Many consoles at once: what is done once for all of them, and who has their turn beside them."""

import asyncio
import socket
import uuid
from datetime import timedelta

import pytest
from fastapi import FastAPI

from alerts.vitals.inputs import Reading, Report
from devices.model import VitalCode
from gateway import vitalswork
from gateway.access.logins import SignedIn
from gateway.api.auth import Caller
from gateway.console.stream.client import TURN, Client, Cuts, in_turns
from gateway.console.stream.hub import Hub
from gateway.console.watch import GONE_AFTER_S
from gateway.errors import StoreError
from gateway.roles import ApiRole
from gateway.rulebook import read_rules
from gateway.store.vitals import Watched
from gateway.vitalswork import Given
from gateway.web import UNACKNOWLEDGED_MS, Server, configured
from tests.databases import ORGANISATION
from tests.gateway.access_house import account, browser
from tests.gateway.api_house import House
from tests.gateway.test_console_stream import caller, hub, opened, started, told

__all__ = ["hub"]
MANY = 40


async def test_consoles_that_come_at_once_are_written_down_each_but_together(
    house: House, hub: Hub
) -> None:
    await opened(hub, caller())
    await asyncio.gather(*(hub.open(caller()) for _ in range(MANY)))

    (found,) = await house.sql(
        "select count(*) as rows, count(distinct xmin::text) as commits from audit"
        " where act = 'queue_watched'"
    )

    assert found.rows == MANY + 1
    assert found.commits < MANY / 2


async def test_who_cannot_be_written_down_sees_nothing_and_can_come_again(
    house: House, hub: Hub
) -> None:
    await opened(hub, caller())
    await house.sql("alter table audit rename to audit_away")
    came = await asyncio.gather(*(hub.open(caller()) for _ in range(5)), return_exceptions=True)
    await house.sql("alter table audit_away rename to audit")

    assert all(isinstance(one, StoreError) for one in came)
    assert hub.clients == 1
    assert await hub.open(caller()) is not None


async def test_a_console_that_gives_up_while_it_waits_keeps_no_other_from_coming(
    hub: Hub,
) -> None:
    await opened(hub, caller())
    coming = [asyncio.create_task(hub.open(caller())) for _ in range(5)]
    await asyncio.sleep(0)
    coming[0].cancel()
    coming[3].cancel()

    came = await asyncio.gather(*coming, return_exceptions=True)

    assert [isinstance(one, Client) for one in came] == [False, True, True, False, True]


def test_a_snapshot_is_written_once_for_a_role_and_anew_when_the_board_changed() -> None:
    first, second, engineer = Client(caller()), Client(caller()), Client(caller(ApiRole.ENGINEER))
    item = {"kind": "technical", "who": "Fictional WC", "where": "LE1"}
    cuts = Cuts()

    once = cuts.of(first, [item])

    assert cuts.of(second, []) is once
    assert b"Fictional" in bytes(once)
    assert b"Fictional" not in bytes(cuts.of(engineer, [item]))
    cuts.forget(uuid.uuid4())
    assert cuts.of(second, []) is once
    cuts.forget(ORGANISATION)
    assert bytes(cuts.of(second, [])) == b"[]"


async def test_who_waits_has_a_turn_while_many_consoles_are_told() -> None:
    turns = asyncio.create_task(_count())
    clients = [Client(caller()) for _ in range(TURN * 3)]

    given = [one async for one in in_turns(clients)]

    assert given == clients
    turns.cancel()
    assert await turns >= 2


async def test_who_waits_has_a_turn_while_a_batch_of_readings_is_decided(
    monkeypatch: pytest.MonkeyPatch, house: House
) -> None:
    monkeypatch.setattr(vitalswork, "TURN_S", -1.0)
    person = uuid.uuid4()
    watched = [Watched(person, ORGANISATION, None, None)]
    now = house.now
    reports = tuple(
        Report(f"m{number}", now, (Reading(VitalCode.SPO2, 96, now + timedelta(0)),))
        for number in range(10)
    )
    given = {person: Given(reports=reports)}
    rules = read_rules()

    turns = asyncio.create_task(_count())
    beside = await vitalswork.work_in_turns(watched, given, rules, now)
    turns.cancel()

    assert await turns >= len(reports)
    assert beside == vitalswork.work(watched, given, rules, now)


async def test_a_stream_ends_when_its_sign_in_has(house: House, hub: Hub) -> None:
    await account(house, "anna", ApiRole.OPERATOR)
    anna = await browser(house, "anna")
    mine = started(await opened(hub, _signed_in(anna.digest)))
    mine._waiting.clear()
    program = started(await opened(hub, caller()))

    await hub.end_signed_out()
    assert mine._ended is None

    await house.sql("update sign_in set ended_at = seen_at")
    await hub.end_signed_out()
    assert told((await mine.next())[0]) == [("signed_out", {})]
    assert program._ended is None


async def test_a_computer_that_vanished_is_noticed_by_its_connection() -> None:
    server = Server(configured(FastAPI(), "127.0.0.1", 0))
    await server.begin()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    await reader.readline()
    (accepted,) = server.server_state.connections

    held = accepted.transport.get_extra_info("socket")

    assert held.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == UNACKNOWLEDGED_MS
    assert GONE_AFTER_S * 1000 > UNACKNOWLEDGED_MS
    writer.close()
    await server.end()


def _signed_in(sha256: bytes) -> Caller:
    found = SignedIn(
        sha256, ORGANISATION, ORGANISATION, "anna", "Anna", frozenset(), None, "", None,
        password_due=False, must_change=False,
    )  # fmt: skip
    return Caller(ORGANISATION, "anna", ApiRole.OPERATOR, None, frozenset(), found)


async def _count() -> int:
    """Count turns of the loop until cancelled."""
    turns = 0
    try:
        while True:
            await asyncio.sleep(0)
            turns += 1
    except asyncio.CancelledError:
        return turns
