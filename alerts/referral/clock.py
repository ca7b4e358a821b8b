"""The two clocks of a referral (CLINICAL 2.4, DESIGN 6).

The national clock runs from `received_at` to the first face-to-face contact and counts only for
referrals that a person confirmed or accepted. Beside it stands press to arrival.
"""

from datetime import datetime, timedelta

from alerts.case import Referral
from alerts.rule_ids import Rule
from alerts.ruleset import Rules
from alerts.words import Standard

STANDARD = {Standard.TWO_HOUR: Rule.TWO_HOUR, Standard.TWO_DAY: Rule.TWO_DAY}
MINUTE = timedelta(minutes=1)


def minutes_elapsed(referral: Referral) -> int | None:
    """Whole minutes of the stopped national clock; None while it runs or does not count."""
    if referral.provisional or referral.received_at is None:
        return None
    if referral.first_face_to_face_at is None:
        return None
    return (referral.first_face_to_face_at - referral.received_at) // MINUTE


def minutes_press_to_arrival(referral: Referral) -> int | None:
    """Whole minutes from the press (or, without its time, its receipt) to the first visit."""
    pressed_at = referral.pressed_at or referral.alarm_at
    if pressed_at is None or referral.first_face_to_face_at is None:
        return None
    return (referral.first_face_to_face_at - pressed_at) // MINUTE


def standard_met(referral: Referral, rules: Rules, now: datetime) -> bool | None:
    """Say whether the standard was met; None while it still can be, or when nothing counts."""
    if referral.provisional or referral.received_at is None:
        return None
    latest = referral.received_at + rules.span(STANDARD[referral.standard])
    if referral.first_face_to_face_at is not None:
        return referral.first_face_to_face_at <= latest
    if referral.closed_at is not None or referral.withdrawn_at is not None or now <= latest:
        return None
    return False
