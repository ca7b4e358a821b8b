"""A device known to be faulty (DECIDING 1, branch 0): its person is unprotected until replaced.

What it sends counts as ever; beside it stands that nobody can rely on the next one.
"""

from msgspec.structs import replace

from alerts.case import Reason
from alerts.rule_ids import Rule
from alerts.step import LIVE_TASKS, Step
from alerts.tasks import make_task
from alerts.words import TaskKind

REPLACE_IT = "known faulty: replace the device, and say how the person calls meanwhile"


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
    due_at = step.now + step.rules.span(Rule.DEVICE_FAULT)
    step, _ = make_task(step, TaskKind.DEVICE_FAULT, reason, due_at=due_at, text=REPLACE_IT)
    return step


def _with_reason(step: Step, place: int, reason: Reason) -> Step:
    """Add a reason to the entry at a place; every signal has one."""
    entry = step.entries[place]
    entry = replace(entry, reasons=(*entry.reasons, reason))
    return replace(step, entries=(*step.entries[:place], entry, *step.entries[place + 1 :]))
