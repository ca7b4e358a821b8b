"""A person ticks a task off; tasks that an act on an alarm or referral ends are not ticked off."""

from collections.abc import Mapping

from alerts.case import Task
from alerts.events import TaskDone
from alerts.lifecycle import Forbidden, TaskEvent
from alerts.referral.notes import by_whoever_did
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.tasks import finish
from alerts.words import TaskKind, TaskState, What

ENDED_BY: Mapping[TaskKind, str] = {
    TaskKind.EMERGENCY_999: "call to 999 claims it; then a text that says why stands it down",
    TaskKind.CALL_PATIENT: "spoke or no_reply on the alarm",
    TaskKind.COMFORT_CALL: "spoke or no_reply on the alarm",
    TaskKind.RING_BACK: "call to line on the alarm, or ring_back on the referral",
}


def _is_stand_down(task: Task, event: TaskDone) -> bool:
    """Say whether somebody stands an ambulance down that was called, and says why."""
    called = task.kind is TaskKind.EMERGENCY_999 and task.state is TaskState.CLAIMED
    return called and bool(event.text.strip())


def task_done(step: Step, event: TaskDone) -> Step:
    """Mark a task done.

    Raises:
        Forbidden: it is not known, done or cancelled already, or ended by an act of its own.
    """
    task = next((task for task in step.case.tasks if task.id == event.task), None)
    if task is None:
        raise Forbidden(f"task {event.task} is not known in this case", Rule.OPERATOR)
    if task.kind in ENDED_BY and task.alarm is not None and not _is_stand_down(task, event):
        raise Forbidden(f"a {task.kind} task is ended by: {ENDED_BY[task.kind]}", Rule.OPERATOR)
    if task.kind is TaskKind.PHONE_REFERRAL and task.referral is not None:
        raise Forbidden("record accept or reject on the referral, as the service said it")
    step = finish(step, task, TaskEvent.DONE)
    referral = step.referral(task.referral)
    if referral is not None:
        step = step.put_referral(by_whoever_did(step, referral, event))
    word = "stood_down" if task.kind is TaskKind.EMERGENCY_999 else "task_done"
    reason = step.why(Rule.OPERATOR, word, by=event.by, kind=task.kind.value)
    return step.say(
        What.NOTHING,
        reason,
        alarm=task.alarm,
        referral=task.referral,
        service=task.service,
        task=task.kind,
        task_id=task.id,
        text=event.text,
    )
