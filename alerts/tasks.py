"""Tasks for people: made once, claimed, done; the 999 task climbs until somebody claims it."""

from datetime import datetime

from msgspec.structs import replace

from alerts.case import Alarm, Reason, Task
from alerts.ids import task_id
from alerts.lifecycle import TASK, TaskEvent, advance
from alerts.rule_ids import Rule
from alerts.step import LIVE_TASKS, Step
from alerts.telecare import home
from alerts.timing import TimerKind
from alerts.waiting import PARTNER, SUPERVISOR
from alerts.words import Disposition, TaskKind, TaskState, What

EMERGENCIES = frozenset(
    {Disposition.EMERGENCY_999, Disposition.FIRE, Disposition.GAS, Disposition.POLICE}
)
UNCLAIMED = {
    TimerKind.TASK_999_CONSOLES: (Rule.TASK_999_CONSOLES, SUPERVISOR),
    TimerKind.TASK_999_PARTNER: (Rule.TASK_999_PARTNER, PARTNER),
}
TASK_TIMERS = (TimerKind.TASK_999_CONSOLES, TimerKind.TASK_999_PARTNER, TimerKind.RING_BACK)


def make_task(  # noqa: PLR0913 - a task has many parts, each named by the caller
    step: Step,
    kind: TaskKind,
    reason: Reason,
    *,
    alarm: str | None = None,
    referral: str | None = None,
    service: str | None = None,
    due_at: datetime | None = None,
    text: str = "",
) -> tuple[Step, Task]:
    """Make a task. Its cause (referral, else alarm, else subject and time) gives its id.

    A task to call a bereaved home says so first (alerts/telecare/home.py).
    """
    warning = home.warning(step, kind)
    text = home.warned(step, text) if warning else text
    cause = _cause(step, referral or alarm, step.now)
    before = sum(
        t.kind is kind and _cause(step, t.referral or t.alarm, t.made_at) == cause
        for t in step.case.tasks
    )
    task = Task(
        id=task_id(cause, kind.value, before + 1),
        kind=kind,
        state=TaskState.OPEN,
        made_at=step.now,
        alarm=alarm,
        referral=referral,
        service=service,
        due_at=due_at,
        text=text,
    )
    step = step.put_task(task).say(
        What.TASK_MADE,
        reason,
        *warning,
        alarm=alarm,
        referral=referral,
        service=service,
        due_at=due_at,
        task=kind,
        task_id=task.id,
        text=text,
    )
    return step, task


def make_once(  # noqa: PLR0913 - as above
    step: Step,
    kind: TaskKind,
    reason: Reason,
    *,
    alarm: str | None = None,
    referral: str | None = None,
    service: str | None = None,
    due_at: datetime | None = None,
    text: str = "",
) -> Step:
    """Make a task unless one of its kind is open for the same cause."""
    if step.live_task(kind, referral or alarm) is not None:
        return step
    step, _ = make_task(
        step,
        kind,
        reason,
        alarm=alarm,
        referral=referral,
        service=service,
        due_at=due_at,
        text=text,
    )
    return step


def _cause(step: Step, about: str | None, made_at: datetime) -> str:
    """Name what a task is for: a count of the subject's own would start again after 30 days."""
    return about or f"{step.case.subject}@{made_at.isoformat()}"


