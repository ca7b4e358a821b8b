"""The ticker: what is due now, what the inbox holds, who has fallen silent, who is frozen.

Any process may run one; there is no leader: due subjects are taken with SKIP LOCKED, and whatever
one ticker takes the others do not see.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog

from alerts.events import DeviceBack, DeviceLost, Event, Heard
from gateway import casework, metrics, supervision
from gateway.clock import Clock
from gateway.errors import StoreBusy, StoreUnavailable
from gateway.log import place
from gateway.placing import Desk
from gateway.store import cases, messages
from gateway.store.connect import Connection, Row, Session, rows, run
from gateway.store.save import save

log = structlog.get_logger()

TICK_S = 0.25
LIMIT = 100
FROZEN_AFTER_S = 3
WATCH_EVERY_S = 1.0
RETRY_S = 0.5
BROKEN_AGAIN_S = 30

_heard_of = msgspec.json.Decoder(Heard).decode
_lost_of = msgspec.json.Decoder(DeviceLost).decode
_back_of = msgspec.json.Decoder(DeviceBack).decode


@dataclass(slots=True)
class _Item:
    heard: list[Heard]
    events: list[Event]


async def take_due(session: Session, desk: Desk, now: datetime) -> int:
    """Decide what is due for up to LIMIT subjects; give how many there were."""
    async with session.transaction() as connection:
        locked = await cases.lock_due(connection, now, LIMIT)
        if locked:
            await _decide(connection, locked, {}, desk, now)
    return len(locked)


async def take_inbox(session: Session, desk: Desk, now: datetime) -> int:
    """Decide what the vitals lane and the supervision handed over; give how many subjects."""
    async with session.transaction() as connection:
        found = await rows(connection, "inbox_subjects", now=now, limit=LIMIT)
        if not found:
            return 0
        locked = await cases.lock_free(connection, [one.subject_id for one in found])
        items = await rows(connection, "take_inbox", ids=list(locked))
        inputs = _inputs(items)
        await _decide(connection, {key: locked[key] for key in inputs}, inputs, desk, now)
    return len(inputs)


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
    decided = casework.work(subjects, facts, inputs, desk.rules, now)
    await save(connection, decided, now, desk.audit_key)


async def put_off(
    session: Session, broken: casework.CannotDecide, desk: Desk, now: datetime
) -> None:
    """Put off a case that breaks deciding, and put it in front of an operator instead.

    The fault goes to a case of the gateway's own, so that it can be seen and taken; it rings again
    at every further failure.
    """
    guardian = supervision.line_subject(desk.organisation_id, supervision.GATEWAY_LINE)
    fault = Heard(
        receipt=f"{supervision.GATEWAY_LINE}/{broken.subject_id}/{now.isoformat()}",
        received_at=now,
        sender=str(broken.subject_id),
        line=supervision.GATEWAY_LINE,
        signal=None,
        known=False,
        fault="case_cannot_be_decided",
        detail=str(broken),
        press_shaped=True,
    )
    item = (desk.organisation_id, guardian.id, "heard", cases.encode(fault).decode())
    until = now + timedelta(seconds=BROKEN_AGAIN_S)
    async with session.transaction() as connection:
        await cases.add_subjects(connection, [guardian], now)
        await messages.add_inbox(connection, [item], now)
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


def duties(session: Session, watcher: Session, desk: Desk, clock: Clock) -> list[Round]:
    """Give the ticker's duties; the watcher has a session of its own, since ours may be blocked."""

    async def due() -> int:
        return await _or_put_off(take_due)

    async def inbox() -> int:
        return await _or_put_off(take_inbox)

    async def _or_put_off(take: Callable[[Session, Desk, datetime], Awaitable[int]]) -> int:
        try:
            return await take(session, desk, clock.now())
        except casework.CannotDecide as broken:
            metrics.deciding_failed.inc()
            log.critical("a case cannot be decided; an operator is told", error=str(broken))
            await put_off(session, broken, desk, clock.now())
            return LIMIT

    async def frozen() -> int:
        return await end_frozen(watcher)

    return [
        Round("due", due, TICK_S),
        Round("inbox", inbox, TICK_S),
        Round("frozen", frozen, WATCH_EVERY_S),
    ]
