"""The live stream without a browser: bounded queues, one reader for all, who sees what."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from gateway.access.organisation import OwnSessions
from gateway.api.auth import Caller
from gateway.console.stream.client import MAX_WAITING, Client, event
from gateway.console.stream.feed import Feed
from gateway.console.stream.hub import MAX_CLIENTS, Hub
from gateway.console.stream.presence import Presence
from gateway.console.watch import GONE_AFTER_S, UNSEEN_AFTER_S, Watch
from gateway.roles import ApiRole
from gateway.store.connect import Sessions, run
from tests.databases import ORGANISATION
from tests.gateway.api_house import ELSEWHERE, House


def caller(role: ApiRole = ApiRole.OPERATOR, organisation: uuid.UUID = ORGANISATION) -> Caller:
    return Caller(organisation, "anna", role, None)


def told(ready: bytes) -> list[tuple[str, Any]]:
    """Take events apart."""
    found = []
    for part in ready.decode().split("\n\n"):
        if part:
            name, data = part.split("\n")
            found.append((name.removeprefix("event: "), msgspec.json.decode(data[6:])))
    return found


def started(client: Client) -> Client:
    """Let the first snapshot be done with."""
    client._again = False
    return client


async def test_what_a_slow_client_cannot_hold_becomes_a_snapshot() -> None:
    client = started(Client(caller()))
    for number in range(MAX_WAITING):
        client.put(event("alarm", number))
    assert client.overflows == 0

    client.put(event("alarm", "one too many"))

    ready, again, ended = await client.next()
    assert (ready, again, ended) == (b"", True, False)
    assert client.overflows == 1
    client.put(event("alarm", "after it"))
    assert told((await client.next())[0]) == [("alarm", "after it")]


async def test_events_wait_in_order_and_come_together() -> None:
    client = started(Client(caller()))
    client.put(event("alarm", 1))
    client.put(event("duty", 2))

    ready, again, _ = await client.next()

    assert told(ready) == [("alarm", 1), ("duty", 2)]
    assert not again


async def test_an_end_comes_before_everything_that_waits() -> None:
    client = started(Client(caller()))
    client.put(event("alarm", 1))
    client.end(event("bye", {}))

    assert await client.next() == (event("bye", {}), False, True)


def test_engineers_see_technical_alarms_only() -> None:
    client = Client(caller(ApiRole.ENGINEER))

    assert client.sees({"kind": "technical"})
    assert not client.sees({"kind": "help"})


def test_whose_an_alarm_is_reads_only_who_answers_it() -> None:
    item = {"kind": "technical", "who": "Fictional WC", "where": "LE1", "what": "Battery low"}

    assert Client(caller(ApiRole.SUPERVISOR)).shows(item) == item
    shown = Client(caller(ApiRole.ENGINEER)).shows(item)
    assert shown == {**item, "who": "", "where": ""}


@pytest.fixture
async def hub(house: House, database: str) -> AsyncIterator[Hub]:
    """Give a hub on the house's database; nothing runs but what a test runs."""
    sessions = Sessions(lambda: database, "test-console", 2)
    plain = house.session
    feed = Feed(house.context, OwnSessions(sessions), plain)
    yield Hub(house.context, feed, Presence(house.context, plain), lambda: False)
    await sessions.close()


async def opened(hub: Hub, who: Caller) -> Client:
    """Connect, with the hub's reader running beside it."""
    reading = asyncio.create_task(hub.run())
    client = await hub.open(who)
    reading.cancel()
    assert client is not None
    return client


async def test_a_snapshot_holds_the_open_alarms_of_ones_own_organisation(
    house: House, hub: Hub
) -> None:
    await house.press("18")
    mine = await opened(hub, caller())
    theirs = await opened(hub, caller(organisation=ELSEWHERE))

    ((_, shown),) = told(hub.snapshot(mine))
    ((_, elsewhere),) = told(hub.snapshot(theirs))

    assert [one["state"] for one in shown["alarms"]] == ["open"]
    assert elsewhere["alarms"] == []


async def test_who_watches_and_what_was_shown_is_in_the_audit(house: House, hub: Hub) -> None:
    await house.press("18")
    await opened(hub, caller())

    acts = await house.sql("select actor, act from audit where act like 'queue%%' order by id")

    assert [(one.actor, one.act) for one in acts] == [
        ("operator:anna", "queue_watched"),
        ("console", "queue_shown"),
    ]