def make_999(  # noqa: PLR0913 - as above
    step: Step,
    alarm: Alarm,
    reason: Reason,
    text: str,
    to: Disposition = Disposition.EMERGENCY_999,
    *,
    by_a_person: bool = False,
) -> Step:
    """Open the 999 task of an alarm, for a human; one is open at a time.

    A human's decision stands until a person's own later answers raise it: an alarm gets the
    disposition when nobody has decided it, or when `by_a_person` and it is no emergency yet.
    """
    rule = step.why(Rule.TASK_999, "human_task", text=text)
    if step.live_task(TaskKind.EMERGENCY_999, alarm.id) is not None:
        if to is Disposition.FIRE and alarm.disposition is Disposition.GAS:
            alarm = replace(alarm, disposition=to)
            step = step.put_alarm(alarm).about(What.DISPOSED, alarm, reason, disposition=to)
        return step.about(What.NOTHING, alarm, reason, rule, task=TaskKind.EMERGENCY_999)
    alarm = replace(alarm, marks={**alarm.marks, "task_999": step.now})
    raised = by_a_person and alarm.disposition not in EMERGENCIES
    if alarm.decided_at is not None and not raised and alarm.disposition is not to:
        # The operator's decision stands, and the alarm shows both.
        alarm = replace(alarm, also_disposition=to)
    if alarm.decided_at is None or raised:
        alarm = replace(alarm, disposition=to)
        step = step.about(What.DISPOSED, alarm, reason, disposition=to)
    step, task = make_task(
        step.put_alarm(alarm), TaskKind.EMERGENCY_999, reason, alarm=alarm.id, text=text
    )
    body = {"text": "999", "task": task.id, "script": text, "at": step.now}
    step = step.send(alarm.id, "notice", "consoles", alarm=alarm.id, body=body)
    due = {kind: step.now + step.rules.span(rule) for kind, (rule, _) in UNCLAIMED.items()}
    return step.wait_each(task.id, due)


def unclaimed_999(step: Step, kind: TimerKind, task: Task) -> Step:
    """Ring higher up, because nobody has claimed the 999 task."""
    rule, audience = UNCLAIMED[kind]
    alarm = step.alarm(task.alarm)
    assert alarm is not None  # a 999 task is made for an alarm, and goes with it
    reason = step.why(rule, "task_999_unclaimed", made_at=task.made_at)
    return step.notify(audience, alarm, reason, "999 task unclaimed", TaskKind.EMERGENCY_999)


def claim(step: Step, task: Task, operator: str) -> Step:
    """Give a task to an operator.

    Raises:
        Forbidden: it is claimed, done or cancelled already.
    """
    state = advance(TASK, task.state, TaskEvent.CLAIM)
    task = replace(task, state=state, claimed_by=operator, claimed_at=step.now)
    return step.put_task(task).stop(task.id, TASK_TIMERS)


def recall_999(step: Step, task: Task) -> Step:
    """Have ambulance control called again: nobody has said that the ambulance is there."""
    alarm = step.alarm(task.alarm)
    assert alarm is not None  # a 999 task is made for an alarm, and goes with it
    reason = step.why(
        Rule.RECALL_999, "recall_999", claimed_by=task.claimed_by, claimed_at=task.claimed_at
    )
    step = await_ambulance(step, task, None)
    return step.notify(SUPERVISOR, alarm, reason, "call 999 again", TaskKind.EMERGENCY_999)


def await_ambulance(step: Step, task: Task, eta_at: datetime | None) -> Step:
    """Wait for the ambulance until its ETA, or for as long as the rules say."""
    if eta_at is None or eta_at <= step.now:
        eta_at = step.now + step.rules.span(Rule.RECALL_999)
    return step.wait(TimerKind.RECALL_999, eta_at, task.id)


def finish(step: Step, task: Task, event: TaskEvent) -> Step:
    """Mark a task done or cancelled and stop what runs for it."""
    state = advance(TASK, task.state, event)
    return step.put_task(replace(task, state=state, done_at=step.now)).stop(task.id)


def finish_kind(step: Step, kind: TaskKind, about: str, event: TaskEvent) -> Step:
    """Finish the open task of a kind about something, where there is one."""
    task = step.live_task(kind, about)
    return step if task is None else finish(step, task, event)


FALL_WITH_ALARM = frozenset(
    {
        TaskKind.EMERGENCY_999,
        TaskKind.CALL_PATIENT,
        TaskKind.COMFORT_CALL,
        TaskKind.DEVICE_FAULT,
        TaskKind.RING_BACK,
    }
)


def finish_all(step: Step, alarm: Alarm) -> Step:
    """Finish what only made sense while the alarm was open."""
    for task in step.case.tasks:
        if task.alarm == alarm.id and task.kind in FALL_WITH_ALARM and task.state in LIVE_TASKS:
            step = finish(step, task, TaskEvent.DONE)
    return step
