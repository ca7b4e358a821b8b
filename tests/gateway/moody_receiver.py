"""A receiver on loopback with moods, for the simulated devices: the real protocol, told what to do.

It speaks MQTT through devices/links/mqtt_connection.py, keeps what it heard, and answers as its
moods say; the gateway's own endpoint has no mood to forget a receipt.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest

from devices.catalogue.native import decode
from devices.links.mqtt_connection import Connection
from devices.links.mqtt_events import (
    AcceptConnect,
    Acknowledge,
    Command,
    ConnectRequested,
    Deliver,
    Event,
    Limits,
    ProtocolError,
    RefuseConnect,
    Reply,
)
from devices.links.mqtt_packets import Published
from devices.links.mqtt_reasons import Reason
from devices.links.native import unwrap
from devices.model import Signal
from firmware_stubs.words import Address


class Mood(Enum):
    """How a receiver answers one message."""

    STORE = "store"
    REFUSE = "refuse"
    PUBACK_ONLY = "puback_only"
    SAY_NOTHING = "say_nothing"
    HANG_UP = "hang_up"
    BABBLE = "babble"


@dataclass
class Heard:
    """One message as it came."""

    topic: str
    message: dict[str, Any]
    mood: Mood

    @property
    def channel(self) -> str:
        return self.topic.rpartition("/")[2]


@dataclass
class Receiver:
    """What a receiver heard, and its moods: one for each message, the last one stays."""

    moods: Iterable[Mood] = (Mood.STORE,)
    lets_in: bool = True
    address: Address = field(default_factory=lambda: Address("127.0.0.1", 0))
    heard: list[Heard] = field(default_factory=list)
    connects: list[ConnectRequested] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _now: Mood = Mood.STORE
    _moods: Iterator[Mood] = field(default_factory=lambda: iter(()))

    def __post_init__(self) -> None:
        self._moods = iter(self.moods)

    @property
    def ids(self) -> list[str]:
        return [heard.message["id"] for heard in self.heard]

    async def hears(self, count: int) -> list[Heard]:
        """Wait until so many messages came."""
        async with self.news:
            await self.news.wait_for(lambda: len(self.heard) >= count)
        return self.heard[:count]

    async def is_asked(self, count: int) -> None:
        """Wait until so many CONNECTs came."""
        async with self.news:
            await self.news.wait_for(lambda: len(self.connects) >= count)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(Limits(), datetime.now(UTC))
        try:
            while octets := await reader.read(65_536):
                for event in connection.receive(octets, datetime.now(UTC)):
                    for answer in self._answers(event):
                        writer.write(connection.send(answer, datetime.now(UTC), bytes(8)))
                    if isinstance(event, Reply | ProtocolError):
                        writer.write(event.octets)
                for event in connection.receive(b"", datetime.now(UTC)):
                    for answer in self._answers(event):
                        writer.write(connection.send(answer, datetime.now(UTC)))
                async with self.news:
                    self.news.notify_all()
                if self._now is Mood.HANG_UP or not self.lets_in:
                    break
        except ConnectionError:
            pass
        finally:
            self._now = Mood.STORE
            writer.close()

    def _answers(self, event: Event) -> list[Command]:
        match event:
            case ConnectRequested():
                self.connects.append(event)
                down = f"lifeline/v1/{event.client_id}/down"
                refusal = RefuseConnect(Reason.SERVER_UNAVAILABLE)
                return [AcceptConnect(down) if self.lets_in else refusal]
            case Published():
                return self._answer(event)
            case _:
                return []

    def _answer(self, published: Published) -> list[Command]:
        self._now = next(self._moods, self._now)
        message = json.loads(published.payload)
        self.heard.append(Heard(published.topic, message, self._now))
        puback: list[Command] = [Acknowledge(published.packet_id or 0)]
        receipt = {"receipt": message["id"], "result": "stored"}
        match self._now:
            case Mood.STORE:
                return [*puback, _down(receipt)]
            case Mood.REFUSE:
                return [*puback, _down({**receipt, "result": "refused", "reason": "full"})]
            case Mood.PUBACK_ONLY:
                return puback
            case Mood.BABBLE:
                strange = [Deliver(octets) for octets in (b"\xff", b"[1]", b'{"receipt": "9-9"}')]
                late = _down({**receipt, "result": "a person has it"})
                return [*strange, late, *puback, _down(receipt)]
            case _:
                return []


def _down(message: dict[str, str]) -> Deliver:
    return Deliver(json.dumps(message).encode())


@asynccontextmanager
async def listening(receiver: Receiver) -> AsyncIterator[Receiver]:
    """Let a receiver listen on a free port of this machine."""
    server = await asyncio.start_server(receiver.talk, "127.0.0.1", 0)
    receiver.address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
    async with server:
        yield receiver


@pytest.fixture
async def receivers() -> AsyncIterator[list[Receiver]]:
    """Two receivers that store what they get, unless a test gives them other moods."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(listening(Receiver())) for _ in range(2)]


def signals(heard: Heard) -> tuple[Signal, ...]:
    """Read what a device sent with the gateway's own decoder; nothing in it may be wrong."""
    packet = unwrap(
        heard.topic,
        json.dumps(heard.message).encode(),
        line="test",
        sender="17",
        received_at=datetime.now(UTC),
        authenticated=True,
        retained=False,
        peer=None,
    )
    decoded = decode(packet)
    assert decoded.errors == ()
    return decoded.signals
