"""What must be read before a home is called (DECIDING 8)."""

from alerts.step import Step
from alerts.words import PersonStatus

BEREAVED = "this home is bereaved"


def warned(step: Step, text: str) -> str:
    """Give the text of a call to the home, with the warning that goes before it."""
    person = step.facts.person
    if person is None or person.status is not PersonStatus.DECEASED:
        return text
    return f"{text}; {BEREAVED}" if text else BEREAVED
