"""Write what the vitals half decided: states, alerts, tasks, reasons, audit, notices, hand-over.

Everything belongs to the transaction that locked the states. Without anything decided, only the
newest readings are written. Nothing here wakes a console or a dispatcher: a NOTIFY takes a lock
that a press would wait for (DESIGN 7); both look by themselves within a second.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from alerts.case import Entry, Outgoing, Task
from alerts.events import Deterioration, Heard
from alerts.vital_rows import DEFAULT_WARD
from alerts.vital_words import Level
from alerts.vitals.state import Alert, VitalsState
from alerts.words import SubjectKind, TaskState, What
from gateway.store import messages
from gateway.store.cases import NewSubject, add_subjects, encode
from gateway.store.connect import Connection, run
from gateway.store.save import audit_code, ordinals_of, stream_of
from gateway.store.vitals import Watched

SENDER = "vitals"
LINE = "vitals"
OPEN, ACKNOWLEDGED, CLOSED = "open", "acknowledged", "closed"
APART = frozenset({"newest", "as_of"})
"""Parts of a state that are kept in columns of their own."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What became of one person: the state, and all that was said on the way.

    Attributes:
        alerts: Every alert as it was seen last, with when it was closed.
        actor: Who caused it, for the audit: `gateway`, `clinician:…`.
    """

    watched: Watched
    state: VitalsState
    entries: tuple[Entry, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()
    handed: tuple[Deterioration, ...] = ()
    alerts: tuple[tuple[Alert, datetime | None], ...] = ()
    actor: str = "gateway"

    @property
    def person(self) -> NewSubject:
        """The person's case, should it have no row yet."""
        key = self.watched.person_id
        return NewSubject(key, self.watched.organisation_id, SubjectKind.PERSON, person_id=key)


async def save(
    connection: Connection, looked: Sequence[Looked], now: datetime, audit_key: bytes
) -> None:
    """Write it all.

    Raises:
        StoreError: as the database says; nothing of the batch is then kept.
    """
    said = [one for one in looked if one.entries or one.outgoing or one.handed]
    async with connection.pipeline():
        await _save_states(connection, looked, now)
        if said:
            await add_subjects(connection, [one.person for one in said], now)
        await _save_alerts(connection, said)
        await _add_tasks(connection, said)
        await _add_reasons(connection, said, audit_key)
        await _add_notices(connection, said, now)
        await _hand_over(connection, said, now)


async def _save_states(connection: Connection, looked: Sequence[Looked], now: datetime) -> None:
    changed = [one for one in looked if one.state is not one.watched.state]
    if not changed:
        return
    await run(
        connection,
        "save_vitals",
        ids=[one.watched.person_id for one in changed],
        states=[_rest(one) for one in changed],
        newests=[encode(one.state.newest).decode() for one in changed],
        as_ofs=[one.state.as_of for one in changed],
        dues=[one.state.next_due_at for one in changed],
        plan_revisions=[one.watched.revision for one in changed],
        now=now,
    )


def _rest(one: Looked) -> str | None:
    """Give the state without what stands apart; None when nothing of it has changed."""
    before, after = one.watched.state, one.state
    if before is not None and one.watched.plan is None and not one.entries:
        parts = [name for name in VitalsState.__struct_fields__ if name not in APART]
        if all(getattr(before, name) is getattr(after, name) for name in parts):
            return None
    return encode(msgspec.structs.replace(after, newest={})).decode()


async def _save_alerts(connection: Connection, said: Sequence[Looked]) -> None:
    given = [(one, alert, closed_at) for one in said for alert, closed_at in one.alerts]
    if not given:
        return
    await run(
        connection,
        "save_vitals_alerts",
        ids=[UUID(alert.id) for _, alert, _ in given],
        organisations=[one.watched.organisation_id for one, _, _ in given],
        persons=[one.watched.person_id for one, _, _ in given],
        wards=[_ward(one.state) for one, _, _ in given],
        levels=[(alert.level or Level.AMBER).value for _, alert, _ in given],
        confirmeds=[alert.confirmed_level is not None for _, alert, _ in given],
        states=[_state(alert, closed_at) for _, alert, closed_at in given],
        scores=[alert.score for _, alert, _ in given],
        opened_ats=[alert.opened_at for _, alert, _ in given],
        acknowledged_bys=[alert.acknowledged_by for _, alert, _ in given],
        acknowledged_ats=[alert.acknowledged_at for _, alert, _ in given],
        review_bys=[alert.review_by for _, alert, _ in given],
        closed_ats=[closed_at for _, _, closed_at in given],
        records=[encode(alert).decode() for _, alert, _ in given],
    )


def _ward(state: VitalsState) -> str:
    return DEFAULT_WARD if state.plan.ward is None else state.plan.ward.id


