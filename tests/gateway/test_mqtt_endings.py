"""How lines end: wills, silence, deadlines."""

import asyncio

import pytest

from devices.links.mqtt_events import Limits
from devices.links.mqtt_reasons import Reason
from tests.devices import mqtt_wire as wire
from tests.gateway.mqtt_house import DOWN, Device, body, open_house, press, receipt

V311, V5 = wire.V311, wire.V5
BOTH = pytest.mark.parametrize("version", [V311, V5])


@BOTH
async def test_a_lost_device_speaks_its_will_once(version: int) -> None:
    async with open_house() as house:
        device = await house.enter(version, will=("anywhere", b"gone"))
        device.writer.transport.abort()
        (packet,) = await house.ledger.heard(1)
        assert (packet.topic, packet.body) == ("lifeline/v1/17/will", b"gone")
        assert packet.authenticated
        await house.is_empty()
        assert len(house.ledger.packets) == 1


async def test_a_device_that_says_goodbye_speaks_no_will() -> None:
    async with open_house() as house:
        device = await house.enter(will=("w", b"gone"))
        device.send(wire.disconnect())
        assert await device.read() == b""
        assert house.ledger.packets == []


async def test_a_device_whose_protocol_breaks_speaks_its_will() -> None:
    async with open_house() as house:
        device = await house.enter(V5, will=("w", b"gone"))
        device.send(b"\x00\x00")
        assert (await device.read())[:3:2] == b"\xe0\x82"
        assert (await house.ledger.heard(1))[0].body == b"gone"


@BOTH
async def test_a_silent_device_is_lost_and_its_will_speaks(version: int) -> None:
    async with open_house() as house:
        device = await house.enter(version, keep_alive_s=1, will=("w", b"gone"))
        if version == V5:
            assert (await device.read())[:3:2] == b"\xe0\x8d"
        assert await device.read() == b""
        assert (await house.ledger.heard(1))[0].body == b"gone"


async def test_a_device_that_pings_is_not_silent() -> None:
    async with open_house() as house:
        device = await house.enter(keep_alive_s=1)
        for _ in range(5):
            await asyncio.sleep(0.5)
            assert await device.is_alive()


async def test_a_connection_that_says_nothing_is_closed_at_its_deadline() -> None:
    async with open_house(limits=Limits(connect_deadline_s=1)) as house:
        device = Device(*await asyncio.open_connection("127.0.0.1", house.port))
        assert await device.read() == b""


async def test_a_device_may_subscribe_to_its_receipts() -> None:
    async with open_house() as house:
        device = await house.enter()
        device.send(wire.subscribe(9, (DOWN, 0), ("#", 0)))
        assert await device.read() == b"\x90\x04\x00\x09\x00\x80"
        device.send(press(1))
        assert await device.read() == wire.puback(1)
        assert await device.read() == wire.publish(DOWN, receipt(1, 1)[25:])
        assert body(1) == house.ledger.packets[0].body


async def test_what_was_committed_just_before_we_close_is_still_acknowledged() -> None:
    async with open_house(commits_at_once=False) as house:
        device = await house.enter()
        device.send(press(1))
        await house.ledger.heard(1)
        (session,) = house.sessions()
        house.ledger.commit(body(1))
        session.end(Reason.SERVER_BUSY, "in the same turn of the loop")
        assert await device.read() == wire.puback(1)
        assert await device.read() == receipt(1, 1)
        assert await device.read() == b""
