"""What goes to a service about a referral: ids, codes and times, no names."""

from typing import Any

from alerts.case import Referral
from alerts.step import Step


def send_update(step: Step, referral: Referral, change: str) -> Step:
    """Tell the service what changed."""
    current = step.referral(referral.id) or referral
    body = {**message(step, current), "change": change}
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
        "person": step.person_id,
        "service": referral.service,
        "delivery": None if service is None else service.delivery,
        "operator": None if alarm is None else alarm.taken_by,
        "provisional": referral.provisional,
        "standard": referral.standard.value,
        "need": referral.need,
        "what": None if alarm is None else alarm.what,
        "spoken_to": alarm is not None and alarm.spoke_at is not None,
        "on_floor_since": None if alarm is None else alarm.on_floor_since,
        "task_999_at": None if alarm is None else alarm.marks.get("task_999"),
        "alarm_at": referral.alarm_at,
        "pressed_at": referral.pressed_at,
        "sent_at": referral.sent_at,
        "breach_due_at": referral.breach_due_at,
        "at": step.now,
    }
