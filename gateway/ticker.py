"""The ticker: what is due now, what the inbox holds, who has fallen silent, who is frozen.

Any process may run one; there is no leader: due subjects are taken with SKIP LOCKED, and whatever
one ticker takes the others do not see.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import msgspec
import structlog

from alerts.events import DeviceBack, DeviceLost, Event, Heard
from gateway import casework, metrics, supervision
from gateway.clock import Clock
from gateway.errors import CannotDecide, StoreBusy, StoreUnavailable
from gateway.log import place
from gateway.placing import Desk
from gateway.store import cases
from gateway.store.connect import Connection, Row, Session, rows, run
from gateway.store.save import save

log = structlog.get_logger()

TICK_S = 0.25
LIMIT = 100
FROZEN_AFTER_S = 3
WATCH_EVERY_S = 1.0
RETRY_S = 0.5
BROKEN_AGAIN_S = 30
DECIDING_S = 1.0
"""So long one round computes: the server ends a transaction whose client is silent for 3 s, and
after a long outage a hundred cases with all their timers would take longer, in every attempt."""

Take = Callable[[Session, Desk, datetime, int], Awaitable[int]]
PutOff = Callable[[Session, CannotDecide, Desk, datetime], Awaitable[None]]

_heard_of = msgspec.json.Decoder(Heard).decode
_lost_of = msgspec.json.Decoder(DeviceLost).decode
_back_of = msgspec.json.Decoder(DeviceBack).decode


@dataclass(slots=True)
class _Item:
    heard: list[Heard]
    events: list[Event]


async def take_due(session: Session, desk: Desk, now: datetime, limit: int = LIMIT) -> int:
    """Decide what is due for up to `limit` subjects; give how many there were.

    Raises:
        CannotDecide: one case breaks whatever is done with it; nothing was kept.
    """
    locked: dict[UUID, cases.Subject] = {}
    with blaming(locked):
        async with session.transaction() as connection:
            locked |= await cases.lock_due(connection, now, limit)
            if locked:
                await _decide(connection, locked, {}, desk, now)
    return len(locked)


async def take_inbox(session: Session, desk: Desk, now: datetime, limit: int = LIMIT) -> int:
    """Decide what the vitals lane and the supervision handed over; give how many subjects.

    Raises:
        CannotDecide: as `take_due`.
    """
    locked: dict[UUID, cases.Subject] = {}
    with blaming(locked):
        async with session.transaction() as connection:
            found = await rows(connection, "inbox_subjects", now=now, limit=limit)
            if not found:
                return 0
            locked |= await cases.lock_free(connection, [one.subject_id for one in found])
            items = await rows(connection, "take_inbox", ids=list(locked))
            inputs = _inputs(items)
            await _decide(connection, {key: locked[key] for key in inputs}, inputs, desk, now)
    return len(inputs)


@contextmanager
def blaming(locked: Mapping[UUID, object]) -> Iterator[None]:
    """Name the case when what went wrong can only be its own."""
    try:
        yield
    except (StoreUnavailable, StoreBusy, CannotDecide):
        raise
    except Exception as error:
        if len(locked) == 1:
            raise CannotDecide(next(iter(locked)), type(error).__name__) from error
        raise


def _inputs(items: list[Row]) -> dict[UUID, casework.Inputs]:
    gathered: dict[UUID, _Item] = {}
    for one in sorted(items, key=lambda item: item.id):
        item = gathered.setdefault(one.subject_id, _Item([], []))
        if one.what == "heard":
            item.heard.append(_heard_of(one.body))
        elif one.what == "lost":
            item.events.append(_lost_of(one.body))
        else:
            item.events.append(_back_of(one.body))
    return {
        subject: casework.Inputs(heard=tuple(item.heard), events=tuple(item.events))
        for subject, item in gathered.items()
    }


async def _decide(
    connection: Connection,
    locked: dict[UUID, cases.Subject],
    inputs: dict[UUID, casework.Inputs],
    desk: Desk,
    now: datetime,
) -> None:
    subjects = list(locked.values())
    facts = await cases.read_facts(connection, subjects, now)
    # What the inbox gave up must be decided with it; what is only due may wait for the next round.
    going = subjects if inputs else _while_there_is_time(subjects)
    decided = casework.work(going, facts, inputs, desk.rules, now)
    await save(connection, decided, now, desk.audit_key)


def _while_there_is_time(subjects: Iterable[cases.Subject]) -> Iterator[cases.Subject]:
    """Give cases until DECIDING_S is over, and one at least; the others are due again at once."""
    until_s = time.monotonic() + DECIDING_S
    for subject in subjects:
        yield subject
        if time.monotonic() > until_s:
            return


async def put_off(session: Session, broken: CannotDecide, desk: Desk, now: datetime) -> None:
    """Put off a case that breaks deciding, and put it in front of an operator instead."""
    until = now + timedelta(seconds=BROKEN_AGAIN_S)
    async with session.transaction() as connection:
        await supervision.report_broken_case(connection, broken, desk, now)
        await run(connection, "hold_subject", id=broken.subject_id, until=until)


async def end_frozen(session: Session) -> int:
    """End database sessions of processes that hold locks and no longer move; give how many.

    A process that is stopped in mid-statement keeps its locks past every time-out of the server;
    only ending its session frees them (STACK 6).
    """
    async with session.plain() as connection:
        found = await rows(connection, "frozen_sessions", bound_s=FROZEN_AFTER_S)
    if found:
        metrics.sessions_ended.inc(len(found))
        log.warning("ended database sessions of frozen processes", sessions=len(found))
    return len(found)


@dataclass(frozen=True, slots=True)
class Round:
    """A background duty: what to run, how often, and under which name it is counted."""

    name: str
    run: Callable[[], Awaitable[int]]
    every_s: float


async def repeat(duty: Round) -> None:
    """Run a duty for ever; go on at once while it finds work, and survive every failure."""
    while True:
        try:
            found = await duty.run()
        except (StoreUnavailable, StoreBusy):
            await asyncio.sleep(RETRY_S)
        except Exception as error:  # noqa: BLE001 - a duty that dies would die in silence
            metrics.worker_failures.labels(worker=duty.name).inc()
            log.error("a background duty failed", worker=duty.name, error=place(error))
            await asyncio.sleep(RETRY_S)
        else:
            if found < LIMIT:
                await asyncio.sleep(duty.every_s)


@dataclass(frozen=True, slots=True)
class Hand:
    """Takes rounds of cases; one that breaks is put off, and the others are taken without it."""

    session: Session
    desk: Desk
    clock: Clock
    put_off: PutOff = put_off

    async def take(self, take: Take) -> int:
        """Take one round; give LIMIT when there may be more at once."""
        try:
            return await take(self.session, self.desk, self.clock.now(), LIMIT)
        except CannotDecide as broken:
            await self._tell(broken)
        except (StoreUnavailable, StoreBusy):
            raise
        except Exception as error:  # noqa: BLE001 - one case must not stop the timers of all others
            log.error("a round is taken case by case", error=place(error))
            await self._one_by_one(take)
        return LIMIT

    async def _one_by_one(self, take: Take) -> None:
        for _ in range(LIMIT):
            try:
                if not await take(self.session, self.desk, self.clock.now(), 1):
                    return
            except CannotDecide as broken:
                await self._tell(broken)

    async def _tell(self, broken: CannotDecide) -> None:
        metrics.deciding_failed.inc()
        log.critical("a case cannot be decided; an operator is told", error=str(broken))
        await self.put_off(self.session, broken, self.desk, self.clock.now())


def duties(session: Session, watcher: Session, desk: Desk, clock: Clock) -> list[Round]:
    """Give the ticker's duties; the watcher has a session of its own, since ours may be blocked."""
    hand = Hand(session, desk, clock)

    async def frozen() -> int:
        return await end_frozen(watcher)

    return [
        Round("due", partial(hand.take, take_due), TICK_S),
        Round("inbox", partial(hand.take, take_inbox), TICK_S),
        Round("frozen", frozen, WATCH_EVERY_S),
    ]
