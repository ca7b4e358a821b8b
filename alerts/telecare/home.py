"""What must be read before a home is called (DECIDING 8).

The warning goes with every task that has somebody call the home, whoever lives there now: a spouse
who presses is called too. In a care home it goes with the calls of the one who died only.
"""

from alerts.case import Reason
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.words import PersonStatus, TaskKind

BEREAVED = "this home is bereaved"
CALLS_HOME = frozenset(
    {TaskKind.CALL_PATIENT, TaskKind.COMFORT_CALL, TaskKind.RING_BACK, TaskKind.FOLLOW_UP}
)


def is_bereaved(step: Step) -> bool:
    """Say whether the person of the case has died, or somebody who lived with them."""
    person = step.facts.person
    died = person is not None and person.status is PersonStatus.DECEASED
    return died or step.facts.bereaved


def warned(step: Step, text: str) -> str:
    """Give the text of a call to the home, with the warning that goes before it."""
    if not is_bereaved(step):
        return text
    return f"{text}; {BEREAVED}" if text else BEREAVED


def warning(step: Step, kind: TaskKind) -> tuple[Reason, ...]:
    """Give the reason for which a task of this kind carries the warning; none without it."""
    if kind not in CALLS_HOME or not is_bereaved(step):
        return ()
    return (step.why(Rule.PERSON_STATUS, "bereaved_home"),)
