"""Time on the floor (DECIDING 5): from the fall or the first report until "up"."""

from datetime import datetime

from msgspec.structs import replace

from alerts.case import Alarm, Reason, Referral
from alerts.lifecycle import TaskEvent
from alerts.referral.routes import SECOND_RESPONDER, also_because, route
from alerts.referral.watching import unwatch_floor, watch_floor
from alerts.rule_ids import Rule
from alerts.step import LIVE_TASKS, Step
from alerts.tasks import finish, finish_kind, make_task
from alerts.telecare import ladder
from alerts.telecare.home import warned
from alerts.timing import TimerKind
from alerts.waiting import ON_FLOOR, SUPERVISOR, front
from alerts.words import AlarmState, TaskKind

SECOND = "second responder"

WHILE_DOWN = (
    TimerKind.FLOOR_RETRIAGE,
    TimerKind.LONG_LIE,
    TimerKind.COMFORT,
    TimerKind.COMFORT_ANSWER,
)


def lies(step: Step, alarm: Alarm, since: datetime) -> tuple[Step, Alarm]:
    """Start the clock of the floor, unless it runs."""
    if alarm.on_floor_since is not None:
        return step, alarm
    alarm = replace(alarm, on_floor_since=since, marks={**alarm.marks, ON_FLOOR: step.now})
    step = watch_floor(step.put_alarm(alarm), alarm)
    rules = step.rules
    step = step.wait(TimerKind.FLOOR_RETRIAGE, since + rules.span(Rule.FLOOR_RETRIAGE), alarm.id)
    step = step.wait(TimerKind.LONG_LIE, since + rules.span(Rule.LONG_LIE), alarm.id)
    step = step.wait(TimerKind.COMFORT, step.now + rules.span(Rule.COMFORT_EVERY), alarm.id)
    for referral in step.open_referrals():
        step = late_team(step, referral)
    return step, step.alarm(alarm.id) or alarm


def is_up(step: Step, alarm: Alarm) -> tuple[Step, Alarm]:
    """Stop the clock of the floor."""
    marks = {n: at for n, at in alarm.marks.items() if n not in (ON_FLOOR, SECOND_RESPONDER)}
    alarm = replace(alarm, on_floor_since=None, marks=marks)
    step = step.put_alarm(alarm).stop(alarm.id, WHILE_DOWN)
    for task in step.case.tasks:
        if task.alarm == alarm.id and task.text.startswith(SECOND) and task.state in LIVE_TASKS:
            step = finish(step, task, TaskEvent.CANCEL)
    return unwatch_floor(step), alarm


def retriage(step: Step, alarm: Alarm) -> Step:
    """The person has been down for long: triage again, and a second responder."""
    reason = step.why(Rule.FLOOR_RETRIAGE, "still_on_floor", since=alarm.on_floor_since)
    return _again(step, alarm, reason)


def late_team(step: Step, referral: Referral) -> Step:
    """The team will come late for somebody on the floor: triage again now, a second responder."""
    for alarm in step.case.alarms:
        theirs = alarm.id == referral.alarm or alarm.state is not AlarmState.CLOSED
        if not theirs or alarm.on_floor_since is None or referral.eta_at is None:
            continue
        if referral.eta_at - alarm.on_floor_since > step.rules.span(Rule.FLOOR_ETA):
            reason = step.why(
                Rule.FLOOR_ETA, "late_for_floor", eta=referral.eta_at, since=alarm.on_floor_since
            )
            step = _again(step, alarm, reason)
    return step


def _again(step: Step, alarm: Alarm, reason: Reason) -> Step:
    """Call for a new triage; ask once for a second responder, whom a person telephones."""
    step = step.notify(SUPERVISOR, alarm, reason, "triage again; second responder")
    if SECOND_RESPONDER in alarm.marks:
        return step
    alarm = replace(alarm, marks={**alarm.marks, SECOND_RESPONDER: step.now})
    step = step.put_alarm(alarm)
    coming = frozenset(referral.service for referral in step.open_referrals())
    choice = route(step, SECOND_RESPONDER, but=coming)
    service = None if choice.service is None else choice.service.id
    step, _ = make_task(
        step,
        TaskKind.PHONE_REFERRAL,
        reason,
        alarm=alarm.id,
        service=service,
        due_at=step.now,
        text=f"{SECOND}: {service or 'no service can go; contacts, neighbours, ambulance control'}",
    )
    asked = step.why(Rule.SECOND_RESPONDER, "second_responder", coming=sorted(coming))
    return also_because(step, (asked, *choice.reasons))


def long_lie(step: Step, alarm: Alarm) -> Step:
    """A long lie: a clinician or 999 must decide now."""
    reason = step.why(Rule.LONG_LIE, "long_lie", since=alarm.on_floor_since)
    return front(step, alarm.id, reason, "long lie: clinician or 999 decision")


def comfort(step: Step, alarm: Alarm) -> Step:
    """Time for a comfort call; no answer to it starts the silent ladder."""
    reason = step.why(Rule.COMFORT_EVERY, "waiting_on_floor", since=alarm.on_floor_since)
    due_at = step.now + step.rules.span(Rule.COMFORT_ANSWER)
    step = finish_kind(step, TaskKind.COMFORT_CALL, alarm.id, TaskEvent.CANCEL)
    text = warned(step, "")
    step, _ = make_task(
        step, TaskKind.COMFORT_CALL, reason, alarm=alarm.id, due_at=due_at, text=text
    )
    step = step.wait(TimerKind.COMFORT_ANSWER, due_at, alarm.id)
    return step.wait(TimerKind.COMFORT, step.now + step.rules.span(Rule.COMFORT_EVERY), alarm.id)


def comfort_unanswered(step: Step, alarm: Alarm) -> Step:
    """Nobody answered the comfort call: the silent ladder, unless it runs already."""
    reason = step.why(Rule.COMFORT_ANSWER, "comfort_call_unanswered", since=alarm.silent_since)
    step = step.notify(SUPERVISOR, alarm, reason, "comfort call unanswered", TaskKind.COMFORT_CALL)
    if alarm.silent_since is None:
        step, _ = ladder.start(step, alarm)
    return step
