"""A fault that leaves a person unprotected (DECIDING 1, branch 0; CLINICAL 7.2, H4).

What a known-faulty device sends counts as ever; beside it stands that nobody can rely on the next
one. The task of a fault has its due time, and an overdue one climbs every day until it is done:
nothing but a person, or the end of its cause, ends it.
"""

from msgspec.structs import replace

from alerts.case import Reason, Task
from alerts.rule_ids import Rule
from alerts.step import LIVE_TASKS, Step
from alerts.tasks import make_task
from alerts.timing import TimerKind
from alerts.waiting import SUPERVISOR, front, ring
from alerts.words import TaskKind, What

REPLACE_IT = "known faulty: replace the device, and say how the person calls meanwhile"
OVERDUE = "device fault overdue: the person is unprotected"
RAISED = 3
"""Priority of a technical alarm whose fault is overdue."""


def see_to(step: Step, reason: Reason, alarm: str | None = None, text: str = "") -> Step:
    """Make the task of a fault with its due time; overdue it climbs."""
    due_at = step.now + step.rules.span(Rule.DEVICE_FAULT)
    step, task = make_task(
        step, TaskKind.DEVICE_FAULT, reason, alarm=alarm, due_at=due_at, text=text
    )
    return step.wait(TimerKind.FAULT_OVERDUE, due_at, task.id)


def overdue(step: Step, task: Task) -> Step:
    """Nobody has seen to a fault in time: the supervisor is told, and again each day."""
    reason = step.why(Rule.DEVICE_FAULT, "fault_overdue", made_at=task.made_at, due_at=task.due_at)
    again_at = step.now + step.rules.span(Rule.DEVICE_FAULT)
    step = step.wait(TimerKind.FAULT_OVERDUE, again_at, task.id)
    alarm = step.alarm(task.alarm)
    if alarm is None:
        return front(step, None, reason, OVERDUE, TaskKind.DEVICE_FAULT)
    step, alarm = ring(step, replace(alarm, priority=min(alarm.priority, RAISED)))
    step = step.about(What.ALARM_RAISED, alarm, reason)
    return step.notify(SUPERVISOR, alarm, reason, OVERDUE, TaskKind.DEVICE_FAULT)


def note_fault(before: Step, after: Step, sender: str) -> Step:
    """Say that what was just decided came from a known-faulty device, and see that it has a task.

    `before` is the step before the device's signal was decided, `after` the one after it.
    """
    device = after.facts.devices.get(sender)
    if device is None or device.faulty_since is None:
        return after
    inputs = {"device": sender, "faulty_since": device.faulty_since}
    reason = after.why(Rule.DEVICE_FAULT, "device_known_faulty", **inputs)
    step = _with_reason(after, len(before.entries), reason)
    if any(t.kind is TaskKind.DEVICE_FAULT and t.state in LIVE_TASKS for t in step.case.tasks):
        return step
    return see_to(step, reason, text=REPLACE_IT)


def _with_reason(step: Step, place: int, reason: Reason) -> Step:
    """Add a reason to the entry at a place; every signal has one."""
    entry = step.entries[place]
    entry = replace(entry, reasons=(*entry.reasons, reason))
    return replace(step, entries=(*step.entries[:place], entry, *step.entries[place + 1 :]))
