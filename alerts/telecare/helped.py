"""Who needs help (DECIDING 8): the client, or somebody else in the home, whose record is not known.

Contract: where an answer names somebody else, neither the client's age nor the client's ceiling,
plan or medicines say anything about this call. What is not known is not assumed.
"""

from alerts.case import Alarm
from alerts.facts import Person
from alerts.step import Step

WHO = "who_needs_help"
AGE = "who_needs_help_age"
CLIENT = "client"
UNDER_AGE = "under_18"
ADULT = "adult"
NOT_ELSE = frozenset({CLIENT, "unknown"})


def somebody_else(alarm: Alarm) -> str | None:
    """Name who needs help where it is not the client."""
    who = alarm.answers.get(WHO, CLIENT)
    return None if who in NOT_ELSE else who


def person_of(step: Step, alarm: Alarm) -> Person | None:
    """Give the record of whoever needs help, where there is one."""
    return None if somebody_else(alarm) else step.facts.person
