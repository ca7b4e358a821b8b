"""What clinicians do, and what people enter by hand: one transaction each, behind one lock.

The counterpart of gateway/acts.py for the vitals half. A key makes twice once: the same key and
content again changes nothing.
"""

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from alerts.case import Entry, Task
from alerts.lifecycle import TASK, TaskEvent, advance
from alerts.vital_words import ClinicianAct
from alerts.vitals.inputs import ClinicianEvent, Report
from alerts.vitals.state import VitalsState
from gateway import vitalswork
from gateway.audit.rows import Act, add
from gateway.errors import CannotDecide, StoreBusy
from gateway.placing import NAMESPACE, Desk
from gateway.store import messages, vitals
from gateway.store.cases import encode
from gateway.store.connect import Connection, Sessions, row, run
from gateway.store.messages import Receipt
from gateway.vitalswork import Given

TRIES = 6
WAIT_S = 0.2
LINE = "entered-by-hand"
KEPT_S = 30 * 24 * 3_600
TASK_DONE = "task_done"

_task_of = msgspec.json.Decoder(Task).decode


@dataclass(frozen=True, slots=True)
class Who:
    """Whose act it is, about whom, and under which key of the caller's own, if any.

    `said` is what was sent, which the key stands for.
    """

    organisation_id: UUID
    person_id: UUID
    actor: str
    said: bytes
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What an act led to; `repeat` says that this key and content came before."""

    state: VitalsState | None
    entries: tuple[Entry, ...]
    repeat: bool = False


class KeyReusedError(Exception):
    """The key came before with other content."""


async def act(
    sessions: Sessions, who: Who, event: ClinicianEvent, desk: Desk, now: datetime
) -> Done | None:
    """Bring one clinician's act to one person and commit; None when there is no such person.

    Raises:
        KeyReusedError: the key came before with other content; nothing was kept.
        CannotDecide: the person's state breaks deciding; nothing was kept.
        StoreError: nothing was kept.
    """
    return await _bring(sessions, who, Given(events=(event,), actor=who.actor), desk, now)


async def enter(
    sessions: Sessions, who: Who, report: Report, desk: Desk, now: datetime
) -> Done | None:
    """Bring readings and answers that somebody entered.

    Raises:
        KeyReusedError, CannotDecide, StoreError: as `act`.
    """
    return await _bring(sessions, who, Given(reports=(report,), actor=who.actor), desk, now)


async def _bring(
    sessions: Sessions, who: Who, given: Given, desk: Desk, now: datetime
) -> Done | None:
    for attempt in range(TRIES):
        try:
            async with sessions.transaction() as connection:
                return await _once(connection, who, given, desk, now)
        except StoreBusy:
            if attempt == TRIES - 1:
                raise
            await asyncio.sleep(WAIT_S)
    return None


async def _once(
    connection: Connection, who: Who, given: Given, desk: Desk, now: datetime
) -> Done | None:
    person = await row(
        connection, "person_card", id=who.person_id, organisation_id=who.organisation_id
    )
    if person is None:
        return None
    if await _is_repeat(connection, who, now):
        return Done(None, (), repeat=True)
    for report in given.reports:
        if report is not None and report.readings:
            await messages.add_measurements(connection, _rows(who, report))
    people = {who.person_id: who.organisation_id}
    await vitals.add_states(connection, people, now)
    watched = await vitals.lock(connection, people)
    worked = vitalswork.work(watched, {who.person_id: given}, desk.rules, now)
    wrong = {**worked.broken, **worked.problems}
    if who.person_id in worked.broken or (given.reports and wrong):
        raise CannotDecide(who.person_id, wrong[who.person_id])
    await vitalswork.keep(connection, watched, worked, desk, now)
    looked = worked.looked[0]
    for event in given.events:
        await _add_event(connection, who, event)
        if event.do is ClinicianAct.DISCHARGE and looked.state.plan.ended_at is not None:
            await run(
                connection,
                "end_monitoring",
                person_id=who.person_id,
                ended_at=looked.state.plan.ended_at,
                ended_by=event.clinician,
                end_reason=event.reason,
            )
    return Done(looked.state, looked.entries)


async def _is_repeat(connection: Connection, who: Who, now: datetime) -> bool:
    """Say whether this key and content came before.

    Raises:
        KeyReusedError: the key came with other content.
    """
    if who.key is None:
        return False
    digest = hashlib.sha256(who.said).digest()
    receipt = Receipt(LINE, str(who.person_id), who.key, digest, who.organisation_id, KEPT_S)
    if await messages.reused(connection, [receipt], now):
        raise KeyReusedError
    return not await messages.claim(connection, [receipt], now)


async def _add_event(connection: Connection, who: Who, event: ClinicianEvent) -> None:
    await run(
        connection,
        "add_clinician_event",
        organisation_id=who.organisation_id,
        person_id=who.person_id,
        alert_id=None if event.alarm is None else UUID(event.alarm),
        at=event.at,
        clinician=event.clinician,
        act=event.do.value,
        body=encode(event).decode(),
    )


def _rows(who: Who, report: Report) -> Sequence[tuple[object, ...]]:
    """Give entered readings as rows; their device is the hand that entered them."""
    hand = uuid5(NAMESPACE, f"entered/{who.organisation_id}")
    rows = []
    for one in report.readings:
        value = one.value
        number = None if value is None or isinstance(value, str) else float(value)
        rows.append((
            one.at, who.organisation_id, who.person_id, hand, one.code.value, number,
            value if isinstance(value, str) else None, one.quality.value, one.source.value,
            one.at, report.received_at,
        ))  # fmt: skip
    return rows


@dataclass(frozen=True, slots=True)
class Ended:
    """A task of the vitals half that somebody did; `kinds` are those they may see."""

    organisation_id: UUID
    actor: str
    task_id: UUID
    text: str
    kinds: Collection[str]


async def end_task(
    sessions: Sessions, ended: Ended, desk: Desk, now: datetime
) -> tuple[UUID, Task] | None:
    """Mark a task done, and give whose it is; None when there is none of this id they may see.

    Raises:
        Forbidden: it is done already.
        StoreError: nothing was kept.
    """
    async with sessions.transaction() as connection:
        found = await row(
            connection,
            "desk_vitals_task",
            id=ended.task_id,
            organisation_id=ended.organisation_id,
        )
        if found is None or (task := _task_of(found.record)).kind.value not in ended.kinds:
            return None
        state = advance(TASK, task.state, TaskEvent.DONE)
        task = replace(task, state=state, done_at=now, text=ended.text or task.text)
        record = encode(task)
        await run(
            connection,
            "end_vitals_task",
            id=ended.task_id,
            state=state.value,
            record=record.decode(),
        )
        did = Act(ended.organisation_id, now, ended.actor, TASK_DONE, ended.task_id, record)
        await add(connection, desk.audit_key, did)
    return found.person_id, task
