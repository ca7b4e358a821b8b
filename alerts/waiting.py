"""An alarm in the queue: ringing, taken, untaken, in front of an operator again.

Contract: these functions move an alarm between open and taken, and keep the countdowns that run
while nobody has it. They close nothing and send no referral.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from alerts.case import Alarm, Reason
from alerts.events import Unseen
from alerts.lifecycle import ALARM, AlarmEvent, advance
from alerts.plans import Planned, calls_of, first_plan, plan_of
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.timing import TimerKind
from alerts.words import AlarmKind, AlarmState, TaskKind, What

ASKED = "referral_asked"
ON_FLOOR = "on_floor"
CONSOLES = ("consoles",)
SUPERVISOR = ("consoles", "supervisor")
PARTNER = ("partner",)
IN_QUEUE = (
    TimerKind.REFER,
    TimerKind.CLIMB_CONSOLES,
    TimerKind.CLIMB_SUPERVISOR,
    TimerKind.CLIMB_PARTNER,
)
WHILE_TAKEN = (TimerKind.TAKEN_IDLE, TimerKind.PRESSED_AGAIN)
CLIMB = {
    TimerKind.CLIMB_CONSOLES: (Rule.CLIMB_CONSOLES, CONSOLES),
    TimerKind.CLIMB_SUPERVISOR: (Rule.CLIMB_SUPERVISOR, SUPERVISOR),
    TimerKind.CLIMB_PARTNER: (Rule.CLIMB_PARTNER, PARTNER),
}


def is_referred(step: Step, alarm: Alarm) -> bool:
    """Say whether a referral was made or tried for the alarm, whatever became of it."""
    return ASKED in alarm.marks or alarm.id in [one.alarm for one in step.case.referrals]


def queue(step: Step, alarm: Alarm, planned: Planned | None = None) -> Step:
    """Start what runs while nobody has the alarm: its plan's countdown, or the climb."""
    if alarm.kind is AlarmKind.TECHNICAL:
        return step
    planned = planned or plan_of(step, alarm)
    if planned.plan.after_untaken_s is None or is_referred(step, alarm):
        return climb(step, alarm)
    return _count_down(step, alarm, planned, planned.plan.after_untaken_s)


def call_too(step: Step, alarm: Alarm, planned: Planned, *, urgent: bool) -> Step:
    """Let the plan of a call that joined an untaken alarm count from now, beside what runs.

    `planned` is that call's own plan. It moves nothing back; an urgent call does not wait for the
    countdown of the lesser one, and ends it where it bars what would go out.
    """
    after_s = planned.plan.after_untaken_s
    if after_s is not None and not is_referred(step, alarm):
        running_until = _due_at(step, TimerKind.REFER, alarm)
        sooner = running_until is None or step.now + timedelta(seconds=after_s) < running_until
        return _count_down(step, alarm, planned, after_s) if sooner else step
    if not urgent:
        return step
    if planned.barred or first_plan(step, alarm).after_untaken_s is None:
        step = step.stop(alarm.id, (TimerKind.REFER,))
    return climb(step, alarm)


def call_taken_back(step: Step, alarm: Alarm) -> Step:
    """A call of an alarm stands no more: what counted down for it alone goes on for the others."""
    running_until = _due_at(step, TimerKind.REFER, alarm)
    if running_until is None:
        return step
    after_s = plan_of(step, alarm).plan.after_untaken_s
    if after_s is None:
        return climb(step.stop(alarm.id, (TimerKind.REFER,)), alarm)
    due_at = min(calls_of(step, alarm).values()) + timedelta(seconds=after_s)
    return step.wait(TimerKind.REFER, max(due_at, running_until), alarm.id)


def _due_at(step: Step, kind: TimerKind, alarm: Alarm) -> datetime | None:
    found = (t.due_at for t in step.case.timers if t.about == alarm.id and t.kind == kind)
    return next(found, None)


def _count_down(step: Step, alarm: Alarm, planned: Planned, after_s: int) -> Step:
    due_at = step.now + timedelta(seconds=after_s)
    return step.wait(TimerKind.REFER, due_at, alarm.id).about(
        What.COUNTDOWN_STARTED,
        alarm,
        step.why(Rule.AFTER_UNTAKEN, "nobody_has_it", after_s=after_s),
        *planned.reasons,
        due_at=due_at,
    )


def climb(step: Step, alarm: Alarm) -> Step:
    """Start the climb of an untaken alarm: all consoles, supervisor, partner centre.

    One that has begun is not begun again: its next rung would come later.
    """
    if step.waits_for(CLIMB, alarm.id):
        return step
    due = {kind: step.now + step.rules.span(rule) for kind, (rule, _) in CLIMB.items()}
    return step.wait_each(alarm.id, due)


