"""What answers do beyond their grade: the floor, confusion, a seizure's clock, who needs help."""

from collections.abc import Callable, Mapping

from alerts.case import Alarm
from alerts.rule_ids import Rule
from alerts.rule_rows import AnswerRow
from alerts.script_rows import YES, Effect
from alerts.step import Step
from alerts.telecare import confusion, floor, seizure
from alerts.telecare.exclusions import back_in_front
from alerts.telecare.helped import somebody_else


def apply(
    step: Step, alarm: Alarm, given: tuple[AnswerRow, ...], given_by: str | None
) -> tuple[Step, Alarm]:
    """Do what each answer does."""
    if given_by == confusion.PATIENT:
        step = confusion.spoken(step, alarm)
    for row in given:
        question = step.rules.scripts.questions.get(row.letter)
        if question is not None and question.effect is not None:
            step, alarm = EFFECTS[question.effect](step, alarm, row, given_by)
    return step, alarm


def _on_floor(step: Step, alarm: Alarm, row: AnswerRow, _: str | None) -> tuple[Step, Alarm]:
    if row.answer != YES:
        return step, alarm
    return floor.lies(step, alarm, step.now)


def _seizure(step: Step, alarm: Alarm, row: AnswerRow, _: str | None) -> tuple[Step, Alarm]:
    return seizure.answered(step, alarm, row)


def _who(step: Step, alarm: Alarm, _: AnswerRow, __: str | None) -> tuple[Step, Alarm]:
    """What went out was for the client: an operator looks again when it is somebody else."""
    who = somebody_else(alarm)
    if who is None:
        return step, alarm
    reason = step.why(Rule.SOMEBODY_ELSE, "somebody_else_needs_help", who=who)
    step = back_in_front(step, alarm, reason, f"the {who} needs help, not the client")
    return step, step.alarm(alarm.id) or alarm


EFFECTS: Mapping[Effect, Callable[[Step, Alarm, AnswerRow, str | None], tuple[Step, Alarm]]] = {
    Effect.ON_FLOOR: _on_floor,
    Effect.CONFUSION: confusion.answered,
    Effect.SEIZURE: _seizure,
    Effect.WHO: _who,
}
