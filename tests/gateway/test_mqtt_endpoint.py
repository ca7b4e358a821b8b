"""The device endpoint acknowledges what is committed, in order, and to nobody else."""

import asyncio
from datetime import UTC, datetime

import pytest
import uvloop

from devices.links.mqtt_events import Limits
from devices.model import Lane
from gateway.listeners.mqtt_endpoint import MqttEndpoint
from gateway.listeners.mqtt_shared import MqttSettings
from tests.devices import mqtt_wire as wire
from tests.gateway.mqtt_house import (
    CALL,
    DOWN,
    LINE,
    SECRET,
    UP,
    Ledger,
    Roll,
    body,
    open_house,
    press,
    receipt,
)

V311, V5 = wire.V311, wire.V5
BOTH = pytest.mark.parametrize("version", [V311, V5])


@BOTH
async def test_a_press_is_handed_in_as_it_came_and_acknowledged_after_its_commit(
    version: int,
) -> None:
    async with open_house(commits_at_once=False) as house:
        device = await house.enter(version)
        device.send(press(1, version=version))
        (packet,) = await house.ledger.heard(1)
        assert (packet.link, packet.line, packet.sender) == ("native", LINE, "17")
        assert (packet.topic, packet.body, packet.key) == (CALL, body(1), "1-1")
        assert packet.authenticated
        assert not packet.retained
        assert packet.peer == "127.0.0.1"
        assert await device.is_alive()  # the ping is answered first: nothing was committed yet
        house.ledger.commit(body(1))
        assert await device.read() == wire.puback(1)
        assert await device.read() == receipt(1, 1, version)


async def test_pubacks_keep_the_order_of_receipt_and_receipts_go_at_once() -> None:
    async with open_house(commits_at_once=False) as house:
        device = await house.enter()
        device.send(press(1), press(2), press(3))
        await house.ledger.heard(3)
        house.ledger.commit(body(3), body(2))
        assert [await device.read(), await device.read()] == [receipt(3, 1), receipt(2, 2)]
        house.ledger.commit(body(1))
        rest = b"".join([await device.read() for _ in range(4)])
        assert rest == wire.puback(1) + wire.puback(2) + wire.puback(3) + receipt(1, 3)


async def test_all_answers_of_one_commit_leave_in_one_write() -> None:
    async with open_house(commits_at_once=False) as house:
        device = await house.enter()
        device.send(*(press(number) for number in range(1, 51)))
        await house.ledger.heard(50)
        (session,) = house.sessions()
        writes: list[bytes] = []
        transport = session._wire._transport
        session._wire._transport = Recording(transport, writes)  # type: ignore[assignment]
        house.ledger.commit(*(body(number) for number in range(1, 51)))
        await device.read()
        assert len(writes) == 1
        assert writes[0].startswith(wire.puback(1))


class Recording:
    """A transport that notes what it writes."""

    def __init__(self, transport: asyncio.Transport, writes: list[bytes]) -> None:
        self._transport = transport
        self._writes = writes

    def write(self, octets: bytes) -> None:
        self._writes.append(octets)
        self._transport.write(octets)

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)


async def test_an_acknowledgement_never_goes_to_a_newer_connection() -> None:
    async with open_house(commits_at_once=False) as house:
        older = await house.enter()
        older.send(press(1))
        await house.ledger.heard(1)
        newer = await house.enter()
        assert await older.read() == b""
        house.ledger.commit(body(1))
        assert await newer.is_alive()
        newer.send(press(1, dup=True))
        await house.ledger.heard(2)
        house.ledger.commit(body(1))
        assert await newer.read() == wire.puback(1)


async def test_a_press_at_qos_0_is_heard_and_gets_its_receipt() -> None:
    async with open_house() as house:
        device = await house.enter()
        device.send(wire.publish(CALL, body(1)))
        assert await device.read() == receipt(1, 1)


async def test_a_press_sent_behind_connect_is_heard() -> None:
    async with open_house() as house:
        device, _ = await house.knock(username="17", password=SECRET)
        await device.close()
        early = wire.connect(username="17", password=SECRET) + press(1)
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(early)
        async with asyncio.timeout(10):
            answer = await reader.readexactly(8)
        writer.close()
        assert answer == b"\x20\x02\x00\x00" + wire.puback(1)


@BOTH
async def test_a_refused_message_says_so(version: int) -> None:
    async with open_house() as house:
        house.ledger.refuses = "no such service"
        device = await house.enter(version)
        device.send(press(1, version=version))
        assert await device.read() == wire.puback(1, b"\x83" if version == V5 else b"")
        assert b'"result":"refused","reason":"no such service"' in await device.read()


TOPICS = {
    "another device's call": ("lifeline/v1/18/call", b"\x87"),
    "its own down": (DOWN, b"\x87"),
    "its own will": ("lifeline/v1/17/will", b"\x87"),
    "no topic of ours": ("zigbee2mqtt/kitchen", b"\x10"),
}


@BOTH
@pytest.mark.parametrize(("topic", "reason"), TOPICS.values(), ids=TOPICS)
async def test_what_is_published_elsewhere_is_kept_and_acknowledged_with_the_reason(
    version: int, topic: str, reason: bytes
) -> None:
    async with open_house() as house:
        device = await house.enter(version)
        device.send(wire.publish(topic, b"x", version=version, packet_id=1))
        assert await device.read() == wire.puback(1, reason if version == V5 else b"")
        (packet,) = house.ledger.packets
        assert (packet.sender, packet.topic) == ("17", topic)


