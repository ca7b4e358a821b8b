"""A promise to look at somebody again: a task with its time, which outlives the alarm."""

from alerts.case import Alarm
from alerts.events import OperatorEvent
from alerts.lifecycle import Forbidden
from alerts.rule_ids import Rule
from alerts.step import LIVE_TASKS, Step
from alerts.tasks import make_task
from alerts.words import TaskKind

MAX_OPEN = 10


def follow_up(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    """Make the task; several may be open for one alarm, MAX_OPEN for one person.

    Raises:
        Forbidden: it does not say what is to be done or when, or enough are open already.
    """
    if not event.text.strip() or event.due_at is None:
        raise Forbidden("follow_up needs `text` (what to do) and `due_at`", Rule.OPERATOR)
    if event.due_at <= step.now:
        raise Forbidden("`due_at` is over: give a time that is still to come", Rule.OPERATOR)
    tasks = (one for one in step.case.tasks if one.kind is TaskKind.FOLLOW_UP)
    waiting = sum(one.state in LIVE_TASKS for one in tasks)
    if waiting >= MAX_OPEN:
        raise Forbidden(f"{waiting} follow-ups wait already: do one of them first", Rule.OPERATOR)
    reason = step.why(Rule.OPERATOR, "follow_up", operator=event.operator)
    step, _ = make_task(
        step,
        TaskKind.FOLLOW_UP,
        reason,
        alarm=alarm.id,
        due_at=event.due_at,
        text=event.text,
    )
    return step
