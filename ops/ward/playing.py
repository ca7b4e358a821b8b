"""One made-up patient under the vitals rules: what they say, when a nurse and the patient answer.

Contract: the same patient and rules give the same alerts. An alert is one ring of the ward, with
the time of the ring. The nurse acknowledges each ring after TAKEN, has dealt with it after DONE and
closes it then, day and night; what is out of order after that rings anew. The patient answers a
re-check as the generator says (`Patient.recheck`).
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from msgspec.structs import replace

from alerts.events import Heard
from alerts.ruleset import Rules
from alerts.vital_words import ClinicianAct, Level, Pathway, Reference
from alerts.vitals import decide
from alerts.vitals.inputs import ClinicianEvent, Report, report_of
from alerts.vitals.plan import MonitoringPlan
from alerts.vitals.state import MISSING, NEWS2, VitalsState
from alerts.vitals.step import OUT_OF_HOURS, WARD, VitalsDecision
from alerts.words import PersonStatus, What
from devices.model import Answers, Measurement, Quality, Signal, VitalCode
from firmware_stubs.patients.diary import messages
from firmware_stubs.patients.instruments import SHOWS, WORDS
from firmware_stubs.patients.patient import Patient
from firmware_stubs.patients.words import Message, Sign

TAKEN = timedelta(minutes=20)
CALLED = timedelta(minutes=80)
KEPT = {Level.AMBER: timedelta(hours=10), Level.RED: timedelta(hours=4)}
RUNG = frozenset({"rings", "score_rose", "unresolved_returns", "snooze_over"})
"""Reasons of the notices that ring the ward."""
DESKS = frozenset({WARD, OUT_OF_HOURS})
NURSE = "nurse"
WEIGHT = VitalCode.WEIGHT.value
REACH = 2
"""Points of oxygen saturation on either side of a baseline."""


@dataclass(frozen=True, slots=True)
class Ring:
    """One ring of the ward.

    Attributes:
        missing: Nothing but missing readings was open when it rang.
        why: The rules that something was out of order by; for plain limits the vital signs.
    """

    at: datetime
    missing: bool
    why: tuple[str, ...]


@dataclass(slots=True)
class Played:
    """What became of one patient.

    Attributes:
        opened: Alerts shown on the board, confirmed or not.
        asked: Re-checks that the patient was asked for.
    """

    rings: list[Ring] = field(default_factory=list)
    opened: int = 0
    asked: int = 0


def plan_of(patient: Patient, rules: Rules) -> MonitoringPlan:
    """Give the plan that a clinician would set: the shipped ward, no limits of their own.

    The target is there where the pathway asks for it. It is the record's, but for whoever rests
    less than REACH above its lower end: theirs is their baseline and REACH on either side.
    """
    record: dict[str, Any] = patient.record()
    pathway = Pathway(record["pathway"])
    return MonitoringPlan(
        started_at=patient.admitted,
        pathway=pathway,
        spo2_scale=record["spo2_scale"],
        baseline_spo2_pct=record["baseline_spo2_pct"],
        target_spo2_pct=_target(record)
        if Reference.TARGET_SPO2 in rules.vitals.pathways[pathway].requires
        else None,
        dry_weight_kg=record.get("dry_weight_kg"),
        conditions=tuple(record["conditions"]),
    )


def _target(record: Mapping[str, Any]) -> tuple[float, float]:
    low, high = record["target_spo2_pct"]
    rests = record["baseline_spo2_pct"]
    return (low, high) if rests - REACH >= low else (rests - REACH, rests + REACH)


def report(message: Message) -> Report | None:
    """Give a message's readings and answers; None when it has none."""
    return report_of([_heard(message, signal) for signal in _signals(message)])


def _heard(message: Message, signal: Signal) -> Heard:
    receipt = f"{message.device}|{message.id}"
    return Heard(receipt, message.received_at, message.device, "ward", signal)