@BOTH
async def test_a_device_that_asks_us_to_retain_speaks_of_now(version: int) -> None:
    async with open_house() as house:
        device = await house.enter(version)
        device.send(press(1, version=version, retain=True))
        assert await device.read() == wire.puback(1)
        assert not house.ledger.packets[0].retained


async def test_a_megabyte_closes_the_line_and_harms_nobody_else() -> None:
    async with open_house() as house:
        quiet = await house.enter(username="18", password=b"")
        device = await house.enter(V5)
        device.send(wire.publish(UP, b"x" * 1_000_000, version=V5, packet_id=1))
        assert (await device.read())[:3:2] == b"\xe0\x95"
        assert await device.read() == b""
        assert await quiet.is_alive()
        assert house.ledger.packets == []


async def test_a_full_lane_pauses_reading_and_no_device_counts_as_silent() -> None:
    async with open_house() as house:
        house.ledger.full = {Lane.VITALS}
        device = await house.enter(keep_alive_s=1, will=("w", b"gone"))
        presser = await house.enter(username="18", password=b"")
        device.send(wire.publish(UP, b'{"id":"1-1"}', packet_id=1))
        assert await device.read() == wire.puback(1)
        await device.read()
        device.send(wire.publish(UP, b'{"id":"1-2"}', packet_id=2))
        await asyncio.sleep(1.8)  # longer than the device may be silent
        assert len(house.ledger.packets) == 1
        assert await presser.is_alive()
        house.ledger.make_room()
        assert await device.read() == wire.puback(2)
        assert [packet.key for packet in house.ledger.packets] == ["1-1", "1-2"]


async def test_too_many_unanswered_messages_pause_reading_until_they_are_answered() -> None:
    limits = Limits(in_flight_pause=2)
    async with open_house(commits_at_once=False, limits=limits) as house:
        device = await house.enter()
        device.send(press(1), press(2))
        await house.ledger.heard(2)
        device.send(press(3))
        await asyncio.sleep(0.1)
        assert len(house.ledger.packets) == 2
        house.ledger.commit(body(1))
        await house.ledger.heard(3)


async def test_a_device_that_does_not_read_is_not_read_either() -> None:
    async with open_house() as house:
        device = await house.enter()
        (session,) = house.sessions()
        session.pause_writing()
        device.send(press(1))
        await asyncio.sleep(0.1)
        assert house.ledger.packets == []
        session.resume_writing()
        await house.ledger.heard(1)


async def test_stopping_acknowledges_what_is_committed_and_then_closes() -> None:
    async with open_house(commits_at_once=False, drain_s=5.0) as house:
        device = await house.enter(V5)
        idle = await house.enter(V5, username="18", password=b"")
        device.send(press(1, version=V5))
        await house.ledger.heard(1)
        stopping = asyncio.create_task(house.endpoint.stop())
        await asyncio.sleep(0.05)
        device.send(press(2, version=V5))
        await asyncio.sleep(0.05)
        with pytest.raises(ConnectionRefusedError):
            await house.knock()
        house.ledger.commit(body(1))
        assert await device.read() == wire.puback(1)
        assert await device.read() == receipt(1, 1, V5)
        assert (await device.read())[:3:2] == b"\xe0\x8b"
        assert (await idle.read())[:3:2] == b"\xe0\x8b"
        await stopping
        assert len(house.ledger.packets) == 1


async def test_stopping_does_not_wait_for_ever_for_a_commit() -> None:
    async with open_house(commits_at_once=False, drain_s=0.05) as house:
        device = await house.enter()
        device.send(press(1))
        await house.ledger.heard(1)
        await house.endpoint.stop()
        assert await device.read() == b""
        house.ledger.commit(body(1))


async def test_a_device_that_never_reads_is_cut_off_when_its_time_is_over() -> None:
    async with open_house(close_s=0.1) as house:
        device = await house.enter()
        (session,) = house.sessions()
        session._wire.write(bytes(32_000_000))  # more than the sockets' buffers hold
        await house.endpoint.stop()
        assert house.sessions() == []
        await device.close()


async def test_a_device_that_takes_over_cuts_off_its_older_self_that_never_reads() -> None:
    async with open_house(close_s=0.1) as house:
        await house.enter()
        (older,) = house.sessions()
        older._wire.write(bytes(32_000_000))
        newer = await house.enter()
        assert await house.endpoint._registry.settle(lambda: older not in house.sessions(), 10)
        assert await newer.is_alive()


async def test_an_endpoint_that_was_never_started_stops() -> None:
    settings = MqttSettings(line=LINE)
    endpoint = MqttEndpoint(settings, Roll(), Ledger(), lambda: datetime.now(UTC))
    assert endpoint.port == 0
    await endpoint.stop()


async def test_stopping_waits_for_no_room_in_a_lane() -> None:
    async with open_house() as house:
        house.ledger.full = {Lane.ALARM}
        device = await house.enter()
        device.send(press(1))
        assert await device.read() == wire.puback(1)
        await house.endpoint.stop()


def test_the_endpoint_does_the_same_on_uvloop() -> None:
    async def story() -> None:
        async with open_house() as house:
            device = await house.enter(V5, keep_alive_s=1, will=("w", b"gone"))
            device.send(press(1, version=V5))
            assert await device.read() == wire.puback(1)
            assert await device.read() == receipt(1, 1, V5)
            assert (await device.read())[:3:2] == b"\xe0\x8d"
            assert (await house.ledger.heard(2))[1].topic == "lifeline/v1/17/will"

    uvloop.run(story())
