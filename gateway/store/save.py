"""Write what was decided: cases, the tables people query, reasons, audit, outbox. Set by set.

Everything here belongs to the transaction that locked the subjects. Only what differs from the
case before is written to alarm, referral and task.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID, uuid5

import msgspec

from alerts.case import Alarm, Case, Decision, Entry, Outgoing, Referral, Task
from gateway.store.cases import Subject, encode
from gateway.store.connect import Connection, run

OUTBOX_CHANNEL = "lifeline_outbox"
Part = TypeVar("Part", Alarm, Referral, Task)


@dataclass(frozen=True, slots=True)
class Decided:
    """One subject's decision, with who caused it: `gateway`, `operator:…`, `service:…`."""

    subject: Subject
    before: Case
    decision: Decision
    actor: str = "gateway"


def _text(value: object) -> str:
    return encode(value).decode()


def _id(value: str | None) -> UUID | None:
    return UUID(value) if value else None


def _changed(before: Sequence[Part], after: Sequence[Part]) -> list[Part]:
    known = {one.id: one for one in before}
    return [one for one in after if known.get(one.id) != one]


async def save(
    connection: Connection, decided: Sequence[Decided], now: datetime, audit_key: bytes
) -> None:
    """Write the decisions; tell consoles which alarms changed, and dispatchers of new messages.

    Raises:
        StoreError: as the database says; nothing of the batch is then kept.
    """
    async with connection.pipeline():
        await _save_subjects(connection, decided, now)
        alarms = await _save_alarms(connection, decided)
        alarms |= await _save_referrals(connection, decided)
        await _save_tasks(connection, decided)
        await _add_decisions(connection, decided, audit_key)
        await _add_outbox(connection, decided, now)
        for alarm in sorted(alarms):
            await connection.execute("select pg_notify('lifeline_alarm', %s)", (alarm,))
        if any(one.decision.outgoing for one in decided):
            await connection.execute("select pg_notify(%s, '')", (OUTBOX_CHANNEL,))


async def _save_subjects(connection: Connection, decided: Sequence[Decided], now: datetime) -> None:
    changed = [
        one for one in decided if one.decision.case != one.before or one.subject.case is None
    ]
    if changed:
        await run(
            connection,
            "save_subjects",
            ids=[one.subject.id for one in changed],
            states=[_text(one.decision.case) for one in changed],
            due=[one.decision.next_due_at for one in changed],
            now=now,
        )


async def _save_alarms(connection: Connection, decided: Sequence[Decided]) -> set[str]:
    changed = [
        (one.subject, alarm)
        for one in decided
        for alarm in _changed(one.before.alarms, one.decision.case.alarms)
    ]
    if changed:
        await run(
            connection,
            "save_alarms",
            ids=[UUID(alarm.id) for _, alarm in changed],
            organisations=[subject.organisation_id for subject, _ in changed],
            subjects=[subject.id for subject, _ in changed],
            kinds=[alarm.kind.value for _, alarm in changed],
            states=[alarm.state.value for _, alarm in changed],
            priorities=[alarm.priority for _, alarm in changed],
            whats=[alarm.what for _, alarm in changed],
            alarm_ats=[alarm.alarm_at for _, alarm in changed],
            taken_bys=[alarm.taken_by for _, alarm in changed],
            taken_ats=[alarm.taken_at for _, alarm in changed],
            spoke_ats=[alarm.spoke_at for _, alarm in changed],
            closed_ats=[alarm.closed_at for _, alarm in changed],
            dispositions=[alarm.disposition for _, alarm in changed],
            records=[_text(alarm) for _, alarm in changed],
        )
    return {alarm.id for _, alarm in changed}


async def _save_referrals(connection: Connection, decided: Sequence[Decided]) -> set[str]:
    changed = [
        (one.subject, referral)
        for one in decided
        for referral in _changed(one.before.referrals, one.decision.case.referrals)
    ]
    if changed:
        await run(
            connection,
            "save_referrals",
            ids=[UUID(referral.id) for _, referral in changed],
            organisations=[subject.organisation_id for subject, _ in changed],
            subjects=[subject.id for subject, _ in changed],
            alarms=[_id(referral.alarm) for _, referral in changed],
            services=[referral.service for _, referral in changed],
            states=[referral.state.value for _, referral in changed],
            provisionals=[referral.provisional for _, referral in changed],
            made_ats=[referral.made_at for _, referral in changed],
            received_ats=[referral.received_at for _, referral in changed],
            accepted_ats=[referral.accepted_at for _, referral in changed],
            face_to_face_ats=[referral.first_face_to_face_at for _, referral in changed],
            records=[_text(referral) for _, referral in changed],
        )
    return {referral.alarm for _, referral in changed if referral.alarm is not None}