def _signals(message: Message) -> Iterator[Signal]:
    for name, value in message.vitals.items():
        beyond = message.beyond.get(name)
        quality = Quality.OK if beyond is None else Quality(beyond.value)
        yield Measurement(message.device, VitalCode(name), value, quality, message.at)
    if message.answers is not None:
        yield Answers(message.device, cast("dict[str, Any]", message.answers), at=message.at)


class _Play:
    """The state while one patient is played; lives for one call of `play`."""

    def __init__(self, patient: Patient, rules: Rules) -> None:
        self.patient = patient
        self.rules = rules
        self.found = Played()
        self.state: VitalsState = decide.new_state(patient.id, patient.admitted)
        self.waiting: list[tuple[datetime, int, Message | ClinicianEvent | Report]] = []
        self.number = 0
        self.spoilt: list[Message] = []

    def run(self) -> Played:
        """Play the whole stay."""
        plan = plan_of(self.patient, self.rules)
        self._keep(decide.configure(self.state, plan, self.rules, self.state.as_of))
        for message in messages(self.patient):
            self._put(message.received_at, message)
        while self.waiting:
            at, _, what = heapq.heappop(self.waiting)
            if at >= self.patient.discharged:
                break
            self._until(at)
            self._do(at, what)
        self._until(self.patient.discharged)
        return self.found

    def _put(self, at: datetime, what: Message | ClinicianEvent | Report) -> None:
        self.number += 1
        heapq.heappush(self.waiting, (at, self.number, what))

    def _until(self, at: datetime) -> None:
        """Run timers one after another, so that what they ask for is answered in its time."""
        while True:
            due_at = self.state.next_due_at
            if due_at is None or due_at >= at:
                return
            if self.waiting and self.waiting[0][0] < due_at:
                earlier_at, _, what = heapq.heappop(self.waiting)
                self._do(earlier_at, what)
            else:
                self._keep(decide.due(self.state, self.rules, due_at))

    def _do(self, at: datetime, what: Message | ClinicianEvent | Report) -> None:
        if isinstance(what, ClinicianEvent):
            alert = self.state.alert
            if what.alarm is None or (alert is not None and alert.id == what.alarm):
                self._keep(decide.on_event(self.state, what, self.rules, at))
            return
        said = what if isinstance(what, Report) else report(what)
        if isinstance(what, Message) and WEIGHT in what.artefacts:
            self.spoilt.append(what)
        if said is not None:
            self._keep(decide.on_readings(self.state, [said], self.rules, at))

    def _keep(self, decision: VitalsDecision) -> None:
        self.state = decision.state
        for entry in decision.entries:
            self.found.opened += entry.what is What.ALARM_OPENED
            for reason in entry.reasons:
                if reason.reason == "recheck_asked":
                    self._ask(entry.at, reason.inputs["parameters"])
        for sent in decision.outgoing:
            if sent.to in DESKS and sent.body["reason"] in RUNG:
                self._ring(sent.body["at"])

    def _ask(self, at: datetime, parameters: Iterable[str]) -> None:
        """Ask the patient to measure again, once with each instrument."""
        alert = self.state.alert
        wanted: set[str] = set()
        for name in parameters:
            found = alert.finding(name) if alert is not None and name == NEWS2 else None
            wanted |= {name} if found is None else set(found.of)
        for instrument in sorted(self.patient.kit):
            sign = next((s for s in SHOWS[instrument] if s.value in wanted), None)
            if sign is not None:
                self._again(sign, at)

    def _again(self, sign: Sign, at: datetime) -> None:
        self.found.asked += 1
        answer = self.patient.recheck(sign, at)
        if answer is not None:
            self._put(answer.received_at, answer)

    def _ring(self, at: datetime) -> None:
        alert = self.state.alert
        if alert is None:
            return
        held = [one for one in alert.findings if one.recovered_at is None]
        missing = all(one.parameter.startswith(MISSING) for one in held)
        rules = {reason.rule for one in held for reason in one.reasons}
        self.found.rings.append(Ring(at, missing, tuple(sorted(rules))))
        act = ClinicianEvent(at + TAKEN, NURSE, ClinicianAct.ACKNOWLEDGE, alarm=alert.id)
        self._put(at + TAKEN, act)
        level = alert.confirmed_level
        done_at = at + (CALLED if missing or level is None else KEPT[level])
        done = ClinicianEvent(
            done_at, NURSE, ClinicianAct.CLOSE, alarm=alert.id, reason="reassured"
        )
        self._put(done_at, done)
        if missing:
            self._away(at)
        if any(one.parameter == WEIGHT for one in held):
            self._withdraw(at + CALLED)

    def _withdraw(self, at: datetime) -> None:
        """Whoever is asked about a weight says which weighings were not theirs alone."""
        for message in self.spoilt:
            said = report(message)
            assert said is not None  # it has a weight
            wrong = tuple(
                replace(one, value=None, quality=Quality.ARTEFACT) for one in said.readings
            )
            self._put(at, Report(f"{said.receipt}|withdrawn", at, wrong))
        self.spoilt = []

    def _away(self, at: datetime) -> None:
        """Whoever is asked for a missing reading and is away says until when."""
        day = int(self.patient.day_of(at))
        back = next((last for first, last in self.patient.habits.gaps if first <= day < last), None)
        if back is not None:
            until = self.patient.local(back, 0)
            told = ClinicianEvent(
                at + CALLED, NURSE, ClinicianAct.STATUS, status=PersonStatus.AWAY, away_until=until
            )
            self._put(at + CALLED, told)


