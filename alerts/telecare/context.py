"""What the operator should see at once beside a new call for help (DECIDING 8, CLINICAL 1.1 row 3).

The 72 h of support that run, a referral that is open in another case of the person, and that nobody
knows yet which of the people who live there needs help.
"""

from alerts.case import Alarm, Reason
from alerts.referral.choose import supporting
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.words import AlarmKind

SHOWN_RESIDENTS = 20


def known_about(step: Step, alarm: Alarm) -> tuple[Reason, ...]:
    """Give the reasons that tell what is known about the one who calls."""
    if alarm.kind is not AlarmKind.HELP or not alarm.known:
        return ()
    return (*_supported(step), *_elsewhere(step), *_who(step))


def _supported(step: Step) -> tuple[Reason, ...]:
    before = supporting(step)
    if before is None:
        return ()
    return (
        step.why(
            Rule.CRISIS_SUPPORT,
            "in_crisis_support",
            referral=before.id,
            service=before.service,
            until=before.support_until,
        ),
    )


def _elsewhere(step: Step) -> tuple[Reason, ...]:
    return tuple(
        step.why(Rule.ONE_OPEN, "open_in_another_case", referral=o.referral, service=o.service)
        for o in step.facts.elsewhere
    )


def _who(step: Step) -> tuple[Reason, ...]:
    """Several people live where the call comes from: the operator asks who needs help."""
    residents = step.facts.residents
    if len(residents) < 2:  # noqa: PLR2004 - two is what several begins with
        return ()
    shown = list(residents[:SHOWN_RESIDENTS])
    return (step.why(Rule.WHO_NEEDS_HELP, "who_needs_help", persons=shown, count=len(residents)),)
