"""The made-up ward as history for a rehearsal, where there is no database.

Contract: the same seed gives the same histories. What is true of a made-up patient is known: an
alert from an episode's onset to its `notice_until` is about a real one, one later than that until a
day after it ended is judged by nobody, every other is about nothing. Whoever is away says so on the
first afternoon. A spoilt weighing is never withdrawn.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, cast

from alerts.events import Heard
from alerts.ruleset import Rules
from alerts.vital_words import ClinicianAct, Pathway, Reference
from alerts.vitals.history import History, Judged, Recheck
from alerts.vitals.inputs import ClinicianEvent, Report, report_of
from alerts.vitals.plan import MonitoringPlan
from alerts.words import PersonStatus
from devices.model import Answers, Measurement, Quality, Signal, VitalCode
from firmware_stubs.patients.diary import messages
from firmware_stubs.patients.figures import SETTLED
from firmware_stubs.patients.instruments import SHOWS
from firmware_stubs.patients.patient import Patient
from firmware_stubs.patients.words import Message

REACH = 2
"""Points of oxygen saturation on either side of a baseline: a target for who rests so low."""
TELLS_MINUTE = 14 * 60
NURSE = "made-up nurse"


def history_of(patient: Patient, rules: Rules) -> History:
    """Give one made-up patient's history."""
    reports = (report for message in messages(patient) if (report := _report(message)))
    return History(
        person=patient.id,
        plan=_plan(patient, rules),
        since=patient.admitted,
        counted=patient.admitted,
        until=patient.discharged,
        reports=tuple(sorted(reports, key=lambda one: one.received_at)),
        acts=tuple(_absences(patient)),
        judged=tuple(_judged(patient)),
    )


def recheck_of(patient: Patient) -> Recheck:
    """Give how the patient answers when asked to measure again: once with each instrument."""

    def again(wanted: frozenset[str], at: datetime) -> Iterable[Report]:
        for instrument in sorted(patient.kit):
            sign = next((one for one in SHOWS[instrument] if one.value in wanted), None)
            answer = None if sign is None else patient.recheck(sign, at)
            report = None if answer is None else _report(answer)
            if report is not None:
                yield report

    return again


def _plan(patient: Patient, rules: Rules) -> MonitoringPlan:
    record: dict[str, Any] = patient.record()
    pathway = Pathway(record["pathway"])
    low, high = record["target_spo2_pct"]
    rests = record["baseline_spo2_pct"]
    target = (low, high) if rests - REACH >= low else (rests - REACH, rests + REACH)
    row = rules.vitals.pathways.get(pathway)
    asks = row is not None and Reference.TARGET_SPO2 in row.requires
    return MonitoringPlan(
        started_at=patient.admitted,
        pathway=pathway,
        spo2_scale=record["spo2_scale"],
        baseline_spo2_pct=rests,
        target_spo2_pct=target if asks else None,
        dry_weight_kg=record.get("dry_weight_kg"),
        conditions=tuple(record["conditions"]),
    )


def _report(message: Message) -> Report | None:
    receipt = f"{message.device}|{message.id}"
    return report_of([
        Heard(receipt, message.received_at, message.device, "ward", signal)
        for signal in _signals(message)
    ])  # fmt: skip


def _signals(message: Message) -> Iterator[Signal]:
    for name, value in message.vitals.items():
        beyond = message.beyond.get(name)
        quality = Quality.OK if beyond is None else Quality(beyond.value)
        yield Measurement(message.device, VitalCode(name), value, quality, message.at)
    if message.answers is not None:
        yield Answers(message.device, cast("dict[str, Any]", message.answers), at=message.at)


def _absences(patient: Patient) -> Iterator[ClinicianEvent]:
    for first, last in patient.habits.gaps:
        at, until = patient.local(first, TELLS_MINUTE), patient.local(last, 0)
        if patient.admitted <= at < until:
            yield ClinicianEvent(
                at, NURSE, ClinicianAct.STATUS, status=PersonStatus.AWAY, away_until=until
            )


def _judged(patient: Patient) -> Iterator[Judged]:
    since = patient.admitted
    for one in sorted(patient.episodes, key=lambda episode: episode.onset):
        what = f"{one.kind.value}, severity {one.severity:.1f}"
        yield Judged(one.onset, one.notice_until, real=True, what=what)
        if since < one.onset:
            yield _nothing(since, one.onset)
        since = max(since, one.resolved + SETTLED)
    if since < patient.discharged:
        yield _nothing(since, patient.discharged)


def _nothing(since: datetime, until: datetime) -> Judged:
    return Judged(since, until - timedelta(microseconds=1), real=False, what="nothing was wrong")