def _state(alert: Alert, closed_at: datetime | None) -> str:
    if closed_at is not None:
        return CLOSED
    return OPEN if alert.acknowledged_at is None else ACKNOWLEDGED


async def _add_tasks(connection: Connection, said: Sequence[Looked]) -> None:
    given = [(one, task) for one in said for task in _tasks(one.entries)]
    if not given:
        return
    await run(
        connection,
        "add_vitals_tasks",
        ids=[UUID(task.id) for _, task in given],
        organisations=[one.watched.organisation_id for one, _ in given],
        persons=[one.watched.person_id for one, _ in given],
        alerts=[_id(task.alarm) for _, task in given],
        kinds=[task.kind.value for _, task in given],
        made_ats=[task.made_at for _, task in given],
        due_ats=[task.due_at for _, task in given],
        records=[encode(task).decode() for _, task in given],
    )


def _tasks(entries: Iterable[Entry]) -> Iterable[Task]:
    for entry in entries:
        if entry.what is What.TASK_MADE and entry.task is not None and entry.task_id is not None:
            yield Task(
                id=entry.task_id,
                kind=entry.task,
                state=TaskState.OPEN,
                made_at=entry.at,
                alarm=entry.alarm,
                due_at=entry.due_at,
                text=entry.text,
            )


async def _add_reasons(connection: Connection, said: Sequence[Looked], audit_key: bytes) -> None:
    """Write reasons and audit as those of a case are, under the person's subject."""
    entries = [(one, entry) for one in said for entry in one.entries]
    if not entries:
        return
    organisations = [one.watched.organisation_id for one, _ in entries]
    await run(
        connection,
        "add_decisions",
        organisations=organisations,
        subjects=[one.watched.person_id for one, _ in entries],
        alarms=[_id(entry.alarm) for _, entry in entries],
        referrals=[None] * len(entries),
        ats=[entry.at for _, entry in entries],
        whats=[entry.what.value for _, entry in entries],
        entries=[encode(entry).decode() for _, entry in entries],
    )
    abouts = [_id(entry.alarm) or one.watched.person_id for one, entry in entries]
    digests = [hashlib.sha256(encode(entry)).digest() for _, entry in entries]
    await run(
        connection,
        "add_audit",
        organisations=organisations,
        ats=[entry.at for _, entry in entries],
        actors=[one.actor for one, _ in entries],
        acts=[entry.what.value for _, entry in entries],
        abouts=abouts,
        digests=digests,
        codes=[
            audit_code(audit_key, one.actor, entry.what.value, about, digest)
            for (one, entry), about, digest in zip(entries, abouts, digests, strict=True)
        ],
    )


async def _add_notices(connection: Connection, said: Sequence[Looked], now: datetime) -> None:
    going = [(one, out) for one in said for out in one.outgoing]
    if not going:
        return
    streams = [stream_of(out) for _, out in going]
    await run(
        connection,
        "add_outbox",
        streams=streams,
        ordinals=ordinals_of(streams),
        organisations=[one.watched.organisation_id for one, _ in going],
        subjects=[one.watched.person_id for one, _ in going],
        whats=[out.what for _, out in going],
        recipients=[out.to for _, out in going],
        referrals=[None] * len(going),
        alarms=[_id(out.alarm) for _, out in going],
        bodies=[encode(out.body).decode() for _, out in going],
        now=now,
    )


async def _hand_over(connection: Connection, said: Sequence[Looked], now: datetime) -> None:
    """Put deteriorations into the inbox; the alarm lane takes them from there."""
    items = [
        (one.watched.organisation_id, one.watched.person_id, "heard", encode(heard).decode())
        for one in said
        for heard in map(_heard, one.handed)
    ]
    if items:
        await messages.add_inbox(connection, items, now)


def _heard(handed: Deterioration) -> Heard:
    return Heard(
        receipt=f"{LINE}/{handed.alert}/{handed.crisis.value}/{handed.at.isoformat()}",
        received_at=handed.at,
        sender=SENDER,
        line=LINE,
        signal=handed,
    )


async def tell_broken(
    connection: Connection, broken: Mapping[UUID, tuple[UUID, str]], now: datetime
) -> None:
    """Raise a technical alarm for each person who cannot be decided: (organisation, what)."""
    cases, items = [], []
    for person, (organisation, what) in broken.items():
        cases.append(NewSubject(person, organisation, SubjectKind.PERSON, person_id=person))
        fault = Heard(
            receipt=f"{LINE}/{person}/{now.isoformat()}",
            received_at=now,
            sender=SENDER,
            line=LINE,
            signal=None,
            fault="vitals_cannot_be_decided",
            detail=f"vital signs of this person are not watched: {what}; tell an engineer now",
        )
        items.append((organisation, person, "heard", encode(fault).decode()))
    await add_subjects(connection, cases, now)
    await messages.add_inbox(connection, items, now)


def _id(value: str | None) -> UUID | None:
    return UUID(value) if value else None
