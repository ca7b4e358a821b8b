"""Calls and alarms as the judge sees them: who called, which alarm holds the call, who has it.

Kept from commits alone: since when nobody has an alarm, since when its client is silent, when its
taker last did something, and where it rang.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alerts.case import Alarm, Entry
from alerts.words import AlarmState, What
from ops.sim.judged import Commit, alarm_of, entry_of, text_of, word

CANCEL = "cancel"
CALLS = ("help", "life_safety")
OPERATOR = "operator:"
PERSONS = (OPERATOR, "service:")
NO_VOICE_IN = frozenset({"take", "release", "hand_over", "note", "no_reply", "call", "follow_up"})
"""What operators do that is not hearing the client, by the reason the decision gives."""


@dataclass(slots=True)
class Call:
    """One thing a device called for, and what is known of it since."""

    device: str
    id: str
    subject: str
    what: str
    at_s: float
    of: str = ""
    told_s: float | None = None
    stored_s: float | None = None
    alarm: str = ""

    @property
    def name(self) -> str:
        """Say which call it is."""
        return f"the {self.what} {self.id} of {self.device}"


@dataclass(slots=True)
class Seen:
    """An alarm as the commits show it; times are true seconds of their commits."""

    id: str
    subject: str
    record: Alarm
    opened_s: float
    untaken_at: datetime | None
    untaken_s: float | None
    acted_s: float
    silent_s: float | None
    voice_s: float | None = None
    pressed_s: float | None = None
    was_cancelled: bool = False
    left_at: datetime | None = None
    longest_left_s: float = 0.0
    rang: dict[str, list[float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Say which alarm it is."""
        return f"the {self.record.kind} alarm {self.id[:8]} ({self.record.what})"


class Alarms:
    """The calls and the alarms of a run."""

    def __init__(self, met: Counter[str]) -> None:
        """Start with none; `met` counts what is worth meeting."""
        self._met = met
        self.calls: dict[tuple[str, str], Call] = {}
        self.seen: dict[str, Seen] = {}

    def record(self, commit: Commit, old: Any, new: Any, entries: list[Entry]) -> None:  # noqa: ANN401 - rows
        """Take an alarm's row of a commit."""
        record = alarm_of(text_of(new.record))
        name = record.id
        seen = self.seen.get(name)
        if seen is None or old is None:
            seen = Seen(
                name,
                word(new.subject_id),
                record,
                commit.at_s,
                record.alarm_at,
                commit.at_s,
                commit.at_s,
                commit.at_s,
            )
            self.seen[name] = seen
        before, seen.record = seen.record, record
        self._joined(commit, seen, before)
        self._queued(commit, seen, entries)
        self._acted(commit, seen, before, entries)

    def _joined(self, commit: Commit, seen: Seen, before: Alarm) -> None:
        """Note which calls this alarm holds now, and that somebody waits to be heard again."""
        known = set(before.keys) if before is not seen.record else set()
        for key in seen.record.keys:
            device, _, message = key.partition("/")
            call = self.calls.get((device, message))
            if call is None or key in known:
                continue
            call.alarm = call.alarm or seen.id
            if seen.silent_s is None:
                seen.silent_s = commit.at_s
            if seen.record.state is AlarmState.TAKEN and seen.pressed_s is None:
                self._met["call on a taken alarm"] += 1
                seen.pressed_s = commit.at_s
            if any(one.of == message and one.stored_s for one in self.cancels_of(device)):
                seen.was_cancelled = True

    def cancels_of(self, device: str) -> Iterator[Call]:
        """Give the cancels this device sent."""
        return (one for one in self.calls.values() if one.what == CANCEL and one.device == device)

    def _queued(self, commit: Commit, seen: Seen, entries: list[Entry]) -> None:
        """Note since when nobody has the alarm, by the gateway's word and by its commit."""
        untaken = [
            one.at for one in entries if one.alarm == seen.id and one.what is What.ALARM_UNTAKEN
        ]
        # Until when this commit found it left to nobody: whoever takes it now takes it after that.
        seen.left_at = untaken[-1] if untaken else seen.untaken_at
        if seen.record.state is not AlarmState.OPEN:
            taken_at = seen.record.acted_at
            if seen.left_at is not None and taken_at is not None:
                left_s = (taken_at - seen.left_at).total_seconds()
                seen.longest_left_s = max(seen.longest_left_s, left_s)
            seen.untaken_at = seen.untaken_s = None
            return
        if untaken or seen.untaken_at is None:
            self._met["alarm left to nobody again"] += bool(untaken)
            seen.untaken_at = untaken[-1] if untaken else seen.record.alarm_at
            seen.untaken_s = commit.at_s
            seen.pressed_s = None

    def _acted(self, commit: Commit, seen: Seen, before: Alarm, entries: list[Entry]) -> None:
        record = seen.record
        # A case may stand ahead of a clock: two acts then bear one time.
        acts = {one.what for one in entries if one.alarm == seen.id}
        by_operator = any(row.actor.startswith(OPERATOR) for row in commit.written("audit"))
        if record.acted_at != before.acted_at or (by_operator and acts - {What.REFUSED}):
            seen.acted_s, seen.pressed_s = commit.at_s, None
        by_person = any(row.actor.startswith(PERSONS) for row in commit.written("audit"))
        reasons = {
            reason.reason for entry in entries if entry.alarm == seen.id for reason in entry.reasons
        }
        if by_person and record.silent_since is None and reasons - NO_VOICE_IN:
            seen.voice_s, seen.silent_s = commit.at_s, None

    def unchanged(self, commit: Commit, entries: list[Entry]) -> None:
        """Take an operator's acts that leave the alarm's row as it is: two that bear one time."""
        if not any(row.actor.startswith(OPERATOR) for row in commit.written("audit")):
            return
        written = {word(row.id) for row in commit.written("alarm")}
        for one in entries:
            seen = self.seen.get(one.alarm or "")
            if seen is not None and one.alarm not in written and one.what is not What.REFUSED:
                seen.acted_s, seen.pressed_s = commit.at_s, None

    def cancelled(self, cancel: Call) -> None:
        """Take a call that was stored: when it is a cancel, its fall is taken back."""
        fall = self.calls.get((cancel.device, cancel.of))
        if cancel.what == CANCEL and fall is not None and fall.alarm in self.seen:
            self.seen[fall.alarm].was_cancelled = True

    def unreadable(self, commit: Commit, call: Call) -> None:
        """A call kept as bytes only is held by the alarm of its commit: its key was not kept."""
        kept = (*commit.written("packet"), *commit.written("quarantine"))
        if call.alarm or all(one.problem is None for one in kept):
            return
        self._met["call kept as bytes only"] += 1
        for alarm in commit.written("alarm"):
            if alarm.kind in CALLS:
                call.alarm = word(alarm.id)


def claimed_name(sender: str) -> str:
    """Give the name behind a receipt's sender: an unproved one stands as `?name@peer`."""
    return sender[1:].rpartition("@")[0] if sender.startswith("?") else sender


def entries_of(commit: Commit) -> list[Entry]:
    """Read the decisions of a commit, in their order."""
    return [entry_of(text_of(row.entry)) for row in commit.written("decision")]
