"""Care homes: PTCDA, the pre-transfer clinical discussion and assessment (DECIDING 4).

It is offered, with whom to call, when nothing threatens life; never before or instead of 999.
"""

from alerts.case import Alarm, Reason
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.telecare.answered import is_life_threat
from alerts.telecare.helped import person_of

KIND = "PTCDA"
TO_BE_CONFIRMED = "to be confirmed by the service"


def ptcda(step: Step, alarm: Alarm) -> tuple[Reason, ...]:
    """Offer the discussion for somebody in a care home, unless something threatens life."""
    person = person_of(step, alarm)
    if person is None or not person.care_home or is_life_threat(step, alarm):
        return ()
    if "task_999" in alarm.marks:  # set with the task of every emergency, fire and police included
        return ()
    contact = next((s.id for s in step.facts.services if s.kind == KIND), TO_BE_CONFIRMED)
    return (step.why(Rule.PTCDA, "ptcda_offered", contact=contact),)
