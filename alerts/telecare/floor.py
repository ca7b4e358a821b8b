"""Time on the floor (DECIDING 5): from the fall or the first report until "up"."""

from datetime import datetime

from msgspec.structs import replace

from alerts.case import Alarm, Reason, Referral
from alerts.lifecycle import TaskEvent
from alerts.referral.automatic import is_held
from alerts.referral.choose import UCR
from alerts.referral.routes import SECOND_RESPONDER, phone_task, route
from alerts.referral.watching import unwatch_floor, watch_floor
from alerts.rule_ids import Rule
from alerts.rule_rows import Ladder
from alerts.step import LIVE_TASKS, Step
from alerts.tasks import finish, finish_kind, make_task
from alerts.telecare import ladder
from alerts.timing import TimerKind
from alerts.waiting import CONSOLES, ON_FLOOR, SUPERVISOR, front
from alerts.words import AlarmState, ReferralState, TaskKind, What

SECOND = "second responder"
NOBODY_CAN_GO = f"{SECOND}: no service can go; contacts, neighbours, ambulance control"
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
    due = {
        TimerKind.FLOOR_RETRIAGE: since + step.rules.span(Rule.FLOOR_RETRIAGE),
        TimerKind.LONG_LIE: since + step.rules.span(Rule.LONG_LIE),
        TimerKind.COMFORT: step.now + step.rules.span(Rule.COMFORT_EVERY),
    }
    step = step.wait_each(alarm.id, due)
    for referral in step.open_referrals():
        step = late_team(step, referral)
    return step, step.alarm(alarm.id) or alarm


def is_up(step: Step, alarm: Alarm) -> tuple[Step, Alarm]:
    """Stop the clock of the floor."""
    marks = {n: at for n, at in alarm.marks.items() if n not in (ON_FLOOR, SECOND_RESPONDER)}
    alarm = replace(alarm, on_floor_since=None, marks=marks)
    step = step.put_alarm(alarm).stop(alarm.id, WHILE_DOWN)
    step = finish_kind(step, TaskKind.COMFORT_CALL, alarm.id, TaskEvent.CANCEL)
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
    choice = route(step, SECOND_RESPONDER, but=coming | _not_before_voice(step, alarm))
    asked = step.why(Rule.SECOND_RESPONDER, "second_responder", coming=sorted(coming))
    choice = replace(choice, reasons=(asked, *choice.reasons))
    return phone_task(step, alarm, reason, choice, SECOND if choice.service else NOBODY_CAN_GO)


def _not_before_voice(step: Step, alarm: Alarm) -> frozenset[str]:
    """Give the crisis teams while no voice was heard after a fall and 999 was not asked for."""
    if not is_held(alarm):
        return frozenset()
    return frozenset(service.id for service in step.facts.services if service.kind == UCR)


def long_lie(step: Step, alarm: Alarm) -> Step:
    """A long lie: a clinician or 999 must decide now."""
    reason = step.why(Rule.LONG_LIE, "long_lie", since=alarm.on_floor_since)
    return front(step, alarm.id, reason, "long lie: clinician or 999 decision")


def comfort(step: Step, alarm: Alarm) -> Step:
    """Time for a comfort call; no answer to it starts the silent ladder."""
    again_at = step.now + step.rules.span(Rule.COMFORT_EVERY)
    step = step.wait(TimerKind.COMFORT, again_at, alarm.id)
    if step.row(alarm).ladder is Ladder.LISTEN:
        reason = step.why(Rule.LISTEN_ONLY, "listen_only", since=alarm.on_floor_since)
        return step.notify(
            CONSOLES, alarm, reason, "on the floor; never speak, never call the home"
        )
    if (team := _team_there(step, alarm)) is not None:
        there = step.why(Rule.COMFORT_EVERY, "team_is_there", referral=team.id, by=team.service)
        return step.about(What.NOTHING, alarm, there)
    reason = step.why(Rule.COMFORT_EVERY, "waiting_on_floor", since=alarm.on_floor_since)
    due_at = step.now + step.rules.span(Rule.COMFORT_ANSWER)
    step = finish_kind(step, TaskKind.COMFORT_CALL, alarm.id, TaskEvent.CANCEL)
    step, _ = make_task(step, TaskKind.COMFORT_CALL, reason, alarm=alarm.id, due_at=due_at)
    return step.wait(TimerKind.COMFORT_ANSWER, due_at, alarm.id)


def _team_there(step: Step, alarm: Alarm) -> Referral | None:
    """Find the team that came after this fall and has not finished: nobody waits for it now."""
    since = alarm.on_floor_since
    assert since is not None  # comfort calls are for who lies on the floor
    came = (
        referral
        for referral in step.open_referrals()
        if referral.state is ReferralState.ATTENDED
        and referral.first_face_to_face_at is not None
        and referral.first_face_to_face_at >= since
    )
    return next(came, None)


def comfort_unanswered(step: Step, alarm: Alarm) -> Step:
    """Nobody answered the comfort call: the silent ladder, unless it runs already."""
    reason = step.why(Rule.COMFORT_ANSWER, "comfort_call_unanswered", since=alarm.silent_since)
    step = step.notify(SUPERVISOR, alarm, reason, "comfort call unanswered", TaskKind.COMFORT_CALL)
    if alarm.silent_since is None:
        step, _ = ladder.start(step, alarm, asked=True)
    return step
