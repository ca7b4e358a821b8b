"""Who is connected, and how each change reaches all of them.

One task reads (feed.py), because a second reader could overtake the first; it wakes at each notice
of a commit, at most 20 times a second, and every 2 s. What it finds is compared with what the
consoles show, and only the difference goes out, made ready once for all of a role. A snapshot is
cut from the same board, so a browser that connects costs no query of its own. Many consoles are
told in turns, so that nobody who waits for this process waits for all of them.

Heartbeats come from the same task: they say that somebody looks, not only that a socket is open.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from gateway.api.auth import Caller
from gateway.console.assets import assets
from gateway.console.desk.items import utc
from gateway.console.stream import counters
from gateway.console.stream.client import Client, Cuts, Item, event, in_turns
from gateway.console.stream.feed import Board, Feed
from gateway.console.stream.presence import Presence, signed_out
from gateway.context import Context
from gateway.log import place
from gateway.roles import ApiRole
from gateway.store.listen import notifications

log = structlog.get_logger()

CHANNEL = "lifeline_alarm"
REREAD_S = 2.0
READ_GAP_S = 0.05
"""The first of many changes is read at once, what follows it together."""
HEARTBEAT_S = 2.0
DIGEST_S = 60.0
FIRST_BOARD_S = 5.0
MAX_CLIENTS = 400
MAX_NOTED = 500
"""So many alarms are read one by one; more at once, and everything is read."""


class Hub:
    """All streams of this process."""

    def __init__(
        self, context: Context, feed: Feed, presence: Presence, blind: Callable[[], bool]
    ) -> None:
        """Prepare; nothing runs before `run`.

        Args:
            blind: Says whether the receiver of the same process is blind.
        """
        self._context = context
        self._feed = feed
        self._presence = presence
        self._clients: set[Client] = set()
        self._boards: dict[UUID, Board] = {}
        self._noted: set[UUID] = set()
        self._wake = asyncio.Event()
        self._read = asyncio.Condition()
        self._silent_since: datetime | None = None
        self._blind = blind
        self._said: dict[UUID, dict[str, Any]] = {}
        self._cuts = Cuts()
        presence.connected = lambda: [one.caller for one in self._clients]

    @property
    def clients(self) -> int:
        """Say how many streams are open."""
        return len(self._clients)

    # -- the browsers' side ------------------------------------------------------------------

    async def open(self, caller: Caller) -> Client | None:
        """Let a browser in, once there is something to show it; None when there are too many.

        Raises:
            StoreError: it could not be written down who watches.
        """
        if len(self._clients) >= MAX_CLIENTS:
            counters.refused.inc()
            return None
        await self._feed.watched(caller.organisation_id, caller.actor, caller.organisation_id)
        client = Client(caller)
        self._clients.add(client)
        counters.clients.set(len(self._clients))
        self._presence.came(caller)
        if caller.organisation_id not in self._boards:
            self._wake.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_BOARD_S), self._read:
                    await self._read.wait_for(lambda: caller.organisation_id in self._boards)
        return client

    def close(self, client: Client) -> None:
        """Let a browser go."""
        self._clients.discard(client)
        counters.clients.set(len(self._clients))
        counters.overflows.inc(client.overflows)
        if all(one.organisation_id != client.organisation_id for one in self._clients):
            self._boards.pop(client.organisation_id, None)
            self._said.pop(client.organisation_id, None)
            self._cuts.forget(client.organisation_id)

    def end_all(self) -> None:
        """End every stream, because the gateway stops: the browsers try again by themselves."""
        for client in self._clients:
            client.end(event("bye", {}))

    def hello(self, client: Client) -> bytes:
        """Give what a stream begins with."""
        return event(
            "hello",
            {
                "release": assets().release,
                "heartbeat_s": HEARTBEAT_S,
                "digest_s": DIGEST_S,
                "you": client.caller.name,
                "role": client.caller.role.value,
                "now": utc(self._context.clock.now()),
            },
        )

    def snapshot(self, client: Client) -> bytes:
        """Give everything that is shown now."""
        board = self._boards.get(client.organisation_id, Board())
        return event(
            "snapshot",
            {
                "alarms": self._cuts.of(client, board.items.values()),
                "duty": board.duty,
                "figures": board.figures,
                "states": self._states(client.organisation_id),
                "as_of": utc(board.read_at),
                "now": utc(self._context.clock.now()),
            },
        )

    async def end_signed_out(self) -> int:
        """End the streams of browsers whose sign-in has ended; without the database none.

        Raises:
            StoreError: it could not be asked.
        """
        for client in await signed_out(self._context, list(self._clients)):
            client.end(event("signed_out", {}))
        return 0

    # -- the database's side -----------------------------------------------------------------

    async def listen(self) -> None:
        """Note which alarms changed; a connection that was lost means: look at everything."""
        async for payload in notifications(self._context.database.dsn, CHANNEL):
            with suppress(ValueError):
                self._noted.add(UUID(payload))
            self._wake.set()

    async def run(self) -> None:
        """Read and tell, for ever."""
        read_at = beat_at = digest_at = looked_at = time.monotonic()
        read_at -= REREAD_S
        while True:
            wait_s = min(read_at + REREAD_S, beat_at + HEARTBEAT_S) - time.monotonic()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(wait_s, 0)):
                    await self._wake.wait()
            await asyncio.sleep(max(0.0, looked_at + READ_GAP_S - time.monotonic()))
            looked_at = time.monotonic()
            self._wake.clear()
            missing = self._watched() - self._boards.keys()
            if missing or time.monotonic() - read_at >= REREAD_S or len(self._noted) > MAX_NOTED:
                self._noted.clear()
                read_at = time.monotonic()
                await self._look(self._all, sorted(self._watched()))
            elif self._noted:
                ids, self._noted = self._noted, set()
                await self._look(partial(self._some, ids=ids), sorted(self._watched()))
            if time.monotonic() - digest_at >= DIGEST_S:
                digest_at = time.monotonic()
                await self._digest()
            if time.monotonic() - beat_at >= HEARTBEAT_S:
                beat_at = time.monotonic()
                await self._beat()

    def _watched(self) -> set[UUID]:
        return {one.organisation_id for one in self._clients}

    async def _look(self, read: Callable[[UUID], Any], organisations: Iterable[UUID]) -> None:
        """Read for each organisation; what fails is shown, and tried again within 2 s."""
        try:
            for one in organisations:
                await read(one)
        except Exception as error:  # noqa: BLE001 - what cannot be shown must end no receiver
            counters.failed_reads.inc()
            if self._silent_since is None:
                self._silent_since = self._context.clock.now()
                log.error("consoles cannot be shown what happens", error=place(error))
        else:
            self._silent_since = None
        for one in self._watched():
            await self._tell_states(one)
        async with self._read:
            self._read.notify_all()

    async def _all(self, organisation_id: UUID) -> None:
        board = await self._feed.all_of(organisation_id)
        if organisation_id not in self._watched():
            return
        before = self._boards.get(organisation_id)
        self._boards[organisation_id] = board
        self._cuts.forget(organisation_id)
        if before is None:
            for client in self._of(organisation_id):
                client.begin_again()
            return
        gone = [UUID(one) for one in before.items.keys() - board.items.keys()]
        changed = [one for key, one in board.items.items() if before.items.get(key) != one]
        await self._tell(organisation_id, changed)
        if gone:
            found = await self._feed.some_of(organisation_id, gone)
            ended = [{**before.items[str(one)], "state": "closed"} for one in gone]
            await self._tell(organisation_id, [found.get(one["id"], one) for one in ended])
        if board.duty != before.duty:
            await self._broadcast(organisation_id, event("duty", board.duty))
        if board.figures != before.figures:
            await self._broadcast(organisation_id, event("figures", board.figures))

    async def _some(self, organisation_id: UUID, ids: Iterable[UUID]) -> None:
        found = await self._feed.some_of(organisation_id, ids)
        board = self._boards.get(organisation_id)
        if board is None:
            return  # the last one who watched has gone meanwhile
        items = board.items
        changed = [one for key, one in found.items() if items.get(key) != one]
        for one in changed:
            if one["state"] == "closed":
                items.pop(one["id"], None)
            else:
                items[one["id"]] = one
        self._cuts.forget(organisation_id)
        await self._tell(organisation_id, changed)

    async def _tell(self, organisation_id: UUID, items: Sequence[Item]) -> None:
        ready: dict[ApiRole, list[bytes]] = {}
        if not items:
            return
        async for client in in_turns(self._of(organisation_id)):
            role = client.caller.role
            if role not in ready:
                seen = [one for one in items if client.sees(one)]
                ready[role] = [event("alarm", client.shows(one)) for one in seen]
            for one in ready[role]:
                client.put(one)

    def _of(self, organisation_id: UUID) -> list[Client]:
        return [one for one in self._clients if one.organisation_id == organisation_id]

    async def _broadcast(self, organisation_id: UUID, ready: bytes) -> None:
        async for client in in_turns(self._of(organisation_id)):
            client.put(ready)

    def _states(self, organisation_id: UUID) -> dict[str, Any]:
        board = self._boards.get(organisation_id)
        receives = not self._blind() and (board is None or board.receives)
        return {
            "receiver": "ok" if receives else "blind",
            "database": "ok" if self._silent_since is None else "silent",
            "silent_since": utc(self._silent_since),
        }

    async def _tell_states(self, organisation_id: UUID) -> None:
        states = self._states(organisation_id)
        if self._said.get(organisation_id) != states:
            self._said[organisation_id] = states
            await self._broadcast(organisation_id, event("states", states))

    async def _digest(self) -> None:
        ready: dict[tuple[UUID, ApiRole], bytes] = {}
        async for client in in_turns(list(self._clients)):
            key = (client.organisation_id, client.caller.role)
            if key not in ready:
                items = self._boards.get(client.organisation_id, Board()).items.values()
                seen = {one["id"]: one["revision"] for one in items if client.sees(one)}
                ready[key] = event("digest", {"alarms": seen})
            client.put(ready[key])

    async def _beat(self) -> None:
        ready = event("beat", {"now": utc(self._context.clock.now())})
        async for client in in_turns(list(self._clients)):
            client.put(ready)
