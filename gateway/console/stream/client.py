"""One browser's stream: a bounded queue of ready-made events.

Contract: a client that reads too slowly holds up nobody and misses nothing: when its queue is full
everything in it is dropped and it is told to begin again, with a snapshot.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import msgspec

from alerts.words import AlarmKind
from gateway.api.auth import READ_PERSONS, Caller
from gateway.roles import ApiRole

MAX_WAITING = 256
TURN = 20
"""So many consoles are told before others have their turn: to write to one takes its time."""
TECHNICAL_ONLY = frozenset({ApiRole.ENGINEER})
NAMES = ("who", "where")
_encode = msgspec.json.Encoder().encode

Item = Mapping[str, Any]


def event(name: str, data: object) -> bytes:
    """Write one server-sent event (HTML Living Standard, 9.2.6); its data is one line of JSON."""
    return b"event: " + name.encode() + b"\ndata: " + _encode(data) + b"\n\n"


@dataclass(slots=True, eq=False)
class Client:
    """A connected browser."""

    caller: Caller
    id: UUID = field(default_factory=uuid4)
    overflows: int = 0
    _waiting: deque[bytes] = field(default_factory=deque)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _again: bool = True
    _ended: bytes | None = None

    @property
    def organisation_id(self) -> UUID:
        """Give whose alarms it sees."""
        return self.caller.organisation_id

    def sees(self, item: Item) -> bool:
        """Say whether its role sees an alarm: engineers the technical ones, the others all."""
        if self.caller.role in TECHNICAL_ONLY:
            return bool(item["kind"] == AlarmKind.TECHNICAL.value)
        return True

    def shows(self, item: Item) -> Item:
        """Give an alarm as its role may read it: whose it is only who answers it must know."""
        if self.caller.role in READ_PERSONS:
            return item
        return {**item, **dict.fromkeys(NAMES, "")}

    def put(self, ready: bytes) -> None:
        """Queue an event; one too many, and the client begins again."""
        if self._again:
            self._news.set()  # the snapshot to come holds it
            return
        if len(self._waiting) >= MAX_WAITING:
            self.begin_again()
            self.overflows += 1
            return
        self._waiting.append(ready)
        self._news.set()

    def begin_again(self) -> None:
        """Drop what waits: a snapshot comes in its place."""
        self._waiting.clear()
        self._again = True
        self._news.set()

    def end(self, last: bytes) -> None:
        """End the stream with this event, whatever waits."""
        self._ended = last
        self._news.set()

    async def next(self) -> tuple[bytes, bool, bool]:
        """Wait for something to send.

        Returns:
            What is ready, whether a snapshot must come now, and whether the stream ends with this.
        """
        while not (self._waiting or self._again or self._ended):
            self._news.clear()
            await self._news.wait()
        if self._ended is not None:
            return self._ended, False, True
        again, self._again = self._again, False
        ready = b"".join(self._waiting)
        self._waiting.clear()
        return ready, again, False


class Cuts:
    """Snapshots' alarms, each written once for all of a role until its board changes."""

    def __init__(self) -> None:
        """Hold none; at most one for each role of each organisation that is watched."""
        self._ready: dict[tuple[UUID, ApiRole], msgspec.Raw] = {}

    def of(self, client: Client, items: Iterable[Item]) -> msgspec.Raw:
        """Give a board's alarms as a client's role may read them."""
        key = (client.organisation_id, client.caller.role)
        if key not in self._ready:
            seen = [client.shows(one) for one in items if client.sees(one)]
            self._ready[key] = msgspec.Raw(_encode(seen))
        return self._ready[key]

    def forget(self, organisation_id: UUID) -> None:
        """Let go of what was written of an organisation: its board has changed."""
        for key in [one for one in self._ready if one[0] == organisation_id]:
            del self._ready[key]


async def in_turns(clients: Sequence[Client]) -> AsyncIterator[Client]:
    """Give each client, and let what waits for this process go first after every TURN of them."""
    for number, client in enumerate(clients, 1):
        yield client
        if number % TURN == 0:
            await asyncio.sleep(0)
