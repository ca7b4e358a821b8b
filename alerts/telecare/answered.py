"""What the answers of an alarm's script add up to (DECIDING 4): a life threat, or an unknown."""

from msgspec.structs import replace

from alerts.case import Alarm
from alerts.ruleset import AnswerRow, Grade
from alerts.step import Step
from alerts.words import Ceiling

PREFIX = "stumble."


def key_of(row: AnswerRow) -> str:
    """Name the letter of an answer among the alarm's answers."""
    return f"{PREFIX}{row.letter}"


def rows_of(step: Step, alarm: Alarm) -> tuple[AnswerRow, ...]:
    """Give the rows of what was last answered to each letter, graded for this person."""
    found = (
        step.rules.answers.get((question.removeprefix(PREFIX), word))
        for question, word in alarm.answers.items()
        if question.startswith(PREFIX)
    )
    return tuple(for_person(step, row) for row in found if row is not None)


def for_person(step: Step, row: AnswerRow) -> AnswerRow:
    """Grade an answer for this person: a bump is a head injury until somebody knows better."""
    person = step.facts.person
    if row.grade_on_anticoagulants is None or person is None or not person.anticoagulants:
        return row
    return replace(row, grade=row.grade_on_anticoagulants, covered=False)


def has_unknown(step: Step, alarm: Alarm) -> bool:
    """Say whether an answer is unknown: such a case is not lift only, nor closed by one person."""
    return any(row.grade is Grade.UNKNOWN for row in rows_of(step, alarm))


def is_life_threat(step: Step, alarm: Alarm) -> bool:
    """Say whether an answer stands that only 999 is for; a named line answers for covered ones."""
    grave = tuple(row for row in rows_of(step, alarm) if row.grade is Grade.EMERGENCY_999)
    return bool(grave) and not line_speaks_first(step, grave)


def line_speaks_first(step: Step, grave: tuple[AnswerRow, ...]) -> bool:
    """Say whether the person's ceiling and named line cover these answers (DECIDING 1)."""
    person = step.facts.person
    if person is None or person.ceiling is Ceiling.NONE or person.anticipatory_line is None:
        return False
    return all(row.covered for row in grave)
