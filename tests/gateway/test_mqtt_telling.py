"""Later messages on `down`: "a person has it" reaches a device that is here, and no other."""

import pytest

from tests.devices import mqtt_wire as wire
from tests.gateway.mqtt_house import DOWN, open_house

NEWS = b'{"receipt":"1-1","result":"a person has it"}'


@pytest.mark.parametrize("version", [wire.V311, wire.V5])
async def test_a_connected_device_is_told(version: int) -> None:
    async with open_house() as house:
        device = await house.enter(version)
        assert house.endpoint.tell("17", NEWS)
        assert await device.read() == wire.publish(DOWN, NEWS, version=version, packet_id=1)


async def test_only_the_one_that_proved_the_name_is_told() -> None:
    async with open_house() as house:
        stranger, _ = await house.knock(username="17", password=b"wrong")
        assert not house.endpoint.tell("17", NEWS)
        assert await stranger.is_alive()


async def test_after_a_take_over_the_newer_one_is_told() -> None:
    async with open_house() as house:
        await house.enter()
        newer = await house.enter()
        assert house.endpoint.tell("17", NEWS)
        assert await newer.read() == wire.publish(DOWN, NEWS, packet_id=1)


async def test_a_device_that_is_gone_cannot_be_told() -> None:
    async with open_house() as house:
        device = await house.enter()
        (session,) = house.sessions()
        device.send(wire.disconnect())
        assert await device.read() == b""
        assert not session.tell(NEWS)
        await house.is_empty()
        assert not house.endpoint.tell("17", NEWS)
