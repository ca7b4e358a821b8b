"""Two sessions of the gateway that meet, on any database: what each of them came to.

Each case gives a list of plain words; its docstring says what a PostgreSQL does there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from gateway import enrol, intake, ticker
from gateway.errors import StoreError
from gateway.placing import Desk
from gateway.rulebook import read_rules
from gateway.store import cases, messages, outbox
from gateway.store.connect import Connection, Session, Sessions, rows
from gateway.store.messages import Receipt
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import LINE, press, roll

WC, OP = (enrol.person_id(ORGANISATION, name) for name in ("wc", "op"))
WORDS = {WC: "wc", OP: "op"}
WHILE_S = 0.2
WINDOW_S = 900
LEASE_S = 12.0
LATER = MORNING + timedelta(hours=1)


class GivenUp(Exception):  # noqa: N818 - not an error: the way to roll back
    """Leaves a transaction without a commit."""


@dataclass
class Pair:
    """Two sessions over one database, with two people enrolled and a press of one of them."""

    dsn: str
    desk: Desk = field(default_factory=lambda: Desk(read_rules(), ORGANISATION, bytes(32)))

    def __post_init__(self) -> None:
        self.a, self.b = (Session(lambda: self.dsn, f"pair-{name}") for name in "ab")

    async def begin(self) -> None:
        sessions = Sessions(lambda: self.dsn, "pair", 1)
        await enrol.enrol(sessions, roll(), MORNING)
        await sessions.close()
        await intake.take(self.a, [press()], self.desk, MORNING)

    async def close(self) -> None:
        await self.a.close()
        await self.b.close()

    async def while_a(
        self,
        first: Callable[[Connection], Awaitable[object]],
        second: Callable[[Connection], Awaitable[object]],
        *,
        commits: bool = True,
    ) -> tuple[object, object]:
        """Let b begin while a has done its part and not ended; give what both came to."""

        async def other() -> object:
            async with self.b.transaction() as connection:
                return await second(connection)

        with suppress(GivenUp):
            async with self.a.transaction() as connection:
                mine = await first(connection)
                waiting = asyncio.create_task(outcome(other()))
                await asyncio.sleep(WHILE_S)
                assert not waiting.done(), "b had to wait for a"
                if not commits:
                    raise GivenUp
        return mine, await waiting


async def outcome(work: Awaitable[object]) -> object:
    """Give what a piece of work gave, or the name of what it met."""
    try:
        return await work
    except StoreError as error:
        return f"{type(error).__name__}: {type(error.__cause__).__name__}"
    except UnicodeEncodeError as error:
        return type(error).__name__


def receipt(window_s: int = WINDOW_S, digest: bytes = bytes(32), key: str = "9-9") -> Receipt:
    return Receipt(LINE, "17", key, digest, ORGANISATION, window_s)


async def claim(connection: Connection, at: datetime = MORNING) -> list[int]:
    return list((await messages.claim(connection, [receipt()], at)).values())


async def skip_locked(pair: Pair) -> list[object]:
    """What a holds, b does not get; it does not wait for it either."""
    async with pair.a.transaction() as mine, pair.b.transaction() as theirs:
        await cases.lock_one(mine, WC)
        free = await cases.lock_free(theirs, [WC, OP])
        due = await cases.lock_due(theirs, LATER, 10)
        return [[WORDS[one] for one in free], [WORDS[one] for one in due]]


async def repeat_waits(pair: Pair) -> list[object]:
    """A repeat that comes while the first is being stored waits, and is then told a repeat."""
    return list(await pair.while_a(claim, claim))


async def repeat_of_nothing(pair: Pair) -> list[object]:
    """If the first one rolls back, the second one is the first."""
    return list(await pair.while_a(claim, claim, commits=False))


async def windows(pair: Pair) -> list[object]:
    """At the window's very end it is a repeat still; a moment later a new generation."""
    end = MORNING + timedelta(seconds=WINDOW_S)
    found: list[object] = []
    for at in (MORNING, end, end + timedelta(microseconds=1)):
        async with pair.a.transaction() as connection:
            found.append(await claim(connection, at))
    return found


