"""Until when a human must have seen and accepted a referral (DECIDING 2).

A provisional referral, and one for a person on the floor, must be seen within 3 min; every one must
be accepted within 15 min. What happens then is alerts/referral/breach.py's.
"""

from datetime import datetime

from msgspec.structs import replace

from alerts.case import Alarm, Referral
from alerts.referral.message import send_update
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.timing import TimerKind
from alerts.waiting import ON_FLOOR
from alerts.words import AlarmState, What

ANSWER = (TimerKind.SEEN, TimerKind.ACCEPT)


def watch(step: Step, referral: Referral) -> Step:
    """Set the times by which a human must have seen and accepted it (DECIDING 2)."""
    accept_at = referral.made_at + step.rules.span(Rule.ACCEPT)
    return rewatch(step.wait(TimerKind.ACCEPT, accept_at, referral.id), referral)


def rewatch(step: Step, referral: Referral) -> Step:
    """See again by when a human must act, where that is still waited for."""
    seen_by = _seen_by(step, referral)
    if seen_by is None:
        step = step.stop(referral.id, (TimerKind.SEEN,))
    else:
        step = step.wait(TimerKind.SEEN, seen_by, referral.id)
    waits = (t.due_at for t in step.case.timers if t.about == referral.id and t.kind in ANSWER)
    return step.put_referral(
        replace(referral, breach_due_at=min(waits, default=referral.breach_due_at))
    )


def _seen_by(step: Step, referral: Referral) -> datetime | None:
    """Give by when a human must see it; None when one has, or when no such time is to come.

    A provisional referral waits from its making, one for a person on the floor from the report.
    """
    if referral.seen_at is not None:
        return None
    since = [referral.made_at] if referral.provisional else []
    for alarm in step.case.alarms:
        current = alarm.state is not AlarmState.CLOSED or alarm.id == referral.alarm
        if current and ON_FLOOR in alarm.marks:
            since.append(max(alarm.marks[ON_FLOOR], referral.made_at))
    due = (at + step.rules.span(Rule.SEEN) for at in since)
    return min((at for at in due if at > step.now), default=None)


def watch_floor(step: Step, alarm: Alarm) -> Step:
    """The client lies on the floor: whoever has a referral not seen yet must see it in 3 min."""
    for referral in step.open_referrals():
        if referral.seen_at is not None or step.waiting(TimerKind.SEEN, referral.id):
            continue
        step = rewatch(step, referral)
        current = step.referral(referral.id) or referral
        step = step.about(
            What.COUNTDOWN_STARTED,
            alarm,
            step.why(Rule.SEEN, "on_floor_not_seen", since=alarm.on_floor_since),
            referral=referral.id,
            service=referral.service,
            provisional=referral.provisional,
            due_at=_seen_by(step, referral),
        )
        step = send_update(step, current, "on_floor")
    return step


def unwatch_floor(step: Step) -> Step:
    """The client is up: a referral that only the floor made urgent has its 15 min again."""
    for referral in step.open_referrals():
        if step.waiting(TimerKind.SEEN, referral.id):
            step = rewatch(step, referral)
    return step
