"""A story's short names (a1, r1, ...) for ids, and what is printed of alarms and referrals."""

import re
from datetime import datetime
from typing import Any

import msgspec

from alerts.case import Alarm, Referral
from alerts.referral.clock import minutes_elapsed, minutes_press_to_arrival, standard_met
from alerts.ruleset import Rules

ALARM_FIELDS = (
    "id", "kind", "state", "disposition", "what", "priority", "signals", "rings", "alarm_at",
    "pressed_at", "taken_by", "taken_at", "spoke_at", "decided_at", "closed_at", "close_reason",
    "cancelled_at", "on_floor_since", "causes",
    "also_disposition",
)  # fmt: skip
REFERRAL_FIELDS = (
    "id", "alarm", "service", "state", "provisional", "source", "standard", "need", "alarm_at",
    "taken_at", "spoke_at", "decided_at", "sent_at", "received_at", "seen_at", "confirmed_at",
    "accepted_at", "rejected_at", "set_out_at", "eta_at", "first_face_to_face_at", "closed_at",
    "withdrawn_at", "breached_at", "support_until", "contacts", "outcome", "assessed", "helped",
    "follows", "joint_with", "follow_up_on",
)  # fmt: skip


LONG = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Names:
    """Which id has which short name, in order of creation."""

    def __init__(self) -> None:
        self._short: dict[str, str] = {}
        self._long: dict[str, str] = {}
        self._alarms = 0
        self._referrals = 0

    def alarm(self, alarm_id: str) -> None:
        """Name an alarm unless it has its name."""
        if alarm_id not in self._short:
            self._alarms += 1
            self._name(alarm_id, f"a{self._alarms}")

    def referral(self, referral_id: str) -> None:
        """Name a referral unless it has its name."""
        if referral_id not in self._short:
            self._referrals += 1
            self._name(referral_id, f"r{self._referrals}")

    def _name(self, long: str, short: str) -> None:
        self._short[long] = short
        self._long.setdefault(short, long)

    def alias(self, given: str | None, referrals: tuple[Referral, ...]) -> None:
        """Let a story go on calling its newest referral by the name it gave it."""
        if given is not None and referrals:
            self._long[given] = referrals[-1].id

    def inside(self, short: str) -> str:
        """Give the id for a story's name; an unknown name stands for itself."""
        return self._long.get(short, short)

    def outside(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Put short names in place of ids, at any depth and in the middle of a sentence."""
        if isinstance(value, dict):
            return {key: self.outside(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.outside(one) for one in value]
        if not isinstance(value, str):
            return value
        return LONG.sub(lambda found: self._short.get(found[0], found[0]), value)


def final_alarm(person: str | None, alarm: Alarm) -> dict[str, Any]:
    """Give what is printed of an alarm at the end."""
    said = msgspec.to_builtins(alarm)
    return {"person": person, **{name: said[name] for name in ALARM_FIELDS}}


def final_referral(
    person: str | None, referral: Referral, rules: Rules, until: datetime
) -> dict[str, Any]:
    """Give what is printed of a referral at the end, with both clocks."""
    said = msgspec.to_builtins(referral)
    return {
        "person": person,
        **{name: said[name] for name in REFERRAL_FIELDS},
        "minutes_elapsed": minutes_elapsed(referral),
        "minutes_press_to_arrival": minutes_press_to_arrival(referral),
        "standard_met": standard_met(referral, rules, until),
    }