async def lock_times_out(pair: Pair) -> list[object]:
    """Who waits for a case for longer than a second is told that it is busy."""
    async with pair.a.transaction() as mine:
        await cases.lock_one(mine, WC)

        async def other() -> object:
            async with pair.b.transaction() as theirs:
                return await cases.lock_one(theirs, WC)

        return [await outcome(other())]


async def ring(pair: Pair) -> list[object]:
    """Two who wait for each other do not both get their way; afterwards both cases are free."""

    async def one(session: Session, first: UUID, second: UUID) -> object:
        async with session.transaction() as connection:
            await cases.lock_one(connection, first)
            await asyncio.sleep(WHILE_S)
            await cases.lock_one(connection, second)
            return "both"

    ends = await asyncio.gather(outcome(one(pair.a, WC, OP)), outcome(one(pair.b, OP, WC)))
    async with pair.a.transaction() as connection:
        free = await cases.lock_free(connection, [WC, OP])
    return [any(str(end).startswith("StoreBusy") for end in ends), len(free)]


async def lease(pair: Pair) -> list[object]:
    """A lease keeps others out; who lost it can end nothing any more."""
    over = MORNING + timedelta(seconds=LEASE_S)
    claims = []
    for session, at in ((pair.a, MORNING), (pair.b, MORNING), (pair.b, over)):
        async with session.transaction() as connection:
            claims.append(await outbox.claim(connection, at, lease_s=LEASE_S, limit=16))
    first, again = ({one.stream: one for one in claims[which]} for which in (0, 2))
    stream = min(first)
    async with pair.a.transaction() as connection:
        late = await outbox.end(connection, first[stream], "sent", over)
        good = await outbox.end(connection, again[stream], "sent", over)
        twice = await outbox.end(connection, again[stream], "sent", over)
    return [len(claims[1]), len(first) == len(again), again[stream].attempt, late, good, twice]


async def end_looks_again(pair: Pair) -> list[object]:
    """Who waited for a message's row looks at it again: it may be another's by now."""
    async with pair.a.transaction() as connection:
        (message, *_) = await outbox.claim(connection, MORNING, lease_s=LEASE_S, limit=16)

    async def take_over(connection: Connection) -> object:
        claimed = await outbox.claim(connection, LATER, lease_s=LEASE_S, limit=16)
        return any(one.stream == message.stream for one in claimed)

    async def end(connection: Connection) -> object:
        return await outbox.end(connection, message, "sent", LATER)

    return list(await pair.while_a(take_over, end))


async def sees_what_is_committed(pair: Pair) -> list[object]:
    """Within one transaction each statement sees what was committed before it, and no more."""

    async def seen(connection: Connection) -> object:
        found = await messages.verdicts(connection, [receipt()])
        return list(found.values())

    found: list[object] = []
    async with pair.b.transaction() as theirs:
        async with pair.a.transaction() as mine:
            await claim(mine)
            await messages.save_verdicts(mine, [(receipt(), {"result": "stored"})])
            found += [await seen(theirs), len(await messages.verdicts(mine, [receipt()]))]
        found.append(len(await messages.verdicts(theirs, [receipt()])))
    return found


async def silent_client(pair: Pair) -> list[object]:
    """Who is silent in a transaction for three seconds loses it, and its locks go free."""

    async def silent() -> object:
        async with pair.a.transaction() as mine:
            await cases.lock_one(mine, WC)
            await asyncio.sleep(3.3)
            async with pair.b.transaction() as theirs:
                free.append(len(await cases.lock_free(theirs, [WC])))
            return await cases.lock_one(mine, WC)

    free: list[object] = []
    return [await outcome(silent()), *free]


async def frozen_client(pair: Pair) -> list[object]:
    """The watcher ends who holds a transaction and says nothing, and nobody else."""

    async def frozen() -> object:
        async with pair.a.transaction() as mine:
            await cases.lock_one(mine, WC)
            await asyncio.sleep(1.3)
            async with pair.b.plain() as watcher:
                ended.append(len(await rows(watcher, "frozen_sessions", bound_s=1)))
                await asyncio.sleep(0.7)  # a real one that was told to end needs a moment
                ended.append(len(await rows(watcher, "frozen_sessions", bound_s=1)))
            return await cases.lock_one(mine, WC)

    ended: list[object] = []
    return [await outcome(frozen()), *ended, await ticker.end_frozen(pair.b)]
