"""New confusion (DECIDING 4): an operator or a clinician speaks to the person at once, else 999.

Confusion is new when it is not how the record says the person usually is; the grade of the answer
says so already (alerts/telecare/answered.py). Who answers for the person does not count as the
person: only they themself, an operator's `spoke`, a clinician's ring-back or a visit does.
"""

from datetime import datetime

from msgspec.structs import replace

from alerts.case import Alarm, Reason
from alerts.rule_ids import Rule
from alerts.rule_rows import AnswerRow, Grade
from alerts.step import Step
from alerts.tasks import make_999
from alerts.telecare.answered import NEW_CONFUSION as MARK
from alerts.telecare.helped import person_of
from alerts.timing import TimerKind
from alerts.words import TaskKind, TaskState, What

PATIENT = "patient"
WAIT = (TimerKind.CONFUSION,)
SEEN = "responder_saw_or_spoke"


def answered(step: Step, alarm: Alarm, row: AnswerRow, given_by: str | None) -> tuple[Step, Alarm]:
    """Begin to wait for somebody who speaks to the person, or stop when it was nothing new."""
    if row.grade is Grade.NONE:
        marks = {name: at for name, at in alarm.marks.items() if name != MARK}
        alarm = replace(alarm, marks=marks)
        return step.put_alarm(alarm).stop(alarm.id, WAIT), alarm
    if row.grade is not Grade.CLINICIAN or MARK in alarm.marks:
        return step, alarm
    alarm = replace(alarm, marks={**alarm.marks, MARK: step.now})
    step = step.put_alarm(alarm)
    on_the_line = given_by is None and alarm.spoke_at is not None and alarm.silent_since is None
    person = person_of(step, alarm)
    baseline = None if person is None else person.baseline_cognition
    new = step.why(Rule.CONFUSION, "new_confusion", baseline=baseline, given_by=given_by)
    if given_by == PATIENT or on_the_line:
        return step.about(What.NOTHING, alarm, new), alarm
    due_at = step.now + step.rules.span(Rule.CONFUSION_SPEAK)
    waits = step.why(Rule.CONFUSION_SPEAK, "must_be_spoken_to")
    step = step.wait(TimerKind.CONFUSION, due_at, alarm.id)
    return step.about(What.COUNTDOWN_STARTED, alarm, new, waits, due_at=due_at), alarm


def reported(step: Step, alarm: Alarm, reason: Reason) -> Step:
    """A reading or a carer's entry says it: somebody speaks to the person in time, else 999."""
    if MARK in alarm.marks:
        return step.about(What.NOTHING, alarm, reason)
    alarm = replace(alarm, marks={**alarm.marks, MARK: step.now})
    due_at = step.now + step.rules.span(Rule.CONFUSION_SPEAK)
    waits = step.why(Rule.CONFUSION_SPEAK, "must_be_spoken_to")
    step = step.put_alarm(alarm).wait(TimerKind.CONFUSION, due_at, alarm.id)
    return step.about(What.COUNTDOWN_STARTED, alarm, reason, waits, due_at=due_at)


def spoken(step: Step, alarm: Alarm) -> Step:
    """Somebody spoke to the person: nothing more is waited for."""
    return step.stop(alarm.id, WAIT)


def unreachable(step: Step, alarm: Alarm) -> Step:
    """A no-reply of somebody newly confused is 999 at once, spoken to before it or not."""
    since = alarm.marks.get(MARK)
    if since is None or _has_been_seen(step, alarm, since):
        return step
    reason = step.why(Rule.CONFUSION, "confused_and_unreachable", since=since)
    step = step.stop(alarm.id, WAIT)
    return make_999(step, alarm, reason, "newly confused, no reply", by_a_person=True)


def unspoken(step: Step, alarm: Alarm) -> Step:
    """Nobody has spoken to somebody newly confused in time: 999."""
    since = alarm.marks[MARK]
    if _has_been_seen(step, alarm, since):
        reason = step.why(Rule.CONFUSION, "was_spoken_to", since=since)
        return step.about(What.NOTHING, alarm, reason)
    reason = step.why(Rule.CONFUSION_SPEAK, "nobody_spoke_to_confused", since=since)
    return make_999(step, alarm, reason, "newly confused, nobody spoke")


def _has_been_seen(step: Step, alarm: Alarm, since: datetime) -> bool:
    """Say whether a visit, or a clinician who rang back, has reached the person since."""
    rang = (
        task.done_at
        for task in step.case.tasks
        if task.kind is TaskKind.RING_BACK
        and task.state is TaskState.DONE
        and task.alarm == alarm.id
    )
    return any(at is not None and at >= since for at in (alarm.marks.get(SEEN), *rang))