def play(patient: Patient, rules: Rules) -> Played:
    """Play one patient's stay under the rules."""
    return _Play(patient, rules).run()


def plain(patient: Patient, rules: Rules) -> list[Ring]:
    """Give the alerts of plain fixed limits: published ones, the same for everybody.

    They are the default rows (the chart of NEWS2), on the Covid pathway its leaflet's. A message
    with a reading at or beyond one, or a meter's HI or LO, is one alert; so is a weight of more
    than the default rule's kilograms above the lowest of its days. Nothing is measured again,
    nothing is folded in, nobody's own figures count. After an alert about a weight, weighings in a
    coat or somebody else's are withdrawn, as they are under the default rules.
    """
    pathway = Pathway.COVID if patient.pathway.value == Pathway.COVID.value else None
    bare = MonitoringPlan(started_at=patient.admitted, pathway=pathway)
    held = decide.configure(
        decide.new_state(patient.id, patient.admitted), bare, rules, patient.admitted
    ).state.effective
    assert held is not None  # configure computes it
    weights: list[tuple[datetime, float]] = []
    spoilt: set[datetime] = set()
    found = []
    for message in messages(patient):
        if WEIGHT in message.artefacts:
            spoilt.add(message.measured_at)
        names = [name for name in message.beyond if Sign(name) not in WORDS]
        for name, value in message.vitals.items():
            if isinstance(value, bool | str) or value is None:
                continue
            bounds = held.bounds.get(VitalCode(name), ())
            if any(bound.is_hit(value) for bound in bounds):
                names.append(name)
            if name == VitalCode.WEIGHT and gained(rules, weights, message.measured_at, value):
                names.append(name)
        if WEIGHT in names:
            weights = [one for one in weights if one[0] not in spoilt]
        if names and message.received_at < patient.discharged:
            found.append(Ring(message.received_at, missing=False, why=tuple(names)))
    return found


def gained(rules: Rules, weights: list[tuple[datetime, float]], at: datetime, kg: float) -> bool:
    """Say whether a weight is too much above the lowest of the days before it."""
    weights.append((at, kg))
    for row in rules.vitals.changes:
        if row.vital is VitalCode.WEIGHT and row.pathway is None and row.rise_more_than is not None:
            since = at - timedelta(days=row.days)
            lowest = min(value for when, value in weights if since <= when <= at)
            if round(kg - lowest, 6) > row.rise_more_than:
                return True
    return False
