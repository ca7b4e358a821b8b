"""Deciding about vital signs: readings, acts and time in; the new state and what to do out.

Contract: pure. Every function first runs the timers that are due up to its time, in order; the time
used is never before `state.as_of`. Reports are judged one by one, each at its receipt, so that the
same reports in any split of batches decide the same. A report that changes nothing but the newest
readings gives no entries.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from alerts.case import Timer
from alerts.ids import task_id
from alerts.lifecycle import Forbidden
from alerts.rule_ids import Rule
from alerts.ruleset import Rules
from alerts.vitals import acts, board, ringing, schedule
from alerts.vitals.inputs import ClinicianEvent, Reading, Report
from alerts.vitals.plan import MonitoringPlan, effective, refuse
from alerts.vitals.state import VitalsState
from alerts.vitals.step import Step, TimerKind, VitalsDecision, begin
from alerts.vitals.taking import take
from alerts.words import TaskKind, What
from devices.model import Quality, VitalCode

TIMERS_AT_ONCE = 500
"""Of what is due after a long outage so many fire in one decision; the rest is due at once."""
MINUTE = timedelta(minutes=1)


def new_state(person: str, now: datetime) -> VitalsState:
    """Give the empty state of a person, watched by the default ward without a pathway."""
    return VitalsState(person, now, MonitoringPlan(started_at=now))


def configure(
    state: VitalsState, plan: MonitoringPlan, rules: Rules, now: datetime
) -> VitalsDecision:
    """Give a person another plan; what of it may not be activated is refused and left out."""
    step = _run(begin(state, rules, now), now)
    kept, wrong = refuse(plan, step.rules, step.now)
    for text, reason in wrong:
        step = step.say(What.REFUSED, reason, text=text)
    step = step.change(plan=kept, effective=effective(kept, step.rules, step.now))
    return _next_limits(schedule.arm(step)).decision()


def on_readings(
    state: VitalsState, reports: Sequence[Report], rules: Rules, now: datetime
) -> VitalsDecision:
    """Decide reports in the order they came, each at its receipt, and then what is due by now."""
    if len(reports) == 1 and (calm := _calm(state, reports[0], rules, now)) is not None:
        return VitalsDecision(calm)
    step = begin(state, rules, now)
    for report in reports:
        step = take(_run(step, report.received_at), report)
    return _run(step, now).decision()


def on_event(
    state: VitalsState, event: ClinicianEvent, rules: Rules, now: datetime
) -> VitalsDecision:
    """Decide what a clinician did."""
    step = _run(begin(state, rules, now), now)
    try:
        return acts.act(step, event).decision()
    except Forbidden as no:
        inputs = {"do": event.do.value, "clinician": event.clinician, "message": str(no)}
        reason = step.why(no.rule, "refused", **inputs)
        alarm = None if step.state.alert is None else step.state.alert.id
        return step.say(What.REFUSED, reason, alarm=alarm, text=str(no)).decision()


def due(state: VitalsState, rules: Rules, now: datetime) -> VitalsDecision:
    """Decide the timers that are due, in order, each at its own time."""
    return _run(begin(state, rules, now), now).decision()


def _calm(state: VitalsState, report: Report, rules: Rules, now: datetime) -> VitalsState | None:
    """Give the new state when a report changes nothing but the newest readings; else None.

    Every measurement that is as it should be comes this way, so it costs a few microseconds.
    """
    held, timers = state.effective, state.timers
    if (
        held is None
        or state.alert is not None
        or (timers and timers[0].due_at <= now)
        or report.answered
        or held.mark != rules.at(now).vitals.mark
    ):
        return None
    newest, calm = dict(state.newest), held.calm
    oldest = max(report.received_at, state.as_of) - held.ward.set_window_min * MINUTE
    for reading in report.readings:
        known = newest.get(reading.code)
        if (known is not None and known.at >= reading.at) or reading.at < oldest:
            return None
        if reading.flags or reading.quality is not Quality.OK or not _is_calm(reading, calm):
            return None
        newest[reading.code] = reading
    return replace(state, newest=newest, as_of=max(now, report.received_at, state.as_of))


def _is_calm(reading: Reading, calm: Mapping[VitalCode, tuple[float, float]]) -> bool:
    value = reading.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        span = calm.get(reading.code)
        return span is not None and span[0] < value < span[1]
    return value == "A" or value is False


def _run(step: Step, until: datetime) -> Step:
    """Fire what is due up to a time; at the limit the state stays at the last timer's time."""
    for _ in range(TIMERS_AT_ONCE):
        timers = step.state.timers
        if not timers or timers[0].due_at > until:
            return step.at(until)
        step = _fire(step, timers[0])
    return step


def _fire(step: Step, timer: Timer) -> Step:
    kind = TimerKind(timer.kind)
    step = step.at(timer.due_at).stop((kind,), timer.about)
    return FIRES[kind](step, timer.about)


def _recheck_over(step: Step) -> Step:
    """No second reading came in time: what waited counts as confirmed, and somebody calls."""
    alert = step.state.alert
    assert alert is not None  # closing stops the timer
    over = [f for f in alert.findings if f.recheck_by is not None and f.recheck_by <= step.now]
    names = [one.parameter for one in over]
    findings = tuple(
        replace(one, confirmed=one.level, recheck_by=None) if one in over else one
        for one in alert.findings
    )
    alert = replace(alert, findings=findings)
    reason = step.why(Rule.VITALS_RECHECK, "no_recheck", parameters=names)
    step = step.change(alert=alert).about(What.ALARM_RAISED, alert, reason)
    if step.status not in board.SHOWN_ONLY:
        task = TaskKind.CALL_PATIENT
        cause = f"{alert.id}|{step.now.isoformat()}"
        step = step.about(
            What.TASK_MADE,
            alert,
            reason,
            task=task,
            task_id=task_id(cause, task.value, 1),
            due_at=step.now,
            text=f"no re-check: {', '.join(names)}",
        )
    return ringing.ring_if_worse(board.await_recheck(step))


def _next_limits(step: Step) -> Step:
    """Wait for the day on which another set of the person's own limits begins to hold."""
    until = step.held.until
    if until is None:
        return step.stop((TimerKind.LIMITS,))
    return step.wait(TimerKind.LIMITS, until, "")


def _limits_begin(step: Step) -> Step:
    step = step.change(effective=effective(step.state.plan, step.rules, step.now))
    versions = [s.version for s in step.state.plan.limits if s.effective == step.now]
    reason = step.why(Rule.VITALS_PERSONAL, "own_limits_begin", versions=versions)
    return _next_limits(step.say(What.NOTHING, reason))


FIRES: Mapping[TimerKind, Callable[[Step, str], Step]] = {
    TimerKind.LIMITS: lambda step, _: _limits_begin(step),
    TimerKind.RECHECK: lambda step, _: _recheck_over(step),
    TimerKind.LADDER: ringing.rung,
    TimerKind.OPERATOR: lambda step, _: ringing.exhausted(step),
    TimerKind.REVIEW: lambda step, _: acts.review_due(step),
    TimerKind.SNOOZE: acts.snooze_over,
    TimerKind.PROMPT: schedule.prompt,
    TimerKind.MISSING: schedule.missing,
}
