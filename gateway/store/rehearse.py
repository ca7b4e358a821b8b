"""Recorded history, read for a rehearsal: a few people at a time, nothing locked, nothing changed.

A reading of the database is put back into the message it came in: the readings of one device that
were received at one time. Answers stand in the kept messages alone and are decoded again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from alerts.vital_words import ClinicianAct, Crisis, ReadingSource
from alerts.vitals.history import History, Judged
from alerts.vitals.inputs import Answered, ClinicianEvent, Reading, Report
from alerts.vitals.plan import MonitoringPlan
from alerts.vitals.state import Alert
from alerts.words import PersonStatus
from devices.decoding import Families, decode
from devices.errors import DecodeError
from devices.links import native
from devices.model import Answers, Quality, VitalCode, is_plausible_time
from gateway.store.connect import Connection, Row, rows
from gateway.store.vitals import read_plans

WARM = timedelta(days=7)
"""So long before the first day playing begins, so that weights and slopes have their days."""
NEAR = timedelta(hours=12)
"""An alert that rings so long before or after a recorded one is taken to be about the same."""
REAL = frozenset({ClinicianAct.CONFIRM, ClinicianAct.EMERGENCY})
SEEN = frozenset({ClinicianAct.REVIEW})
HANDED = frozenset({Crisis.CLINICIAN_CONFIRMED.value, Crisis.EMERGENCY.value})

_alert_of = msgspec.json.Decoder(Alert).decode
_event_of = msgspec.json.Decoder(ClinicianEvent).decode


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when alerts are counted."""

    since: datetime
    until: datetime

    @property
    def warm(self) -> datetime:
        """When reading and playing begin."""
        return self.since - WARM


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A person whose record cannot be read."""

    person_id: UUID
    why: str


async def people(
    connection: Connection, organisation: UUID, person: UUID | None = None
) -> list[UUID]:
    """Give the ids of the people who are watched, in order."""
    found = await rows(
        connection, "rehearse_people", organisation_id=organisation, person_id=person
    )
    return [one.id for one in found]


async def histories(
    connection: Connection, ids: Sequence[UUID], span: Span, known: Families
) -> list[History | Unreadable]:
    """Read what is recorded about these people; who was not watched in the time is left out.

    In place of what cannot be read stands whose it is, and why.

    Raises:
        StoreError: as the database says.
    """
    ids = list(ids)
    given = {"ids": ids, "since": span.warm, "until": span.until}
    plans = await read_plans(connection, ids)
    records = await rows(connection, "rehearse_records", ids=ids)
    readings = _by_person(await rows(connection, "rehearse_readings", **given))
    answers = _by_person(await rows(connection, "rehearse_answers", **given))
    alerts = _by_person(await rows(connection, "rehearse_alerts", **given))
    acts = _by_person(await rows(connection, "rehearse_acts", **given))
    found: list[History | Unreadable] = []
    for record in sorted(records, key=lambda one: str(one.id)):
        key: UUID = record.id
        plan = plans.get(key, MonitoringPlan(span.warm))
        if isinstance(plan, str):
            found.append(Unreadable(key, plan))
        elif plan.started_at < span.until and (plan.ended_at or span.until) > span.since:
            reports = [*_reports(readings[key]), *_answered(answers[key], known)]
            mine = _Recorded(record, plan, reports, acts[key], alerts[key])
            try:
                found.append(mine.history(span))
            except (msgspec.DecodeError, ValueError) as error:
                found.append(Unreadable(key, f"what is recorded: {type(error).__name__}"))
    return found


def _by_person(found: Iterable[Row]) -> defaultdict[UUID, list[Row]]:
    grouped: defaultdict[UUID, list[Row]] = defaultdict(list)
    for one in found:
        grouped[one.person_id].append(one)
    return grouped


@dataclass(frozen=True, slots=True)
class _Recorded:
    record: Row
    plan: MonitoringPlan
    reports: list[Report]
    acts: list[Row]
    alerts: list[Row]

    def history(self, span: Span) -> History:
        """Put together what was read about one person."""
        record, plan = self.record, self.plan
        since = max(span.warm, plan.started_at)
        reports = sorted(
            (one for one in self.reports if one.received_at >= since), key=lambda r: r.received_at
        )
        acts = [(one.alert_id, _event_of(one.body)) for one in self.acts]
        return History(
            person=str(record.id),
            plan=replace(
                plan,
                baseline_cognition=record.baseline_cognition,
                conditions=tuple(record.conditions),
            ),
            since=since,
            counted=max(span.since, plan.started_at),
            until=self._until(span, reports),
            reports=tuple(reports),
            # An alert of the replay has another id: what was done then is done to what is open.
            acts=tuple(replace(act, alarm=None) for _, act in acts if act.at >= since),
            judged=tuple(_judged(one, acts) for one in self.alerts if one.closed_at is not None),
            recorded=tuple(
                one.opened_at
                for one in self.alerts
                if one.confirmed and one.opened_at >= max(span.since, plan.started_at)
            ),
        )

    def _until(self, span: Span, reports: Sequence[Report]) -> datetime:
        """End with the monitoring, or the last message of whoever is not at home any more."""
        if self.plan.ended_at is not None:
            return min(span.until, self.plan.ended_at)
        if self.record.status == PersonStatus.HOME or not reports:
            return span.until
        return min(span.until, reports[-1].received_at + timedelta(minutes=1))


def _reports(found: Iterable[Row]) -> Iterable[Report]:
    messages: dict[tuple[datetime, UUID], list[Reading]] = {}
    for one in found:
        messages.setdefault((one.received_at, one.device_id), []).append(_reading(one))
    for (received_at, device), readings in messages.items():
        yield Report(f"{device}|{received_at.isoformat()}", received_at, tuple(readings))


def _reading(found: Row) -> Reading:
    code = VitalCode(found.code)
    value = found.word if found.value is None else found.value
    if code is VitalCode.OXYGEN and found.value is not None:
        value = bool(found.value)
    return Reading(
        code=code,
        value=value,
        at=min(found.at, found.received_at),
        quality=Quality(found.quality),
        source=ReadingSource(found.source),
        device=str(found.device_id),
    )


def _answered(found: Iterable[Row], known: Families) -> Iterable[Report]:
    """Decode again what devices answered; a body that cannot be read had no answers then either."""
    for one in found:
        packet = native.unwrap(
            one.topic or "", one.body, line=one.line, sender=one.sender,
            received_at=one.received_at, authenticated=True, retained=False, peer=None,
        )  # fmt: skip
        try:
            signals = decode(packet, known).signals
        except DecodeError:
            continue
        answered = tuple(
            Answered(signal.answers, _when(signal.at, one.received_at))
            for signal in signals
            if isinstance(signal, Answers)
        )
        if answered:
            receipt = f"{one.line}|{one.sender}|{one.key}|{one.received_at.isoformat()}"
            yield Report(receipt, one.received_at, (), answered)


def _when(at: datetime | None, received_at: datetime) -> datetime:
    if at is None or not is_plausible_time(at, received_at):
        return received_at
    return min(at, received_at)


def _judged(found: Row, acts: Sequence[tuple[UUID | None, ClinicianEvent]]) -> Judged:
    """Say what clinicians made of an alert that has ended."""
    alert = _alert_of(found.record)
    mine = [act for about, act in acts if about == found.id or about is None]
    during = {act.do for act in mine if found.opened_at <= act.at <= found.closed_at}
    said = "closed without more"
    if during & REAL or HANDED & set(alert.handed):
        said = "confirmed as a crisis"
    elif during & SEEN:
        said = "reviewed"
    return Judged(
        since=found.opened_at - NEAR,
        until=found.closed_at + NEAR,
        real=said != "closed without more",
        what=f"{said}, recorded {found.opened_at:%d %b %H:%M}",
    )
