"""The simulated devices at the gateway's own device endpoint, over loopback and TLS.

What is behind the endpoint is a shelf that fulfils its two ports; the lanes and the database have
their own tests.
"""

import asyncio
import hashlib
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
import pytest
import trustme

from devices.catalogue.native import decode
from devices.model import Activation, Flag, Lane, Packet, Status, StatusKind, StatusState
from firmware_stubs.native import NativeDevice
from firmware_stubs.words import Address, Timing
from gateway.arrivals import Verdict
from gateway.listeners import tls
from gateway.listeners.mqtt_endpoint import MqttEndpoint
from gateway.listeners.mqtt_shared import MqttSettings
from gateway.listeners.ports import Done, Identity

PRESS_AND_STAY = """
import asyncio, sys
from firmware_stubs.native import NativeDevice
from firmware_stubs.words import Address

async def main():
    address = Address("localhost", int(sys.argv[1]))
    async with NativeDevice([address], "17", "secret", 1) as pendant:
        await pendant.press()
        await asyncio.Event().wait()

asyncio.run(main())
"""
QUICK = Timing(repeat_s=0.5, pause_first_s=0.01, pause_max_s=0.05, connect_s=2)


@dataclass
class Shelf:
    """Keeps messages, answers "stored" on the next turn of the loop, can go blind."""

    packets: list[Packet] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    blind: bool = False
    listeners: list[Callable[[bool], None]] = field(default_factory=list)

    def on_blind(self, listener: Callable[[bool], None]) -> None:
        self.listeners.append(listener)

    def go_blind(self) -> None:
        self.blind = True
        for listener in self.listeners:
            listener(True)

    def offer(self, packet: Packet, done: Done) -> Lane:
        asyncio.get_running_loop().create_task(self._store(packet, done))
        return Lane.ALARM

    async def _store(self, packet: Packet, done: Done) -> None:
        async with self.news:
            if self.blind:
                return
            self.packets.append(packet)
            self.news.notify_all()
        done(Verdict("stored", packet.key or None))

    async def holds(self, count: int) -> list[Packet]:
        async with self.news:
            await self.news.wait_for(lambda: len(self.packets) >= count)
        return self.packets

    def has_room(self, lane: Lane) -> bool:
        return lane in Lane

    async def wait_for_room(self, lane: Lane) -> None:
        assert self.has_room(lane)


@dataclass
class Door:
    """Knows one secret, and certificates by their fingerprint."""

    certificates: set[str] = field(default_factory=set)

    async def identify(
        self, line: str, name: str, password: bytes | None, certificate_sha256: str | None
    ) -> Identity:
        assert line == "test"
        is_known = password == b"secret" or certificate_sha256 in self.certificates
        return Identity(name, is_known)


@dataclass
class Site:
    """An endpoint with what is behind it."""

    shelf: Shelf
    endpoint: MqttEndpoint

    @property
    def address(self) -> Address:
        return Address("localhost", self.endpoint.port)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def site(
    stack: AsyncExitStack, door: Door | None = None, context: ssl.SSLContext | None = None
) -> Site:
    shelf = Shelf()
    endpoint = MqttEndpoint(
        MqttSettings("test", tls=context), door or Door(), shelf, lambda: datetime.now(UTC)
    )
    await endpoint.start()
    stack.push_async_callback(endpoint.stop)
    return Site(shelf, endpoint)


@pytest.mark.parametrize("protocol", [aiomqtt.ProtocolVersion.V311, aiomqtt.ProtocolVersion.V5])
async def test_a_press_is_stored_once_and_receipted(
    stack: AsyncExitStack, protocol: aiomqtt.ProtocolVersion
) -> None:
    here = await site(stack)
    async with NativeDevice(
        [here.address], "17", "secret", 1, timing=QUICK, protocol=protocol
    ) as pendant:
        receipt = await pendant.press()
    assert (receipt.id, receipt.result, receipt.sends) == ("1-0001", "stored", 1)
    (packet,) = here.shelf.packets
    (call,) = decode(packet).signals
    assert isinstance(call, Activation)
    assert (call.device, call.key, call.flags) == ("17", "1-0001", frozenset())


