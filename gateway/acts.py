"""What people and services do to a case: one transaction each, behind the subject's lock."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from alerts.case import Case, Entry
from alerts.events import Event
from alerts.words import What
from gateway import casework
from gateway.errors import StoreBusy
from gateway.placing import Desk
from gateway.store import cases
from gateway.store.cases import NewSubject
from gateway.store.connect import Connection, Sessions, row
from gateway.store.save import save

TRIES = 6
WAIT_S = 0.2
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Acted:
    """What an act led to; `refused` is the Reason in words when the tables forbid it."""

    case: Case
    entries: tuple[Entry, ...]

    @property
    def refused(self) -> str | None:
        """Give in words why the act was refused; None when it was not."""
        for entry in self.entries:
            if entry.what is What.REFUSED:
                return entry.text or entry.reasons[0].reason
        return None


async def subject_of_referral(connection: Connection, referral: UUID) -> UUID | None:
    """Say whose case a referral belongs to."""
    found = await row(connection, "referral_subject", id=referral)
    return found.subject_id if found is not None else None


async def subject_of_alarm(connection: Connection, alarm: UUID) -> UUID | None:
    """Say whose case an alarm belongs to."""
    found = await row(connection, "alarm_subject", id=alarm)
    return found.subject_id if found is not None else None


async def act(  # noqa: PLR0913 - who, on what, with what, when
    sessions: Sessions,
    subject_id: UUID,
    event: Event,
    desk: Desk,
    now: datetime,
    *,
    actor: str,
    new: NewSubject | None = None,
) -> Acted | None:
    """Bring one event to one case and commit; None when there is no such case.

    `new` is the subject row to make first, for a person who never had a case; `actor` stands in
    the audit: `operator:…` or `service:…`, an id and never a name.

    Raises:
        StoreUnavailable: nothing was kept.
        StoreBusy: somebody else holds the case for longer than all tries; nothing was kept.
    """

    async def once() -> Acted | None:
        async with sessions.transaction() as connection:
            if new is not None:
                await cases.add_subjects(connection, [new], now)
            subject = await cases.lock_one(connection, subject_id)
            if subject is None:
                return None
            facts = await cases.read_facts(connection, [subject], now)
            inputs = {subject.id: casework.Inputs(events=(event,), actor=actor)}
            decided = casework.work([subject], facts, inputs, desk.rules, now)
            await save(connection, decided, now, desk.audit_key)
            decision = decided[0].decision
            return Acted(decision.case, decision.entries)

    return await retried(once)


async def retried(once: Callable[[], Awaitable[T]]) -> T:
    """Do a transaction again while somebody else holds the case, TRIES times in all.

    Raises:
        StoreBusy: they held it for longer than all tries; nothing was kept.
    """
    for _ in range(TRIES - 1):
        try:
            return await once()
        except StoreBusy:
            await asyncio.sleep(WAIT_S)
    return await once()
