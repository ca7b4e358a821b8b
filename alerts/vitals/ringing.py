"""Ringing: the ward, its lead, its on-call phone, then the operator of the alarm receiving centre.

In the ward's hours its own desk rings, outside of them its out-of-hours owner. An unacknowledged
red climbs; when the ladder is exhausted, the deterioration is handed to telecare. An acknowledged
alert is silent until something worse is confirmed, or until its review is due.
"""

from datetime import timedelta

from msgspec.structs import replace

from alerts.case import Reason
from alerts.facts import Service
from alerts.hours import is_open
from alerts.rule_ids import Rule
from alerts.vital_words import Crisis, Level
from alerts.vitals import handing
from alerts.vitals.state import RANK, Alert, worst
from alerts.vitals.step import LEAD, ON_CALL, OUT_OF_HOURS, WARD, Step, TimerKind
from alerts.words import PersonStatus, What

LADDER = (TimerKind.LADDER, TimerKind.OPERATOR)
NOBODY_TO_SEND_FOR = frozenset(
    {PersonStatus.IN_HOSPITAL, PersonStatus.ENDED, PersonStatus.DECEASED}
)


def ring_if_worse(step: Step) -> Step:
    """Ring when something worse than rang before is confirmed."""
    alert = step.state.alert
    assert alert is not None  # there is one wherever something was found
    level = alert.confirmed_level
    if level is None:
        return step
    told = _to_tell(alert)
    if told is None and alert.rung_level is None and alert.lacks and not alert.rung_missing:
        reason = step.why(Rule.VITALS_RAISED, "rings", level=level.value, was=None)
        return ring(step, alert, reason)
    if told is not None and RANK[told] > RANK[alert.rung_level]:
        reason = step.why(Rule.VITALS_RAISED, "rings", level=told.value, was=alert.rung_level)
        return ring(step, alert, reason)
    risen = alert.score - alert.rung_score
    if alert.acknowledged_at is not None and risen >= step.rules.count(Rule.VITALS_WORSE):
        reason = step.why(Rule.VITALS_WORSE, "score_rose", score=alert.score, was=alert.rung_score)
        return ring(step, alert, reason)
    return step


def _to_tell(alert: Alert) -> Level | None:
    """Give the worst that is confirmed; of what has become worse, only once that is confirmed."""
    return worst(
        one.confirmed
        for one in alert.findings
        if not (one.is_snoozed or one.is_missing) and (one.is_confirmed or not one.worse)
    )


def ring(step: Step, alert: Alert, reason: Reason) -> Step:
    """Ring anew: nobody has it any more; a red one starts to climb."""
    level = alert.confirmed_level or alert.level
    assert level is not None  # an alert without findings is closed
    found = (f.confirmed for f in alert.findings if not (f.is_snoozed or f.is_missing))
    rung = alert.clinical_level if alert.confirmed_level is None else worst(found)
    alert = replace(
        alert,
        acknowledged_by=None,
        acknowledged_at=None,
        review_by=None,
        rung_level=rung,
        rung_missing=alert.lacks,
        rung_score=max(alert.score, 0),
    )
    step = step.change(alert=alert).stop((*LADDER, TimerKind.REVIEW))
    step = step.notify(_desk(step), reason, f"{level.value}: {_parameters(alert)}", alert)
    return _climb(step, alert) if level is Level.RED else step


def _desk(step: Step) -> str:
    return WARD if in_hours(step) else OUT_OF_HOURS


def in_hours(step: Step) -> bool:
    """Say whether the ward is staffed now, by its own wall clock."""
    ward = step.held.ward
    return is_open(Service(ward.id, timezone=ward.timezone, hours=ward.hours), step.now)


def _parameters(alert: Alert) -> str:
    return ", ".join(one.parameter for one in alert.findings if one.recovered_at is None)


def _climb(step: Step, alert: Alert) -> Step:
    if step.status in NOBODY_TO_SEND_FOR:
        return step
    ward = step.held.ward
    for number, minutes in enumerate(ward.ladder_min):
        step = step.wait(TimerKind.LADDER, step.now + timedelta(minutes=minutes), str(number))
    last_at = step.now + timedelta(minutes=ward.ladder_min[-1])
    step = step.wait(TimerKind.OPERATOR, last_at + step.rules.span(Rule.VITALS_OPERATOR), "")
    due_at = step.now + timedelta(minutes=ward.ladder_min[0])
    reason = step.why(Rule.VITALS_LADDER, "unacknowledged_red", ladder_min=list(ward.ladder_min))
    return step.about(What.COUNTDOWN_STARTED, alert, reason, due_at=due_at)


def rung(step: Step, number: str) -> Step:
    """Nobody has acknowledged a red in time: ring the lead, then the on-call phone."""
    alert = step.state.alert
    assert alert is not None  # closing and acknowledging stop the ladder
    ward, first, open_now = step.held.ward, number == "0", in_hours(step)
    if first and open_now:
        to, who = LEAD, ward.lead
    else:
        to, who = (OUT_OF_HOURS, ward.out_of_hours) if first else (ON_CALL, ward.on_call)
    name = "on_call_rung" if not first else ("lead_rung" if open_now else "out_of_hours_rung")
    reason = step.why(Rule.VITALS_LADDER, name, since=alert.opened_at, who=who or None)
    return step.notify(to, reason, "red, not acknowledged", alert)


def exhausted(step: Step) -> Step:
    """Nobody of the ward has it: the operator of the alarm receiving centre does now."""
    alert = step.state.alert
    assert alert is not None  # as above
    reason = step.why(Rule.VITALS_LADDER, "ladder_exhausted", since=alert.opened_at)
    step = step.about(What.ALARM_UNTAKEN, alert, reason)
    return handing.hand(step, alert, Crisis.LADDER_EXHAUSTED, (reason,))