async def test_a_change_goes_to_all_and_an_end_is_told(house: House, hub: Hub) -> None:
    await house.press("18")
    first, second = await opened(hub, caller()), await opened(hub, caller())
    for one in (started(first), started(second)):
        one._waiting.clear()

    await house.press("18")
    await hub._look(hub._all, [ORGANISATION])
    for one in (first, second):
        events = dict(told((await one.next())[0]))
        assert events["alarm"]["rings"] == 2

    await house.sql(
        "update alarm set state = 'closed',"
        " record = record || jsonb_build_object('state', 'closed', 'closed_at', alarm_at)"
    )
    await hub._look(hub._all, [ORGANISATION])
    events = dict(told((await first.next())[0]))
    assert events["alarm"]["state"] == "closed"


async def test_a_database_that_cannot_be_read_is_told_once_and_again_when_it_can(
    house: House, hub: Hub
) -> None:
    client = started(await opened(hub, caller()))
    client._waiting.clear()

    await house.sql("alter table alarm rename to alarm_away")
    for _ in range(2):
        await hub._look(hub._all, [ORGANISATION])
    await house.sql("alter table alarm_away rename to alarm")
    await hub._look(hub._all, [ORGANISATION])

    states = [body["database"] for name, body in told((await client.next())[0]) if name == "states"]
    assert states == ["silent", "ok"]


async def test_an_alarm_that_cannot_be_shown_ends_nothing(house: House, hub: Hub) -> None:
    client = started(await opened(hub, caller()))
    client._waiting.clear()
    await house.press("18")
    await house.sql("update alarm set record = '{}'")

    await hub._look(hub._all, [ORGANISATION])

    (states,) = [body for name, body in told((await client.next())[0]) if name == "states"]
    assert states["database"] == "silent"


async def test_too_many_streams_are_refused(hub: Hub) -> None:
    hub._clients = {Client(caller()) for _ in range(MAX_CLIENTS)}

    assert await hub.open(caller()) is None


async def here(house: House, name: str = "anna") -> None:
    """Note that a console of somebody's is connected now."""
    async with house.session.transaction() as connection:
        await run(
            connection,
            "console_present",
            organisations=[ORGANISATION],
            operators=[name],
            now=house.now,
            forget_s=86_400.0,
        )


def watch(house: House) -> Watch:
    return Watch(house.context.sessions, house.context.desk, house.clock)


async def notices(house: House, said: str) -> list[str]:
    rows = await house.sql(
        "select recipient from outbox where body ->> 'text' = %(said)s order by recipient",
        said=said,
    )
    return [one.recipient for one in rows]


async def test_an_alarm_no_console_shows_is_told_once_for_each_ring(house: House) -> None:
    await here(house)
    await house.press("18")
    await watch(house).look()
    assert await notices(house, "unseen") == []

    house.later(seconds=UNSEEN_AFTER_S)
    for _ in range(2):
        await watch(house).look()
    assert await notices(house, "unseen") == ["consoles", "supervisor"]

    await house.press("18")
    house.later(seconds=UNSEEN_AFTER_S)
    await watch(house).look()
    assert await notices(house, "unseen") == ["consoles"] * 2 + ["supervisor"] * 2


async def test_an_alarm_that_a_console_has_shown_is_not_told(house: House) -> None:
    await here(house)
    alarm = await house.pressed("18")
    body = {"alarms": [{"id": alarm["id"], "rings": 1}]}
    answer = await house.call("operator", "POST", "/console/seen", body)
    assert answer.status_code == 204

    house.later(seconds=UNSEEN_AFTER_S)
    await watch(house).look()

    assert await notices(house, "unseen") == []


async def test_where_no_console_is_used_nothing_is_expected_on_one(house: House) -> None:
    await house.press("18")
    house.later(seconds=UNSEEN_AFTER_S)
    await watch(house).look()

    assert await notices(house, "unseen") == []


async def test_an_alarm_whose_console_is_gone_returns_to_the_queue(house: House) -> None:
    alarm = await house.pressed("18")
    await house.post("operator:anna", f"/alarms/{alarm['id']}/events", {"do": "take"})
    await here(house)
    house.later(seconds=GONE_AFTER_S)
    await watch(house).look()
    assert (await house.get("operator:anna", "/alarms"))["alarms"][0]["alarm"]["state"] == "taken"

    house.later(seconds=1)
    await watch(house).look()

    found = (await house.get("operator:anna", "/alarms"))["alarms"][0]["alarm"]
    assert found["state"] == "open"
    assert found["taken_by"] is None


async def test_whoever_works_without_a_console_keeps_their_alarm(house: House) -> None:
    await here(house)
    house.later(hours=1)
    alarm = await house.pressed("18")
    await house.post("operator:anna", f"/alarms/{alarm['id']}/events", {"do": "take"})
    house.later(seconds=GONE_AFTER_S + 1)
    await watch(house).look()

    assert (await house.get("operator:anna", "/alarms"))["alarms"][0]["alarm"]["state"] == "taken"
