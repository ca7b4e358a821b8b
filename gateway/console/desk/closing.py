"""What an operator should know before closing an alarm. Pure; the rules themselves decide.

It says beforehand, in plain words, what deciding would refuse (alerts/telecare/closing.py), so that
nobody learns it by being refused.
"""

from collections.abc import Iterable

from alerts.case import Alarm
from alerts.script_rows import UNKNOWN
from alerts.words import Disposition
from gateway.console.desk import words
from gateway.console.desk.items import ReferralLine

RAISED = frozenset(
    {Disposition.EMERGENCY_999, Disposition.FIRE, Disposition.GAS, Disposition.POLICE}
)
OVER = frozenset({"closed", "withdrawn", "rejected"})


def before_closing(alarm: Alarm, referrals: Iterable[ReferralLine], you: str) -> tuple[str, ...]:
    """Say what stands in the way, or who must do it with you."""
    said = []
    left = [one.service for one in referrals if one.provisional and one.state not in OVER]
    if left and alarm.disposition not in RAISED:
        named = " and ".join(sorted(set(left)))
        said.append(f"The referral to {named} is provisional: confirm or withdraw it first.")
    unknown = [question for question, word in alarm.answers.items() if word == UNKNOWN]
    if unknown:
        asked = ", ".join(words.plain(one.replace(".", ": ")) for one in unknown)
        said.append(f"Not known: {asked}. Ask again, or decide who goes there.")
    if alarm.silent_since is not None or unknown:
        said.append(_second(alarm, you))
    return tuple(said)


def _second(alarm: Alarm, you: str) -> str:
    if alarm.close_asked_by is None:
        return (
            "Nobody has heard this person. One person alone cannot close it: record that somebody "
            "has spoken to or seen them, or ask, and a second person closes it."
        )
    if alarm.close_asked_by == you:
        return "You asked to close it. Somebody else must look at it and close it."
    return f"{alarm.close_asked_by} asks to close it. If you agree, you can close it."
