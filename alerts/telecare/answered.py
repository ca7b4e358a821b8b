"""What the answers to an alarm's scripts add up to (DECIDING 4).

A life threat, an exclusion for this event, an unknown, or a fall that is lift only. The last answer
to each question stands.
"""

from msgspec.structs import replace

from alerts.case import Alarm
from alerts.facts import Person
from alerts.rule_rows import AnswerRow, Grade
from alerts.script_rows import STUMBLE
from alerts.step import Step
from alerts.telecare.helped import person_of
from alerts.words import Ceiling

PREFIX = f"{STUMBLE}."
NEW_CONFUSION = "new_confusion"
"""The mark of an alarm whose person is newly confused (alerts/telecare/confusion.py)."""
ALERT = "A"


def row_of(step: Step, alarm: Alarm, question: str, word: str) -> AnswerRow | None:
    """Give the row of an answer, graded for whoever needs help; None for a free question."""
    row = step.rules.scripts.graded.get((question, word))
    if row is None:
        return None
    if row.grade_if_confused is not None and NEW_CONFUSION in alarm.marks:
        return replace(row, grade=row.grade_if_confused)
    return for_person(person_of(step, alarm), row)


def rows_of(step: Step, alarm: Alarm) -> tuple[AnswerRow, ...]:
    """Give the rows of what was last answered to each question of a script."""
    found = (row_of(step, alarm, question, word) for question, word in alarm.answers.items())
    return tuple(row for row in found if row is not None)


def for_person(person: Person | None, row: AnswerRow) -> AnswerRow:
    """Grade an answer for this person.

    A bump is a head injury on anticoagulants until somebody knows better; confusion is new when it
    is not how the person usually is.
    """
    if person is None:
        return row
    if row.grade_on_anticoagulants is not None and person.anticoagulants:
        return replace(row, grade=row.grade_on_anticoagulants, covered=False)
    if row.grade_if_usual is not None and person.baseline_cognition != ALERT:
        return replace(row, grade=row.grade_if_usual)
    return row


def has_unknown(step: Step, alarm: Alarm) -> bool:
    """Say whether an answer is unknown: such a case is not lift only, nor closed by one person."""
    return any(row.grade is Grade.UNKNOWN for row in rows_of(step, alarm))


def is_life_threat(step: Step, alarm: Alarm) -> bool:
    """Say whether an answer stands that only 999 is for; a named line answers for covered ones."""
    grave = tuple(row for row in rows_of(step, alarm) if row.grade is Grade.EMERGENCY_999)
    return bool(grave) and not line_speaks_first(person_of(step, alarm), grave)


def excluded_by(step: Step, alarm: Alarm) -> tuple[AnswerRow, ...]:
    """Give the answers that say that this event is not for a crisis team (DECIDING 1.3)."""
    return tuple(row for row in rows_of(step, alarm) if row.grade is Grade.EXCLUSION)


def line_speaks_first(person: Person | None, grave: tuple[AnswerRow, ...]) -> bool:
    """Say whether the person's ceiling and named line cover these answers (DECIDING 1)."""
    if person is None or person.ceiling is Ceiling.NONE or person.anticipatory_line is None:
        return False
    return all(row.covered for row in grave)


def is_fall(alarm: Alarm) -> bool:
    """Say whether the call is about a fall: a detector's, a report from the floor, I STUMBLE."""
    asked = any(question.startswith(PREFIX) for question in alarm.answers)
    return asked or "fall" in alarm.marks or alarm.on_floor_since is not None


def not_ruled_out(step: Step, alarm: Alarm) -> tuple[str, ...]:
    """Give the letters of I STUMBLE to which nobody has answered no yet."""
    return tuple(
        question.removeprefix(PREFIX)
        for question in step.rules.scripts.letters()
        if (row := row_of(step, alarm, question, alarm.answers.get(question, ""))) is None
        or row.grade is not Grade.NONE
    )
