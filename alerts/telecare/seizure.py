"""A seizure is timed (DECIDING 4): from the sensor's alarm or the first report; too long is 999.

A second one after the first was said to be over is 999 at once. Only the answer that it is over
stops the clock; silence does not.
"""

from msgspec.structs import replace

from alerts.case import Alarm
from alerts.rule_ids import Rule
from alerts.rule_rows import AnswerRow, Grade
from alerts.step import Step
from alerts.tasks import make_999
from alerts.timing import TimerKind
from alerts.words import What

OVER = "seizure_over"
SINCE = "seizure"
WAIT = (TimerKind.SEIZURE,)


def begins(step: Step, alarm: Alarm) -> tuple[Step, Alarm]:
    """Time a seizure from now, unless it is timed already."""
    if OVER in alarm.marks:
        reason = step.why(Rule.SEIZURE, "second_seizure", over_at=alarm.marks[OVER])
        step = make_999(step, alarm, reason, "a second seizure", by_a_person=True)
        return step, step.alarm(alarm.id) or alarm
    if SINCE in alarm.marks:
        return step, alarm
    alarm = replace(alarm, marks={**alarm.marks, SINCE: step.now})
    due_at = step.now + step.rules.span(Rule.SEIZURE_LASTING)
    reason = step.why(Rule.SEIZURE_LASTING, "seizure_timed")
    step = step.put_alarm(alarm).wait(TimerKind.SEIZURE, due_at, alarm.id)
    return step.about(What.COUNTDOWN_STARTED, alarm, reason, due_at=due_at), alarm


def answered(step: Step, alarm: Alarm, row: AnswerRow) -> tuple[Step, Alarm]:
    """Follow the answer whether the seizure still lasts; unknown leaves the clock running."""
    if row.grade is not Grade.NONE:
        return begins(step, alarm) if row.answer == "yes" else (step, alarm)
    alarm = replace(alarm, marks={**alarm.marks, OVER: step.now})
    return step.put_alarm(alarm).stop(alarm.id, WAIT), alarm


def lasts(step: Step, alarm: Alarm) -> Step:
    """Nobody has said that the seizure is over: 999."""
    reason = step.why(Rule.SEIZURE_LASTING, "seizure_lasts", since=alarm.marks[SINCE])
    return make_999(step, alarm, reason, "seizure lasts")
