"""Feedback (CLINICAL 1.1 rows 24, 44): whoever asked for a referral hears what became of it.

Who answered the alarm hears it at the consoles. Who referred from elsewhere is told by a person:
the notice names the source, and what to tell.
"""

from alerts.case import Referral
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.waiting import CONSOLES, expect_action
from alerts.words import AlarmState, Source, What


def outcome(step: Step, referral: Referral) -> Step:
    """Tell the outcome to whoever answered the alarm, or to the referrer from elsewhere."""
    alarm = step.alarm(referral.alarm)
    if alarm is None:
        return to_referrer(step, referral, "outcome", referral.outcome)
    if alarm.state is AlarmState.TAKEN:
        step = expect_action(step, alarm)
    reason = step.why(Rule.SERVICE_ACTS, "outcome", referral=referral.id, outcome=referral.outcome)
    return step.notify(CONSOLES, alarm, reason, "outcome from the service")


def to_referrer(step: Step, referral: Referral, what: str, said: str | None) -> Step:
    """Ask for whoever referred from elsewhere to be told; our own alarms have their consoles."""
    if referral.source is Source.TELECARE:
        return step
    reason = step.why(
        Rule.FEEDBACK, "tell_the_referrer", source=referral.source.value, what=what, said=said
    )
    text = f"tell the referrer ({referral.source.value}): {what}"
    step = step.say(
        What.NOTICE_MADE,
        reason,
        referral=referral.id,
        service=referral.service,
        text=text,
    )
    body = {"text": text, "reason": reason.reason, "at": step.now}
    for to in CONSOLES:
        step = step.send(referral.id, "notice", to, referral=referral.id, body=body)
    return step
