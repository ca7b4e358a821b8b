"""A device endpoint with small, honest ports behind it, and a device made of bare bytes.

The Ledger is an intake whose commits the test orders; the Roll knows devices by secret or by
certificate. Both keep the ports' promises and nothing more.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from devices.links import native
from devices.links.mqtt_events import Limits
from devices.model import Lane, Packet
from gateway.arrivals import Verdict
from gateway.listeners.mqtt_endpoint import MqttEndpoint
from gateway.listeners.mqtt_session import Session
from gateway.listeners.mqtt_shared import MqttSettings
from gateway.listeners.ports import Done, Gatekeeper, Identity
from tests.devices import mqtt_wire as wire

LINE = "mqtt-test"
SECRET = b"secret-of-17"
CALL = "lifeline/v1/17/call"
UP = "lifeline/v1/17/up"
DOWN = "lifeline/v1/17/down"
WAIT_S = 10.0


class Ledger:
    """An intake: keeps what is offered until the test, or the next turn of the loop, commits it."""

    def __init__(self, *, commits_at_once: bool = True) -> None:
        self.commits_at_once = commits_at_once
        self.packets: list[Packet] = []
        self.waiting: list[tuple[Packet, Done]] = []
        self.blind = False
        self.full: set[Lane] = set()
        self.refuses: str | None = None
        self._room = asyncio.Event()
        self._news = asyncio.Event()
        self._listeners: list[Callable[[bool], None]] = []

    def on_blind(self, listener: Callable[[bool], None]) -> None:
        self._listeners.append(listener)

    def turn_blind(self, *, blind: bool) -> None:
        self.blind = blind
        for listener in self._listeners:
            listener(blind)

    def offer(self, packet: Packet, done: Done) -> Lane:
        self.packets.append(packet)
        self._news.set()
        if self.commits_at_once:
            asyncio.get_running_loop().call_soon(self._answer, packet, done)
        else:
            self.waiting.append((packet, done))
        return Lane.ALARM if native.looks_like_call(packet) else Lane.VITALS

    def _answer(self, packet: Packet, done: Done) -> None:
        key = packet.key or None
        if self.refuses is None:
            done(Verdict("stored", key))
        else:
            done(Verdict("refused", key, self.refuses))

    def commit(self, *bodies: bytes) -> None:
        """Commit the waiting messages with these bodies, in this order."""
        for body in bodies:
            found = next(one for one in self.waiting if one[0].body == body)
            self.waiting.remove(found)
            self._answer(*found)

    def has_room(self, lane: Lane) -> bool:
        return lane not in self.full

    async def wait_for_room(self, lane: Lane) -> None:
        while lane in self.full:
            self._room.clear()
            await self._room.wait()

    def make_room(self) -> None:
        self.full.clear()
        self._room.set()

    async def heard(self, count: int) -> list[Packet]:
        """Wait until so many messages were offered."""
        async with asyncio.timeout(WAIT_S):
            while len(self.packets) < count:
                self._news.clear()
                await self._news.wait()
        return self.packets


@dataclass
class Roll:
    """A gatekeeper: enrolled names with their secret or certificate."""

    secrets: dict[str, bytes] = field(default_factory=lambda: {"17": SECRET})
    certificates: dict[str, str] = field(default_factory=dict)
    fails_with: Exception | None = None
    hangs: bool = False
    asked: list[str] = field(default_factory=list)
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def identify(
        self, line: str, name: str, password: bytes | None, certificate_sha256: str | None
    ) -> Identity:
        assert line == LINE
        self.asked.append(name)
        self.is_asked.set()
        if self.fails_with is not None:
            raise self.fails_with
        if self.hangs:
            await self.goes_on.wait()
        stored = hashlib.sha256(self.secrets[name]).digest() if name in self.secrets else None
        by_password = password is not None and hashlib.sha256(password).digest() == stored
        by_certificate = (
            certificate_sha256 is not None and self.certificates.get(name) == certificate_sha256
        )
        return Identity(name, by_password or by_certificate)


class Device:
    """A device that sends the bytes it is told and reads packet by packet."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    def send(self, *packets: bytes) -> None:
        self.writer.write(b"".join(packets))

    async def read(self) -> bytes:
        """Give the next packet whole; b"" when the other side has closed."""
        async with asyncio.timeout(WAIT_S):
            try:
                head = await self._reader.readexactly(2)
                if head[1] & 0x80:
                    head += await self._reader.readexactly(1)
                length = head[1] & 0x7F | (head[2] << 7 if len(head) > 2 else 0)
                return head + await self._reader.readexactly(length)
            except (asyncio.IncompleteReadError, ConnectionError):
                return b""

    async def is_alive(self) -> bool:
        """Say whether a ping is answered next."""
        self.send(wire.PINGREQ)
        return await self.read() == b"\xd0\x00"

    async def close(self) -> None:
        self.writer.close()


@dataclass
class House:
    endpoint: MqttEndpoint
    ledger: Ledger
    roll: Roll

    @property
    def port(self) -> int:
        return self.endpoint.port

    def sessions(self) -> list[Session]:
        return self.endpoint._registry.everyone()

    async def is_empty(self) -> None:
        """Wait until nobody is connected."""
        assert await self.endpoint._registry.settle(lambda: not self.sessions(), WAIT_S)

    async def knock(self, version: int = wire.V311, **asked: Any) -> tuple[Device, bytes]:
        """Connect and give the answer to CONNECT."""
        device = Device(*await asyncio.open_connection("127.0.0.1", self.port))
        device.send(wire.connect(version, **asked))
        return device, await device.read()

    async def enter(self, version: int = wire.V311, **asked: Any) -> Device:
        """Connect as the enrolled device 17 (or as asked) and be let in."""
        asked = {"username": "17", "password": SECRET} | asked
        device, answer = await self.knock(version, **asked)
        assert answer[0] == 0x20, answer
        assert answer[3] == 0, answer
        return device


@asynccontextmanager
async def open_house(
    *,
    limits: Limits | None = None,
    commits_at_once: bool = True,
    gatekeeper: Gatekeeper | None = None,
    **settings: Any,
) -> AsyncIterator[House]:
    ledger = Ledger(commits_at_once=commits_at_once)
    roll = Roll()
    chosen = replace(MqttSettings(line=LINE, drain_s=0.2, close_s=2.0), **settings)
    chosen = replace(chosen, limits=limits or Limits())
    endpoint = MqttEndpoint(chosen, gatekeeper or roll, ledger, lambda: datetime.now(UTC))
    await endpoint.start()
    try:
        yield House(endpoint, ledger, roll)
    finally:
        await endpoint.stop()


def press(number: int, packet_id: int | None = None, **marks: Any) -> bytes:
    """A press of the pendant, numbered."""
    return wire.publish(
        marks.pop("topic", CALL), body(number), packet_id=packet_id or number, **marks
    )


def body(number: int) -> bytes:
    return b'{"id":"1-%d","activation":"pendant"}' % number


def receipt(number: int, packet_id: int, version: int = wire.V311) -> bytes:
    text = b'{"receipt":"1-%d","result":"stored"}' % number
    return wire.publish(DOWN, text, version=version, packet_id=packet_id)
