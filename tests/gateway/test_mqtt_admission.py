"""Who is let in, under what name, who makes place for whom, and when nobody is let in."""

import asyncio

import pytest

from gateway.errors import StoreUnavailable
from gateway.listeners.mqtt_policy import SOURCES, Bucket, StrangerRates, claimed_name
from tests.devices import mqtt_wire as wire
from tests.gateway.mqtt_house import SECRET, UP, Device, open_house, press

V311, V5 = wire.V311, wire.V5
BOTH = pytest.mark.parametrize("version", [V311, V5])
UNAVAILABLE = {V311: b"\x20\x02\x00\x03", V5: b"\x20\x03\x00\x88\x00"}
STRANGER = {"username": "99", "password": b"?"}


@BOTH
async def test_while_blind_connections_close_and_nobody_is_let_in(version: int) -> None:
    async with open_house() as house:
        device = await house.enter(version)
        undecided = Device(*await asyncio.open_connection("127.0.0.1", house.port))
        assert await device.is_alive()
        house.ledger.turn_blind(blind=True)
        if version == V5:
            assert (await device.read())[:3:2] == b"\xe0\x89"
        assert await device.read() == b""
        assert await undecided.read() == b""
        refused, answer = await house.knock(version)
        assert answer == UNAVAILABLE[version]
        assert await refused.read() == b""
        assert house.roll.asked == ["17"]  # the database that does not answer is not asked
        house.ledger.turn_blind(blind=False)
        await house.enter(version)


@BOTH
@pytest.mark.parametrize("error", [StoreUnavailable("gone"), ValueError("a fault of ours")])
async def test_when_the_database_cannot_say_who_it_is_connect_is_refused(
    version: int, error: Exception
) -> None:
    async with open_house() as house:
        house.roll.fails_with = error
        device, answer = await house.knock(version)
        assert answer == UNAVAILABLE[version]
        assert await device.read() == b""


async def test_a_database_that_hangs_does_not_keep_a_device_waiting() -> None:
    async with open_house(identify_deadline_s=0.05) as house:
        house.roll.hangs = True
        assert (await house.knock())[1] == UNAVAILABLE[V311]


async def test_going_blind_while_a_device_is_identified_refuses_it() -> None:
    async with open_house() as house:
        house.roll.hangs = True
        device = Device(*await asyncio.open_connection("127.0.0.1", house.port))
        device.send(wire.connect())
        await house.roll.is_asked.wait()
        house.ledger.turn_blind(blind=True)
        assert await device.read() == b"\x20\x02\x00\x03"


async def test_an_answer_that_comes_when_nothing_can_be_stored_lets_nobody_in() -> None:
    async with open_house() as house:
        house.roll.hangs = True
        device = Device(*await asyncio.open_connection("127.0.0.1", house.port))
        device.send(wire.connect(username="17", password=SECRET))
        await house.roll.is_asked.wait()
        house.roll.goes_on.set()
        house.ledger.turn_blind(blind=True)
        assert await device.read() == b"\x20\x02\x00\x03"
        assert await device.read() == b""


async def test_a_device_that_hangs_up_while_it_is_identified_is_forgotten() -> None:
    async with open_house() as house:
        house.roll.hangs = True
        device = Device(*await asyncio.open_connection("127.0.0.1", house.port))
        device.send(wire.connect())
        await house.roll.is_asked.wait()
        device.writer.transport.abort()
        await house.is_empty()


@BOTH
@pytest.mark.parametrize("asked", [STRANGER, {"username": "17", "password": b"wrong"}, {}])
async def test_who_proves_nothing_is_heard_as_an_unknown_caller(
    version: int, asked: dict[str, object]
) -> None:
    async with open_house() as house:
        device, _ = await house.knock(version, client_id="c-1", **asked)
        device.send(press(1, version=version, topic="lifeline/v1/17/call"))
        (packet,) = await house.ledger.heard(1)
        assert packet.sender == asked.get("username", "c-1")
        assert not packet.authenticated
        assert (await device.read())[:1] == b"\x40"


@pytest.mark.parametrize(("version", "answer"), [(V311, "20020004"), (V5, "2003008600")])
async def test_a_line_may_be_for_enrolled_devices_only(version: int, answer: str) -> None:
    async with open_house(accept_unauthenticated=False) as house:
        assert (await house.knock(version, **STRANGER))[1] == bytes.fromhex(answer)
        await house.enter(version)


async def test_the_same_device_again_takes_over() -> None:
    async with open_house() as house:
        older = await house.enter(V5, client_id="a", will=("w", b"gone"))
        newer = await house.enter(V311, client_id="b")
        assert (await older.read())[:3:2] == b"\xe0\x8e"
        assert await older.read() == b""
        assert await newer.is_alive()
        assert house.ledger.packets == []  # the device is here: its will stays unsaid
        assert len(house.sessions()) == 1


async def test_who_proves_nothing_takes_nothing_over() -> None:
    async with open_house() as house:
        device = await house.enter()
        await house.knock(username="17", password=b"wrong")
        assert await device.is_alive()


