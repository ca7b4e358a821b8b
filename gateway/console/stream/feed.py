"""What the consoles show, read from the database: one alarm per notice, all of them every 2 s.

Contract: consoles follow no log (DESIGN 7). A notice carries an alarm's id and only says when to
look; whatever is missed meanwhile is found by the next look at everything. One feed reads for all
consoles of a process (single flight), and one after the other, so that what is read later is newer.

The queue shows names. The first time an alarm is read for consoles, an audit row about it is
written in the same transaction: no row, no item.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.access.organisation import acting_for
from gateway.audit.rows import Act, add
from gateway.console.desk import reading
from gateway.context import Context
from gateway.errors import StoreError
from gateway.store.connect import Connection, Session, Sessions, row

SHOWN = "queue_shown"
WATCHED = "queue_watched"
ACTOR = "console"
MAX_REMEMBERED = 10_000
RECEPTION_S = 15.0
"""No word of any reception for so long: the receiver is blind, or does not run."""

Items = dict[str, dict[str, Any]]


@dataclass(slots=True)
class Board:
    """What one organisation's consoles show now."""

    items: Items = field(default_factory=dict)
    duty: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    receives: bool = True
    read_at: datetime | None = None


@dataclass(slots=True, eq=False)
class _Came:
    """Somebody who begins to watch."""

    actor: str
    about: UUID
    is_tried: bool = False
    failed: StoreError | None = None


class Feed:
    """Reads boards."""

    def __init__(self, context: Context, sessions: Sessions, plain: Session) -> None:
        """Read through connections of our own: no request waits for them.

        Args:
            sessions: See one organisation at a time.
            plain: Sees what belongs to none: whether calls are received.
        """
        self._context = context
        self._sessions = sessions
        self._plain = plain
        self._shown: dict[UUID, None] = {}
        self._came: dict[UUID, list[_Came]] = {}
        self._noting = asyncio.Lock()

    async def all_of(self, organisation_id: UUID) -> Board:
        """Read everything that is open.

        Raises:
            StoreError: nothing could be read.
        """
        now = self._context.clock.now()
        async with self._mine(organisation_id) as connection:
            items = await reading.queue_items(connection, organisation_id)
            duty = await reading.on_duty(connection, organisation_id, now)
            figures = await reading.kpi(connection, organisation_id, now)
            fresh = await self._write_down(connection, organisation_id, items)
        self._remember(fresh)
        async with self._plain.transaction() as connection:
            heard = await row(connection, "console_reception")
        alive_at = heard.alive_at if heard is not None else None
        receives = alive_at is not None and (now - alive_at).total_seconds() < RECEPTION_S
        return Board(
            {one["id"]: one for one in items}, duty, figures, receives=receives, read_at=now
        )

    async def some_of(self, organisation_id: UUID, ids: Iterable[UUID]) -> Items:
        """Read these alarms, whatever became of them; those of others are left out.

        Raises:
            StoreError: nothing could be read.
        """
        async with self._mine(organisation_id) as connection:
            items = await reading.queue_items(connection, organisation_id, ids=list(ids))
            fresh = await self._write_down(connection, organisation_id, items)
        self._remember(fresh)
        return {one["id"]: one for one in items}

    async def watched(self, organisation_id: UUID, actor: str, about: UUID) -> None:
        """Write down who begins to watch the queue: from here on they see what is shown.

        After a restart all consoles come back at once: while one transaction is under way the next
        ones collect, and are written by the first of them.

        Raises:
            StoreError: nothing was kept.
        """
        mine = _Came(actor, about)
        waiting = self._came.setdefault(organisation_id, [])
        waiting.append(mine)
        try:
            async with self._noting:
                if not mine.is_tried:  # by somebody who waited in front of us
                    await self._write_down_who(organisation_id, waiting)
        finally:
            if mine in waiting:
                waiting.remove(mine)
        if mine.failed is not None:
            raise mine.failed

    async def _write_down_who(self, organisation_id: UUID, waiting: Sequence[_Came]) -> None:
        batch, failed = list(waiting), None
        acts = [(one.actor, WATCHED, one.about) for one in batch]
        try:
            async with self._mine(organisation_id) as connection:
                await self._audit(connection, organisation_id, acts)
        except StoreError as error:
            failed = error
        for one in batch:
            one.is_tried, one.failed = True, failed

    @asynccontextmanager
    async def _mine(self, organisation_id: UUID) -> AsyncIterator[Connection]:
        with acting_for(organisation_id):
            async with self._sessions.transaction() as connection:
                yield connection

    async def _write_down(
        self,
        connection: Connection,
        organisation_id: UUID,
        items: Sequence[Mapping[str, Any]],
    ) -> Sequence[UUID]:
        fresh = [UUID(one["id"]) for one in items if UUID(one["id"]) not in self._shown]
        if fresh:
            await self._audit(connection, organisation_id, [(ACTOR, SHOWN, one) for one in fresh])
        return fresh

    def _remember(self, fresh: Sequence[UUID]) -> None:
        """Note what was written down, once that is committed."""
        for one in fresh:
            self._shown[one] = None
        while len(self._shown) > MAX_REMEMBERED:
            self._shown.pop(next(iter(self._shown)))

    async def _audit(
        self, connection: Connection, organisation_id: UUID, acts: Sequence[tuple[str, str, UUID]]
    ) -> None:
        now, key = self._context.clock.now(), self._context.desk.audit_key
        kept = [Act(organisation_id, now, actor, act, about) for actor, act, about in acts]
        await add(connection, key, *kept)