def climbed(step: Step, kind: TimerKind, alarm: Alarm) -> Step:
    """Ring higher up, because nobody has the alarm yet."""
    rule, audience = CLIMB[kind]
    reason = step.why(rule, "untaken", alarm_at=alarm.alarm_at)
    return step.notify(audience, alarm, reason, "untaken")


def unseen(step: Step, event: Unseen) -> Step:
    """Ring at the supervisor's at once: the climb's own notice, before its time.

    The climb runs on beside it; what somebody has taken since rings at nobody's.
    """
    alarm = step.alarm(event.alarm)
    if alarm is None or alarm.state is not AlarmState.OPEN or alarm.kind is AlarmKind.TECHNICAL:
        return step
    reason = step.why(Rule.CLIMB_SUPERVISOR, "unseen", alarm_at=alarm.alarm_at)
    return step.notify(SUPERVISOR, alarm, reason, "unseen")


def take(step: Step, alarm: Alarm, operator: str, event: AlarmEvent) -> tuple[Step, Alarm]:
    """Give an open alarm to an operator, or note that its taker acts on it.

    Raises:
        Forbidden: the alarm is closed, or taken already.
    """
    state = advance(ALARM, alarm.state, event)
    taken = alarm.state is AlarmState.OPEN and state is AlarmState.TAKEN
    alarm = replace(alarm, state=state, acted_at=step.now)
    if taken:
        taken_at = alarm.taken_at or step.now
        alarm = replace(alarm, taken_by=operator, taken_at=taken_at)
        step = step.stop(alarm.id, IN_QUEUE)
        if alarm.device is not None:
            body = {"text": "a person has it"}
            step = step.send(alarm.id, "device_down", alarm.device, alarm=alarm.id, body=body)
    step = step.stop(alarm.id, (TimerKind.PRESSED_AGAIN,)).stamp_referrals(alarm)
    return expect_action(step.put_alarm(alarm), alarm), alarm


def expect_action(step: Step, alarm: Alarm) -> Step:
    """Wait for the next action of whoever has the alarm."""
    idle_at = step.now + step.rules.span(Rule.TAKEN_IDLE)
    return step.wait(TimerKind.TAKEN_IDLE, idle_at, alarm.id)


def untake(step: Step, alarm: Alarm, event: AlarmEvent, reason: Reason, text: str = "") -> Step:
    """Return a taken alarm to the queue and start the countdowns again; `text` is what was said.

    Raises:
        Forbidden: nobody has the alarm.
    """
    state = advance(ALARM, alarm.state, event)
    alarm = replace(alarm, state=state, taken_by=None, acted_at=None)
    step = step.put_alarm(alarm).stop(alarm.id, WHILE_TAKEN)
    step = step.about(What.ALARM_UNTAKEN, alarm, reason, text=text)
    return queue(step, alarm)


def ring(step: Step, alarm: Alarm) -> tuple[Step, Alarm]:
    """Ring again; when somebody has the alarm, that person must respond in time.

    Who asked to close the alarm asked before this call: nobody has yet for the new one.
    """
    alarm = replace(alarm, rings=alarm.rings + 1, close_asked_by=None)
    step = step.put_alarm(alarm)
    if alarm.state is AlarmState.TAKEN:
        due_at = step.now + step.rules.span(Rule.PRESSED_AGAIN)
        if not step.waiting(TimerKind.PRESSED_AGAIN, alarm.id):
            step = step.wait(TimerKind.PRESSED_AGAIN, due_at, alarm.id)
    return step, alarm


def front(
    step: Step, alarm_id: str | None, reason: Reason, text: str, task: TaskKind | None = None
) -> Step:
    """Put a case back in front of an operator, loudly; a closed alarm still makes the notice."""
    alarm = step.alarm(alarm_id)
    if alarm is None:
        step = step.say(What.NOTICE_MADE, reason, text=text, task=task or TaskKind.SUPERVISOR)
        body = {"text": text, "reason": reason.reason, "at": step.now}
        for to in SUPERVISOR:
            step = step.send(step.case.subject, "notice", to, body=body)
        return step
    if alarm.state is not AlarmState.CLOSED:
        step, alarm = ring(step, replace(alarm, priority=1))
        front_reason = step.why(Rule.ALARM_FRONT, "back_in_front", text=text)
        step = step.about(What.ALARM_RAISED, alarm, reason, front_reason)
    return step.notify(SUPERVISOR, alarm, reason, text, task)