async def test_the_oldest_stranger_of_an_address_makes_place_for_the_newest() -> None:
    async with open_house(strangers_per_source=2) as house:
        device = await house.enter()
        first, _ = await house.knock(V5, **STRANGER)
        second, _ = await house.knock(V5, **STRANGER)
        third, _ = await house.knock(V5, **STRANGER)
        assert (await first.read())[:3:2] == b"\xe0\x97"
        for one in (second, third, device):
            assert await one.is_alive()


@BOTH
async def test_a_stranger_may_call_for_help_as_often_as_it_likes(version: int) -> None:
    async with open_house(stranger_burst=1, stranger_per_s=0.0) as house:
        device, _ = await house.knock(version, **STRANGER)
        call = b'{"id":"1-%d","activation":"fall"}'
        for number in range(1, 6):
            topic = "lifeline/v1/99/call" if number % 2 else "lifeline/v1/99/up"
            device.send(wire.publish(topic, call % number, version=version, packet_id=number))
        assert len(await house.ledger.heard(5)) == 5


async def test_a_stranger_that_talks_too_fast_is_told_so_in_version_5() -> None:
    async with open_house(stranger_burst=1, stranger_per_s=0.0) as house:
        device, _ = await house.knock(V5, client_id="99")
        up = "lifeline/v1/99/up"
        device.send(wire.publish(up, b'{"id":"1-1"}', version=V5, packet_id=1))
        device.send(wire.publish(up, b'{"id":"1-2"}', version=V5, packet_id=2))
        device.send(wire.publish(up, b'{"id":"1-3"}', version=V5))
        answers = b"".join([await device.read() for _ in range(3)])
        assert wire.puback(1) in answers
        assert wire.puback(2, b"\x97") in answers
        assert len(house.ledger.packets) == 1
        assert await device.is_alive()


async def test_a_stranger_that_talks_too_fast_in_3_1_1_loses_its_line_but_no_call() -> None:
    async with open_house(stranger_burst=1, stranger_per_s=0.0) as house:
        device, _ = await house.knock(client_id="99")
        up = "lifeline/v1/99/up"
        device.send(
            wire.publish(up, b'{"id":"1-1"}', packet_id=1),
            wire.publish(up, b'{"id":"1-2"}', packet_id=2),
            press(3, topic="lifeline/v1/99/call"),
        )
        answers = [await device.read() for _ in range(2)]
        while answers[-1]:
            answers.append(await device.read())
        assert wire.puback(2) not in answers
        assert [packet.key for packet in house.ledger.packets] == ["1-1", "1-3"]


async def test_a_stranger_that_connects_again_is_no_new_stranger() -> None:
    async with open_house(stranger_burst=2, stranger_per_s=0.0) as house:
        for number in (1, 2, 3):
            device, _ = await house.knock(V5, client_id="99", will=("w", b"gone"))
            up = wire.publish("lifeline/v1/99/up", b"{}", version=V5, packet_id=number)
            device.send(up)
            await device.read()
            device.send(wire.disconnect(b"\x04"))
            assert await device.read() == b""
        assert [packet.body for packet in house.ledger.packets] == [b"{}", b"gone"]


def test_addresses_not_heard_for_longest_are_forgotten_first() -> None:
    rates = StrangerRates(burst=1, per_s=0.0)
    assert rates.take("a", 0.0)
    for number in range(SOURCES):
        rates.take(f"b{number}", 0.0)
    assert rates.take("a", 0.0)
    assert not rates.take(f"b{SOURCES - 1}", 0.0)


async def test_an_enrolled_device_has_no_such_limit() -> None:
    async with open_house(stranger_burst=1, stranger_per_s=0.0) as house:
        device = await house.enter()
        device.send(*(wire.publish(UP, b"{}", packet_id=number) for number in range(1, 31)))
        await house.ledger.heard(30)


def test_a_bucket_fills_again_with_time_and_never_beyond_its_burst() -> None:
    bucket = Bucket(burst=2, per_s=0.5, now_s=0.0)
    assert [bucket.take(0.0) for _ in range(3)] == [True, True, False]
    assert not bucket.take(1.0)
    assert bucket.take(2.0)
    assert [bucket.take(1_000.0) for _ in range(3)] == [True, True, False]


async def test_one_connection_too_many_is_closed_at_once() -> None:
    async with open_house(connections=1) as house:
        device = await house.enter()
        _, answer = await house.knock()
        assert answer == b""
        assert await device.is_alive()
        await device.close()
        await house.is_empty()
        await house.enter()


async def test_a_name_that_no_topic_can_carry_gets_no_receipt_and_is_heard() -> None:
    async with open_house() as house:
        device, answer = await house.knock(client_id="a/#", will=("w", b"gone"))
        assert answer == b"\x20\x02\x00\x00"
        device.send(press(1))
        assert await device.read() == wire.puback(1)
        assert await device.is_alive()
        device.writer.transport.abort()
        assert (await house.ledger.heard(2))[1].topic == "w"


NAMES = {
    ("17", "cn", "client"): "17",
    (None, "cn", "client"): "cn",
    ("", None, "client"): "client",
    (None, None, ""): "nameless",
    ("a\nb", None, ""): "a?b",
    ("x" * 200, None, ""): "x" * 128,
}


@pytest.mark.parametrize(("given", "name"), NAMES.items())
def test_a_sender_is_called_by_the_first_name_it_gives(
    given: tuple[str | None, str | None, str], name: str
) -> None:
    assert claimed_name(*given) == name
