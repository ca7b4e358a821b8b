"""Handing over to telecare: one signal of kind `deterioration`, with all that is known.

Confusion that is new, and whoever is not alert, wait for nothing. On a pathway whose row says so, a
vital sign as low as that twice goes to 999. Everything else goes when a clinician confirms it, or
when the ward's ladder is exhausted.
"""

from collections.abc import Sequence
from typing import Any, cast

from msgspec.structs import replace

from alerts.case import Reason
from alerts.events import Deterioration
from alerts.rule_ids import Rule
from alerts.vital_words import Crisis, Level
from alerts.vitals.news2 import MEDIUM_FROM
from alerts.vitals.numbers import number_of
from alerts.vitals.placing import Outcome, Placed
from alerts.vitals.sets import score_set
from alerts.vitals.state import COGNITION, CONFUSED, NEWS2, Alert
from alerts.vitals.step import Step
from alerts.words import PersonStatus, What
from devices.model import Quality, VitalCode

GRAVE = "new_confusion:grave"
NOBODY_THERE = frozenset({PersonStatus.IN_HOSPITAL, PersonStatus.ENDED, PersonStatus.DECEASED})


def crises(step: Step, told: Sequence[Placed]) -> Step:
    """Hand over at once what waits for nothing; each once per alert."""
    alert = step.state.alert
    if alert is None or step.status in NOBODY_THERE:
        return step
    finding = alert.finding(COGNITION)
    if finding is not None and finding.recovered_at is None:
        step = _cognition(step, alert, finding.reasons, str(finding.value))
    for one in told:
        # A second one counts whatever confirmed the first; not after a clinician has taken it on.
        folded = one.outcome is Outcome.FOLDED and alert.acknowledged_at is None
        if (folded or one.outcome is Outcome.CONFIRMED) and _twice(step, one):
            step = _emergency(step, one)
    return step


def _cognition(step: Step, alert: Alert, reasons: tuple[Reason, ...], letter: str) -> Step:
    if letter != CONFUSED:
        return _once(step, Crisis.NOT_ALERT, Crisis.NOT_ALERT.value, reasons)
    if _at_least(step, alert) >= step.rules.count(Rule.CONFUSION_SCORE) or low_glucose(step):
        return _once(step, Crisis.NEW_CONFUSION, GRAVE, reasons)
    if GRAVE in alert.handed:
        return step
    return _once(step, Crisis.NEW_CONFUSION, Crisis.NEW_CONFUSION.value, reasons)


def _once(step: Step, crisis: Crisis, mark: str, reasons: tuple[Reason, ...]) -> Step:
    alert = step.state.alert
    assert alert is not None  # the caller has looked
    if mark in alert.handed:
        return step
    step = step.change(alert=replace(alert, handed=(*alert.handed, mark)))
    return hand(step, alert, crisis, reasons)


def _twice(step: Step, one: Placed) -> bool:
    pathway = step.state.plan.pathway
    row = None if pathway is None else step.rules.vitals.pathways.get(pathway)
    if row is None or one.finding is None:
        return False
    at_most = row.emergency_twice.get(cast("VitalCode", one.finding.parameter))
    both = (one.first, one.second)
    return at_most is not None and all(
        not isinstance(value, str | bool) and value is not None and value <= at_most
        for value in both
    )


def _emergency(step: Step, one: Placed) -> Step:
    assert step.state.plan.pathway is not None  # found by _twice
    row = step.rules.vitals.pathways[step.state.plan.pathway]
    inputs = {"first": one.first, "second": one.second, "pathway": row.pathway.value}
    reason = Reason("twice_below_emergency_limit", row.id, row.version, inputs)
    return _once(step, Crisis.EMERGENCY, Crisis.EMERGENCY.value, (reason,))


def hand(  # noqa: PLR0913 - a signal has many parts, each named by the caller
    step: Step,
    alert: Alert,
    crisis: Crisis,
    reasons: tuple[Reason, ...],
    *,
    clinician: str | None = None,
    need: str | None = None,
    service: str | None = None,
) -> Step:
    """Hand an alert to telecare with everything that is known about the person's vital signs."""
    said = step.why(Rule.VITALS_HAND_OVER, "handed_to_telecare", crisis=crisis.value)
    step = step.about(What.NOTICE_MADE, alert, said, text=f"to telecare: {crisis.value}")
    return step.hand(
        Deterioration(
            person=step.state.person,
            crisis=crisis,
            at=step.now,
            alert=alert.id,
            level=alert.level or Level.RED,
            reasons=reasons,
            at_least=_at_least(step, alert),
            low_glucose=low_glucose(step),
            recovered=alert.has_recovered,
            context=context(step, alert),
            clinician=clinician,
            need=need,
            service=service,
        )
    )


def _at_least(step: Step, alert: Alert) -> int:
    """Give the worst NEWS2 bound that is open, or that of the set as it stands."""
    found = alert.finding(NEWS2)
    return max(0 if found is None else found.score, score_set(step, step.now).score.at_least)


def low_glucose(step: Step) -> bool:
    """Say whether the newest glucose is at or below its red limit, or the meter says LO."""
    reading = step.state.newest.get(VitalCode.GLUCOSE)
    if reading is None:
        return False
    value = number_of(reading)
    if value is None:
        return reading.quality is Quality.BELOW_RANGE
    bounds = step.held.bounds.get(VitalCode.GLUCOSE, ())
    return any(bound.name == "alert_low" and bound.is_hit(value) for bound in bounds)


def context(step: Step, alert: Alert) -> dict[str, Any]:
    """Give all that travels with a deterioration: readings with age and source, score, limits."""
    plan, scored = step.state.plan, score_set(step, step.now)
    return {
        "readings": {
            code.value: {
                "value": reading.value,
                "at": reading.at,
                "age_min": int((step.now - reading.at).total_seconds()) // 60,
                "source": reading.source.value,
                "quality": reading.quality.value,
            }
            for code, reading in step.state.newest.items()
        },
        "news2": {
            "total": scored.score.total,
            "at_least": scored.score.at_least,
            "missing": list(scored.score.missing),
            "red": list(scored.score.red),
            "medium_from": MEDIUM_FROM,
        },
        "findings": [
            {
                "parameter": one.parameter,
                "level": one.level.value,
                "confirmed": one.is_confirmed,
                "since": one.since,
                "value": one.value,
                "recovered_at": one.recovered_at,
            }
            for one in alert.findings
        ],
        "limits": {
            code.value: {bound.name: bound.at for bound in bounds}
            for code, bounds in step.held.bounds.items()
            if code in step.state.newest
        },
        "ward": step.held.ward.id,
        "pathway": plan.pathway,
        "spo2_scale": plan.spo2_scale,
        "baseline_spo2_pct": plan.baseline_spo2_pct,
        "target_spo2_pct": plan.target_spo2_pct,
        "dry_weight_kg": plan.dry_weight_kg,
        "conditions": list(plan.conditions),
        "events": [
            {"event": one.event.value, "at": one.at, "by": one.by, "text": one.text}
            for one in step.state.recorded
        ],
        "opened_at": alert.opened_at,
        "acknowledged_by": alert.acknowledged_by,
    }