async def test_a_wrong_secret_is_heard_as_a_stranger(stack: AsyncExitStack) -> None:
    here = await site(stack)
    async with NativeDevice([here.address], "17", "guess", 1, timing=QUICK) as pendant:
        assert (await pendant.press()).result == "stored"
    (call,) = decode(here.shelf.packets[0]).signals
    assert call.flags == {Flag.UNAUTHENTICATED}


async def test_a_device_that_dies_leaves_its_will(stack: AsyncExitStack) -> None:
    here = await site(stack)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PRESS_AND_STAY, str(here.address.port)
    )
    await here.shelf.holds(1)
    process.kill()
    await process.wait()
    _, will = await here.shelf.holds(2)
    (lost,) = decode(will).signals
    assert isinstance(lost, Status)
    assert (lost.device, lost.what, lost.state) == ("17", StatusKind.LINK, StatusState.LOST)


async def test_a_device_that_says_good_bye_leaves_no_will(stack: AsyncExitStack) -> None:
    here = await site(stack)
    async with NativeDevice([here.address], "17", "secret", 1, timing=QUICK) as pendant:
        await pendant.press()
    async with NativeDevice([here.address], "18", "secret", 1, timing=QUICK) as other:
        await other.press()
    assert [packet.sender for packet in here.shelf.packets] == ["17", "18"]


async def test_a_blind_receiver_is_left_for_one_that_sees(stack: AsyncExitStack) -> None:
    first, second = await site(stack), await site(stack)
    addresses = [first.address, second.address]
    async with NativeDevice(addresses, "17", "secret", 1, timing=QUICK) as pendant:
        await pendant.press()
        first.shelf.go_blind()
        assert (await pendant.press()).result == "stored"
    assert [packet.key for packet in first.shelf.packets] == ["1-0001"]
    assert [packet.key for packet in second.shelf.packets] == ["1-0002"]


async def test_a_receiver_that_sees_again_gets_the_press_it_missed(stack: AsyncExitStack) -> None:
    here = await site(stack)
    async with NativeDevice([here.address], "17", "secret", 1, timing=QUICK) as pendant:
        await pendant.press()
        here.shelf.go_blind()
        pressing = asyncio.create_task(pendant.press())
        await asyncio.sleep(0)
        here.shelf.blind = False
        assert (await pressing).id == "1-0002"
    assert [packet.key for packet in here.shelf.packets] == ["1-0001", "1-0002"]


async def test_a_certificate_speaks_for_a_device_without_a_secret(
    stack: AsyncExitStack, tmp_path: Path
) -> None:
    authority = trustme.CA()
    own, gateways = authority.issue_cert(common_name="17"), authority.issue_cert("localhost")
    certificate, key, trusted = (tmp_path / name for name in ("cert.pem", "key.pem", "ca.pem"))
    certificate.write_bytes(b"".join(pem.bytes() for pem in gateways.cert_chain_pems))
    key.write_bytes(gateways.private_key_pem.bytes())
    authority.cert_pem.write_to_path(trusted)
    fingerprint = hashlib.sha256(
        ssl.PEM_cert_to_DER_cert(own.cert_chain_pems[0].bytes().decode())
    ).hexdigest()
    context = tls.server_context(certificate, key, trusted)
    here = await site(stack, Door({fingerprint}), context)
    mine = ssl.create_default_context(cafile=str(trusted))
    own.configure_cert(mine)
    async with NativeDevice([here.address], "17", None, 1, mine, timing=QUICK) as pendant:
        assert (await pendant.press()).result == "stored"
    assert here.shelf.packets[0].authenticated
