"""The narrative of a BaRS-shaped message: what the receiving team reads first, in plain words.

It repeats nothing of the person's card; times are the service's local ones.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.referral.bars_case import BarsCase, Change

CHANGES = {
    "confirmed": "An operator has confirmed this referral.",
    "called_again": "The person has called again.",
    "on_floor": "The person is on the floor.",
}
STANDARDS = {"two_hour": "two-hour response", "two_day": "two-day response"}


def narrative(case: BarsCase) -> str:
    """Say what happened, what is known and what is asked."""
    parts = [_opening(case), _state(case)]
    if case.on_floor_since is not None:
        parts.append(f"On the floor since {_time(case, case.on_floor_since)}.")
    if case.task_999_at is not None:
        parts.append(f"A 999 call was asked of an operator at {_time(case, case.task_999_at)}.")
    if case.need:
        parts.append(f"Need: {plain(case.need)}.")
    parts.append(_asked(case))
    return " ".join(part for part in parts if part)


def _opening(case: BarsCase) -> str:
    what = plain(case.what) if case.what else "call for help"
    alarm = f"Lifeline alarm ({what}) at {_time(case, case.started_at)}."
    if case.change.is_cancel:
        return f"WITHDRAWN at {_time(case, case.at)}. {alarm}"
    if case.change is Change.UPDATE:
        change = CHANGES.get(case.changed, f"Changed: {plain(case.changed or 'details')}.")
        return f"UPDATE at {_time(case, case.at)}: {change} {alarm}"
    return alarm


def _state(case: BarsCase) -> str:
    if case.provisional and not case.spoken_to:
        return "PROVISIONAL: nobody has spoken to this person yet."
    if case.provisional:
        return "PROVISIONAL: no operator has confirmed it yet."
    return "Spoken to." if case.spoken_to else "Nobody has spoken to this person yet."


def _asked(case: BarsCase) -> str:
    if case.change.is_cancel:
        return "Please send nobody for this referral."
    asked = f"Asked for: {STANDARDS.get(case.standard, plain(case.standard))}."
    if case.breach_at is None:
        return asked
    by = f"Without an answer by {_time(case, case.breach_at)} the lifeline centre acts by itself."
    return f"{asked} {by}"


def plain(name: str) -> str:
    """Read a name of a closed list as words."""
    return name.replace("_", " ")


def _time(case: BarsCase, at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(case.receiver.timezone)):%H:%M:%S on %d %b %Y (%Z)}"
