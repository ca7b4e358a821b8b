"""Closing an alarm: by a person, with a coded reason (DECIDING 1, branch 7, and 3)."""

from msgspec.structs import replace

from alerts.case import Alarm, Reason
from alerts.events import OperatorEvent
from alerts.lifecycle import ALARM, AlarmEvent, Forbidden, advance
from alerts.referral.notes import said
from alerts.rule_ids import Rule
from alerts.script_rows import UNKNOWN
from alerts.step import Step
from alerts.tasks import EMERGENCIES, finish_all
from alerts.telecare.answered import has_unknown
from alerts.words import CloseReason, Disposition, What

SOMEBODY_WAS_THERE = frozenset(
    {CloseReason.RESOLVED_BY_RESPONDER, CloseReason.CONVEYED, CloseReason.DECEASED}
)


def close(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    """Close an alarm, by a person with a coded reason; a silent one only with a second person.

    Raises:
        Forbidden: no coded reason, closed already, an answer is unknown and nobody has been there,
            or a provisional referral is left behind.
    """
    state = advance(ALARM, alarm.state, AlarmEvent.CLOSE)
    if event.close_reason is None:
        raise Forbidden("close needs a reason: " + ", ".join(CloseReason), Rule.CLOSE)
    _check_provisional(step, alarm)
    _check_unknown(step, alarm, event.close_reason)
    alone = alarm.close_asked_by in (None, event.operator)
    if alarm.silent_since is not None and alone:
        return _ask_second(step, alarm, event)
    if has_unknown(step, alarm) and alone:
        return _ask_second(step, alarm, event)
    alarm = replace(
        alarm,
        state=state,
        closed_at=step.now,
        close_reason=event.close_reason,
        disposition=alarm.disposition or Disposition.CLOSE,
    )
    reason = step.why(
        Rule.CLOSE, event.close_reason.value, operator=event.operator, first=alarm.close_asked_by
    )
    step = finish_all(step.put_alarm(alarm).stop(alarm.id), alarm)
    text = said(event.reason, event.text)
    return step.about(What.ALARM_CLOSED, alarm, reason, disposition=alarm.disposition, text=text)


def is_waiting_for_second(step: Step, alarm: Alarm, event: OperatorEvent) -> bool:
    """Say whether this operator may confirm, from afar, that a colleague closes the alarm."""
    left = any(r.alarm == alarm.id for r in step.open_referrals())
    return alarm.close_asked_by not in (None, event.operator) and not left


def confirmed_by(alarm: Alarm, event: OperatorEvent) -> Alarm:
    """Let the alarm be closed by somebody else than who confirmed it."""
    return replace(alarm, close_asked_by=event.operator)


def _check_provisional(step: Step, alarm: Alarm) -> None:
    """A provisional referral is confirmed, withdrawn or raised to 999, never left behind."""
    raised = alarm.decided_at is not None and alarm.disposition in EMERGENCIES
    left = [r for r in step.open_referrals() if r.alarm == alarm.id and r.provisional]
    if left and not raised:
        raise Forbidden(
            "the referral is provisional: confirm or withdraw it, or raise to 999", Rule.PROVISIONAL
        )


def _check_unknown(step: Step, alarm: Alarm, reason: CloseReason) -> None:
    """What nobody knows cannot be closed, unless somebody has been with the person since."""
    unknown = [
        question
        for question, word in alarm.answers.items()
        if word == UNKNOWN and step.rules.scripts.words(question)
    ]
    if unknown and reason not in SOMEBODY_WAS_THERE:
        raise Forbidden(
            f"the answer is unknown to {', '.join(unknown)}: ask again, or decide who goes there; "
            f"then close as {', '.join(sorted(SOMEBODY_WAS_THERE))}",
            Rule.CLOSE_UNKNOWN,
        )


def _ask_second(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    """Keep the alarm open: nobody saw or spoke to the client, or an answer is unknown."""
    alarm = replace(alarm, close_asked_by=event.operator)
    inputs: dict[str, object] = {"silent_since": alarm.silent_since, "asked_by": event.operator}
    if words := said(event.reason, event.text):
        inputs["text"] = words  # the text of a refusal is its message
    reason: Reason = step.why(Rule.CLOSE_SILENT, "second_person_must_confirm", **inputs)
    return step.put_alarm(alarm).about(What.REFUSED, alarm, reason)