async def _save_tasks(connection: Connection, decided: Sequence[Decided]) -> None:
    changed = [
        (one.subject, task)
        for one in decided
        for task in _changed(one.before.tasks, one.decision.case.tasks)
    ]
    if changed:
        await run(
            connection,
            "save_tasks",
            ids=[UUID(task.id) for _, task in changed],
            organisations=[subject.organisation_id for subject, _ in changed],
            subjects=[subject.id for subject, _ in changed],
            alarms=[_id(task.alarm) for _, task in changed],
            referrals=[_id(task.referral) for _, task in changed],
            kinds=[task.kind.value for _, task in changed],
            states=[task.state.value for _, task in changed],
            made_ats=[task.made_at for _, task in changed],
            due_ats=[task.due_at for _, task in changed],
            records=[_text(task) for _, task in changed],
        )


async def _add_decisions(
    connection: Connection, decided: Sequence[Decided], audit_key: bytes
) -> None:
    entries = [(one, entry) for one in decided for entry in one.decision.entries]
    if not entries:
        return
    await run(
        connection,
        "add_decisions",
        organisations=[one.subject.organisation_id for one, _ in entries],
        subjects=[one.subject.id for one, _ in entries],
        alarms=[_id(entry.alarm) for _, entry in entries],
        referrals=[_id(entry.referral) for _, entry in entries],
        ats=[entry.at for _, entry in entries],
        whats=[entry.what.value for _, entry in entries],
        entries=[_text(entry) for _, entry in entries],
    )
    digests = [hashlib.sha256(encode(entry)).digest() for _, entry in entries]
    await run(
        connection,
        "add_audit",
        organisations=[one.subject.organisation_id for one, _ in entries],
        ats=[entry.at for _, entry in entries],
        actors=[one.actor for one, _ in entries],
        acts=[entry.what.value for _, entry in entries],
        abouts=[_about(one, entry) for one, entry in entries],
        digests=digests,
        codes=[
            audit_code(audit_key, one.actor, entry.what.value, _about(one, entry), digest)
            for (one, entry), digest in zip(entries, digests, strict=True)
        ],
    )


def _about(one: Decided, entry: Entry) -> UUID:
    return _id(entry.referral) or _id(entry.alarm) or one.subject.id


def audit_code(key: bytes, actor: str, act: str, about: UUID | None, digest: bytes) -> bytes:
    """Give the keyed code of one audit row: HMAC-SHA-256 over its fields."""
    text = msgspec.json.encode([actor, act, str(about)])
    return hmac.new(key, text + digest, hashlib.sha256).digest()


async def _add_outbox(connection: Connection, decided: Sequence[Decided], now: datetime) -> None:
    going = [(one, out) for one in decided for out in one.decision.outgoing]
    streams = [stream_of(out) for _, out in going]
    if going:
        await run(
            connection,
            "add_outbox",
            streams=streams,
            ordinals=ordinals_of(streams),
            organisations=[one.subject.organisation_id for one, _ in going],
            subjects=[one.subject.id for one, _ in going],
            whats=[out.what for _, out in going],
            recipients=[out.to for _, out in going],
            referrals=[_id(out.referral) for _, out in going],
            alarms=[_id(out.alarm) for _, out in going],
            bodies=[_text(out.body) for _, out in going],
            now=now,
        )


def stream_of(out: Outgoing) -> UUID:
    """A referral's messages keep their order; a notice never waits behind another audience's."""
    if out.referral is not None and out.what.startswith("referral_"):
        return UUID(out.referral)
    return uuid5(UUID(out.stream), f"{out.what}/{out.to}")


def ordinals_of(streams: Sequence[UUID]) -> list[int]:
    """Number messages within their streams, from 1."""
    seen: dict[UUID, int] = {}
    numbers = []
    for stream in streams:
        seen[stream] = seen.get(stream, 0) + 1
        numbers.append(seen[stream])
    return numbers
