"""What a clinician does: acknowledge, snooze, confirm, 999, close, note, record, discharge, ...

Acknowledging and reviewing set when somebody looks again, at the latest after the figure of the
level. A snooze sets one amber finding aside for at most its figure; never red, which confusion
always is, and never what has become worse. What cannot be done is refused, with what was found and
expected.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from alerts.case import Reason
from alerts.lifecycle import Forbidden
from alerts.rule_ids import Rule
from alerts.vital_words import ClinicianAct, Crisis, Level, VitalEvent
from alerts.vitals import board, handing, ringing, schedule
from alerts.vitals.inputs import ClinicianEvent
from alerts.vitals.state import MAX_RECORDED, RANK, Alert, Finding, Recorded, worst
from alerts.vitals.step import WARD, Step, TimerKind
from alerts.words import What

REVIEWS = {Level.RED: Rule.VITALS_REVIEW_RED, Level.AMBER: Rule.VITALS_REVIEW_AMBER}
TOLD = frozenset({VitalEvent.RESCUE_PACK_STARTED})
MAX_NOTE_CHARS = 2_000


def act(step: Step, event: ClinicianEvent) -> Step:
    """Do what a clinician did.

    Raises:
        Forbidden: it cannot be done as things stand.
    """
    if event.do is ClinicianAct.RECORD:
        return _record(step, event)
    if event.do is ClinicianAct.STATUS:
        return _status(step, event)
    if event.do is ClinicianAct.DISCHARGE:
        return _discharge(step, event)
    alert = step.state.alert
    if alert is None or event.alarm not in (None, alert.id):
        raise Forbidden(f"alarm {event.alarm} is not open for this person", Rule.VITALS_ACTS)
    return ACTS[event.do](step, alert, event)


def _acknowledge(step: Step, alert: Alert, event: ClinicianEvent) -> Step:
    """Somebody has it: the ladder ends, and a review is due."""
    level = _to_review(alert)
    rule = REVIEWS[level]
    longest = step.now + step.rules.span(rule)
    until = event.until or longest
    if not step.now < until <= longest:
        raise Forbidden(
            f"review by {until.isoformat()}, expected after now and by {longest.isoformat()}", rule
        )
    alert = replace(
        alert,
        acknowledged_by=event.clinician,
        acknowledged_at=step.now,
        first_acknowledged_at=alert.first_acknowledged_at or step.now,
        review_by=until,
        rung_level=max((alert.rung_level, alert.clinical_level), key=RANK.__getitem__),
        rung_missing=alert.rung_missing or alert.lacks,
        rung_score=max(alert.rung_score, alert.shown_score),
        note=event.text[:MAX_NOTE_CHARS] or alert.note,
    )
    step = step.change(alert=alert).stop(ringing.LADDER).wait(TimerKind.REVIEW, until, "")
    did = _did(step, event)
    why = step.why(rule, "review_by", level=level.value)
    return step.about(What.COUNTDOWN_STARTED, alert, did, why, due_at=until, text=event.text)


def _to_review(alert: Alert) -> Level:
    """Give the worst that has not recovered; once everything has, the worst there was."""
    still = [one.level for one in alert.findings if one.recovered_at is None]
    found = still or [one.level for one in alert.findings]
    return max(found, key=RANK.__getitem__)


def _did(step: Step, event: ClinicianEvent, **inputs: object) -> Reason:
    said = {"for": event.reason} if event.reason else {}
    return step.why(Rule.VITALS_ACTS, event.do.value, clinician=event.clinician, **said, **inputs)


def _snooze(step: Step, alert: Alert, event: ClinicianEvent) -> Step:
    finding = alert.finding(event.parameter or "")
    if finding is None:
        open_now = ", ".join(one.parameter for one in alert.findings)
        raise Forbidden(
            f"snooze of {event.parameter}, expected one of {open_now}", Rule.VITALS_SNOOZE
        )
    if said := _not_to_snooze(finding, event):
        raise Forbidden(said, Rule.VITALS_SNOOZE)
    longest = step.now + step.rules.span(Rule.VITALS_SNOOZE)
    until = event.until or longest
    if not step.now < until <= longest:
        raise Forbidden(
            f"snooze until {until.isoformat()}, expected by {longest.isoformat()}",
            Rule.VITALS_SNOOZE,
        )
    aside = replace(finding, snoozed_until=until, snoozed_by=event.clinician)
    alert = _with(alert, aside)
    # What is set aside has not rung for anything else: another finding of its level still does.
    found = (one.level for one in alert.findings if not (one.is_snoozed or one.is_missing))
    alert = replace(
        alert,
        rung_level=min((alert.rung_level, worst(found)), key=RANK.__getitem__),
        rung_missing=alert.rung_missing and alert.lacks,
    )
    step = step.change(alert=alert).wait(TimerKind.SNOOZE, until, aside.parameter)
    why = step.why(Rule.VITALS_SNOOZE, "snoozed", parameter=aside.parameter, level=aside.level)
    did = _did(step, event)
    return step.about(What.COUNTDOWN_STARTED, alert, did, why, due_at=until, text=event.text)


def _not_to_snooze(finding: Finding, event: ClinicianEvent) -> str:
    if finding.level is Level.RED or event.level is Level.RED:
        return f"{finding.parameter} is red: acknowledge it and review it in time"
    if finding.worse:
        return f"{finding.parameter} has become worse: acknowledge it and review it in time"
    return ""


def _with(alert: Alert, finding: Finding) -> Alert:
    findings = tuple(
        finding if one.parameter == finding.parameter else one for one in alert.findings
    )
    return replace(alert, findings=findings)


def _confirm(step: Step, alert: Alert, event: ClinicianEvent) -> Step:
    """A clinician asks for the crisis team: telecare makes the referral."""
    step, alert = _has_it(step, alert, event)
    return _hand(step, alert, event, Crisis.CLINICIAN_CONFIRMED)


def _emergency(step: Step, alert: Alert, event: ClinicianEvent) -> Step:
    """A clinician takes up the 999 that is offered."""
    step, alert = _has_it(step, alert, event)
    return _hand(step, alert, event, Crisis.EMERGENCY)


def _has_it(step: Step, alert: Alert, event: ClinicianEvent) -> tuple[Step, Alert]:
    """Whoever decides has the alert: its review is due as after an acknowledgement."""
    step = _acknowledge(step, alert, replace(event, until=None))
    return step, step.state.alert or alert


def _hand(step: Step, alert: Alert, event: ClinicianEvent, crisis: Crisis) -> Step:
    reasons = (_did(step, event, need=event.need), *_why(alert))
    alert = replace(alert, handed=(*alert.handed, crisis.value)[-len(Crisis) * 2 :])
    return handing.hand(
        step.change(alert=alert),
        alert,
        crisis,
        reasons,
        clinician=event.clinician,
        need=event.need,
        service=event.service,
    )


def _why(alert: Alert) -> tuple[Reason, ...]:
    return tuple(reason for one in alert.findings for reason in one.reasons[:1])


def _close(step: Step, alert: Alert, event: ClinicianEvent) -> Step:
    if not event.reason:
        raise Forbidden("close needs a reason", Rule.VITALS_ACTS)
    return board.close(step, alert, _did(step, event), text=event.text)


def _note(step: Step, alert: Alert, event: ClinicianEvent) -> Step:
    alert = replace(alert, note=event.text[:MAX_NOTE_CHARS])
    return step.change(alert=alert).about(What.NOTHING, alert, _did(step, event), text=event.text)


def _record(step: Step, event: ClinicianEvent) -> Step:
    """Keep what happened on the pathway; the ward is told of a rescue pack."""
    if event.event is None:
        raise Forbidden("record needs `event`: " + ", ".join(VitalEvent), Rule.VITALS_EVENT)
    kept = Recorded(event.event, step.now, event.clinician, event.text[:MAX_NOTE_CHARS])
    step = step.change(recorded=(*step.state.recorded, kept)[-MAX_RECORDED:])
    reason = step.why(Rule.VITALS_EVENT, event.event.value, by=event.clinician)
    if event.event in TOLD:
        return step.notify(WARD, reason, event.event.value, step.state.alert)
    return step.say(What.NOTHING, reason, text=event.text)


def _status(step: Step, event: ClinicianEvent) -> Step:
    if event.status is None:
        raise Forbidden("status needs `status`", Rule.VITALS_STATUS)
    plan = replace(step.state.plan, status=event.status, away_until=event.away_until)
    reason = step.why(Rule.VITALS_STATUS, "status_changed", status=event.status.value)
    return step.change(plan=plan).say(What.NOTHING, reason)


def _discharge(step: Step, event: ClinicianEvent) -> Step:
    """End the monitoring: nothing is prompted or missed any more, what still comes is flagged.

    It closes nothing: whoever discharges a person first says what became of what is open.
    """
    if not event.reason:
        raise Forbidden("discharge needs a reason", Rule.VITALS_PLAN)
    if (ended_at := step.state.plan.ended_at) is not None:
        raise Forbidden(f"the monitoring ended at {ended_at.isoformat()}", Rule.VITALS_PLAN)
    if (alert := step.state.alert) is not None:
        since = alert.opened_at.isoformat()
        raise Forbidden(
            f"an alert is open since {since}: close it with its reason first", Rule.VITALS_PLAN
        )
    reason = step.why(
        Rule.VITALS_PLAN, "discharged", clinician=event.clinician, **{"for": event.reason}
    )
    step = step.change(plan=replace(step.state.plan, ended_at=step.now))
    return schedule.arm(step).say(What.NOTHING, reason, text=event.text[:MAX_NOTE_CHARS])


ACTS: Mapping[ClinicianAct, Callable[[Step, Alert, ClinicianEvent], Step]] = {
    ClinicianAct.ACKNOWLEDGE: _acknowledge,
    ClinicianAct.REVIEW: _acknowledge,
    ClinicianAct.SNOOZE: _snooze,
    ClinicianAct.CONFIRM: _confirm,
    ClinicianAct.EMERGENCY: _emergency,
    ClinicianAct.CLOSE: _close,
    ClinicianAct.NOTE: _note,
}


def review_due(step: Step) -> Step:
    """The review is due: what is unresolved returns and rings; what is resolved is closed."""
    alert = step.state.alert
    assert alert is not None  # closing stops the timer
    by = {"acknowledged_by": alert.acknowledged_by, "acknowledged_at": alert.acknowledged_at}
    if alert.has_recovered:
        return board.close(step, alert, step.why(Rule.VITALS_REVIEW, "resolved", **by))
    reason = step.why(Rule.VITALS_REVIEW, "unresolved_returns", **by)
    return ringing.ring(step.about(What.ALARM_UNTAKEN, alert, reason), alert, reason)


def snooze_over(step: Step, parameter: str) -> Step:
    """A snooze ends: what is still out of order returns and rings."""
    alert = step.state.alert
    finding = None if alert is None else alert.finding(parameter)
    if alert is None or finding is None:
        return step
    alert = _with(alert, replace(finding, snoozed_until=None, snoozed_by=None))
    step = step.change(alert=alert)
    reason = step.why(Rule.VITALS_SNOOZE, "snooze_over", parameter=parameter)
    if finding.recovered_at is not None:
        return step.about(What.NOTHING, alert, reason)
    step = step.about(What.ALARM_UNTAKEN, alert, reason)
    return ringing.ring(step, alert, reason)
