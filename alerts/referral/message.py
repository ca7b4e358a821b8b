"""What goes to a service about a referral: ids, codes and times, no names."""

from typing import Any

from alerts.case import Alarm, Reason, Referral
from alerts.facts import Service
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.words import ReferralState

DESK = "desk"


def send_update(step: Step, referral: Referral, change: str, again: Alarm | None = None) -> Step:
    """Tell the service what changed; `again` is another alarm of the person it has."""
    current = step.referral(referral.id) or referral
    body = {**message(step, current), "change": change}
    if again is not None:
        body["again"] = {
            "alarm": again.id,
            "what": again.what,
            "alarm_at": again.alarm_at,
            "pressed_at": again.pressed_at,
            "spoken_to": again.spoke_at is not None,
            "on_floor_since": again.on_floor_since,
            "task_999_at": again.marks.get("task_999"),
        }
    return step.send(
        referral.id,
        "referral_update",
        referral.service,
        referral=referral.id,
        alarm=referral.alarm,
        body=body,
    )


def message(step: Step, referral: Referral) -> dict[str, Any]:
    """Give what a message about a referral says: ids, codes and times, no names."""
    alarm = step.alarm(referral.alarm)
    service = next((one for one in step.facts.services if one.id == referral.service), None)
    return {
        "referral": referral.id,
        "alarm": referral.alarm,
        "person": None if referral.helped else step.person_id,
        "service": referral.service,
        "delivery": _delivery(referral, service),
        "operator": None if alarm is None else alarm.taken_by,
        "provisional": referral.provisional,
        "standard": referral.standard.value,
        "need": referral.need,
        "assessed": referral.assessed,
        "helped": referral.helped,
        "what": None if alarm is None else alarm.what,
        "spoken_to": alarm is not None and alarm.spoke_at is not None,
        "on_floor_since": None if alarm is None else alarm.on_floor_since,
        "task_999_at": None if alarm is None else alarm.marks.get("task_999"),
        "alarm_at": referral.alarm_at,
        "pressed_at": referral.pressed_at,
        "sent_at": referral.sent_at,
        "breach_due_at": referral.breach_due_at,
        "follows": referral.follows,
        "instead_of": None if (before := withdrawn_before(step, referral)) is None else before.id,
        "joint_with": list(referral.joint_with),
        "at": step.now,
        **({"vitals": alarm.context} if alarm is not None and alarm.context else {}),
    }


def after_withdrawal(step: Step, referral: Referral) -> tuple[Reason, ...]:
    """Say which withdrawn referral of the service a new one comes after."""
    before = withdrawn_before(step, referral)
    if before is None:
        return ()
    inputs = {"referral": before.id, "withdrawn_at": before.withdrawn_at}
    return (step.why(Rule.ONE_OPEN, "after_withdrawal", **inputs),)


def withdrawn_before(step: Step, referral: Referral) -> Referral | None:
    """Give the newest withdrawn referral that this one comes after, at the same service.

    Its withdrawal goes out in a stream of its own and may come later than this one's request; who
    reads both must not end this one by it (ADR 0010).
    """
    before = (
        other
        for other in reversed(step.case.referrals)
        if other.state is ReferralState.WITHDRAWN
        and (other.service, other.helped) == (referral.service, referral.helped)
        and other.made_at <= referral.made_at
    )
    return next(before, None)


def _delivery(referral: Referral, service: Service | None) -> str | None:
    """Say how it goes there; a message for BaRS would name the client as the patient."""
    if service is None:
        return None
    return DESK if referral.helped and service.delivery == "bars" else service.delivery
