"""One winner per claim (DESIGN 4): of an outbox message, an alarm, a lost device, an inbox item."""

from datetime import timedelta
from typing import Any

import msgspec

from alerts.events import DeviceLost
from alerts.words import AlarmState
from ops.sim.judge_alarms import entries_of
from ops.sim.judge_book import Book
from ops.sim.judge_part import Part
from ops.sim.judged import (
    LEASE_AT_LEAST_S,
    Commit,
    alarm_of,
    rows_of,
    text_of,
    value,
    word,
)
from ops.sim.trace import Happened

WINNER = "one winner per claim"
DELIVERY_RULE = "referral.delivery"
HAND_OVER = "hand_over"
LEASE_SLACK_S = 0.5
_lost_of = msgspec.json.Decoder(DeviceLost).decode

ROUNDING = timedelta(milliseconds=1)
"""Times of clocks that were moved by fractions of a second are rounded on their way."""


class Claims(Part):
    """Watches who holds what."""

    hears = ("acted",)

    def __init__(self, book: Book) -> None:
        """Start with nothing held."""
        super().__init__(book)
        self._holders: dict[Any, str] = {}
        self._takers: dict[str, list[str]] = {}

    def committed(self, commit: Commit) -> None:
        """Look at each claim of a commit."""
        for row in commit.of("outbox"):
            if row.old is not None and row.new is not None:
                self._message(commit, row.key, row.old, row.new)
        self._told(commit)
        for row in commit.of("alarm"):
            if row.new is not None:
                self._alarm(commit, row.old, row.new)
        self._lost(commit)
        self._consumed(commit)

    # -- the outbox --------------------------------------------------------------------------------

    def _message(self, commit: Commit, key: Any, old: Any, new: Any) -> None:  # noqa: ANN401 - rows
        name = f"message {old.seq} ({old.what}) of stream {word(old.stream)[:8]}"
        if old.state != "waiting":
            self.book.say(WINNER, f"{name} was {old.state} already and became {new.state}")
        elif new.attempt > old.attempt:
            self._claim(commit, name, old, new)
            self._holders[key] = commit.client
        elif self._holders.get(key) != commit.client:
            self.book.say(
                WINNER, f"{name} was ended or given back by {commit.client}, who does not hold it"
            )

    def _claim(self, commit: Commit, name: str, old: Any, new: Any) -> None:  # noqa: ANN401 - rows
        """Lease to one holder at a time, and for at least twice what a request may take."""
        self.book.met["lease ran out while sending"] += old.lease_until is not None
        latest = commit.now + timedelta(seconds=self.book.ahead_s) + ROUNDING
        if old.lease_until is not None and old.lease_until > latest:
            left_s = (old.lease_until - latest).total_seconds()
            self.book.say(WINNER, f"{name} was leased again {left_s:.1f} s before its lease ended")
        earliest = commit.now - timedelta(seconds=self.book.behind_s)
        for_s = (new.lease_until - earliest).total_seconds() + LEASE_SLACK_S
        healthy_s = self.book.world.healthy_since_s
        if healthy_s is not None and commit.at_s - healthy_s > LEASE_AT_LEAST_S:
            self._lease_is_long(name, for_s)
        for other in rows_of(self.book.world, "outbox").values():
            if other.stream == new.stream and other.seq < new.seq and other.state == "waiting":
                self.book.say(
                    WINNER, f"{name} was claimed while message {other.seq} of its stream waits"
                )

    def _lease_is_long(self, name: str, for_s: float) -> None:
        if for_s < LEASE_AT_LEAST_S:
            self.book.say(
                WINNER,
                f"{name} was leased for {for_s:.1f} s; expected at least {LEASE_AT_LEAST_S:g} s, "
                "twice what a request may take",
            )

    def _told(self, commit: Commit) -> None:
        """A case hears of a delivery only in the commit that ends the message (DESIGN 4)."""
        ended = {
            word(row.new.referral_id)
            for row in commit.of("outbox")
            if row.new is not None and row.old is not None and row.new.state != "waiting"
        }
        by_gateway = any(one.actor == "gateway" for one in commit.written("audit"))
        for entry in entries_of(commit):
            rules = {reason.rule for reason in entry.reasons}
            if by_gateway and DELIVERY_RULE in rules and entry.referral not in (None, *ended):
                self.book.say(
                    WINNER,
                    f"the case of referral {(entry.referral or '')[:8]} was told of a delivery by "
                    f"{commit.client}, which did not end the message: another attempt holds it",
                )

    # -- alarms ------------------------------------------------------------------------------------

    def _alarm(self, commit: Commit, old: Any, new: Any) -> None:  # noqa: ANN401 - rows
        if new.state == AlarmState.TAKEN:
            self._takers.setdefault(word(new.id), []).append(new.taken_by)
        if old is None or (old.state, new.state) != (AlarmState.TAKEN, AlarmState.TAKEN):
            return
        reasons = {reason.reason for entry in entries_of(commit) for reason in entry.reasons}
        if old.taken_by != new.taken_by and HAND_OVER not in reasons:
            record = alarm_of(text_of(new.record))
            self.book.say(
                WINNER,
                f"the {record.kind} alarm {record.id[:8]} went from {old.taken_by} to "
                f"{new.taken_by} without having been given up",
            )

    def hear(self, event: Happened) -> None:
        """Who is told that he has an alarm was its taker."""
        if value(event, "do") != "take" or value(event, "result") != "done":
            return
        alarm, operator = value(event, "alarm"), value(event, "operator")
        if operator not in self._takers.get(alarm, []):
            self.book.say(
                WINNER,
                f"{operator} was told that alarm {alarm[:8]} is his, but it never was: it is with "
                f"{', '.join(self._takers.get(alarm, [])) or 'nobody'}",
            )

    # -- devices and the inbox ---------------------------------------------------------------------

    def _lost(self, commit: Commit) -> None:
        """A device is told lost in the commit that notes it, and so once."""
        devices = rows_of(self.book.world, "device")
        noted = {
            devices[row.key].sender
            for row in commit.of("device_heard")
            if row.new is not None and row.new.lost_at is not None
            if row.key in devices and (row.old is None or row.old.lost_at is None)
        }
        for row in commit.of("inbox"):
            if row.old is None and row.new is not None and row.new.what == "lost":
                for device in _lost_of(text_of(row.new.body)).devices:
                    if device not in noted:
                        self.book.say(WINNER, f"device {device} was told lost a second time")

    def _consumed(self, commit: Commit) -> None:
        """What leaves the inbox was decided in the same commit: nothing is silent."""
        decided = {one.subject_id for one in commit.written("decision")}
        for row in commit.of("inbox"):
            if row.new is None and row.old is not None and row.old.subject_id not in decided:
                self.book.say(
                    WINNER,
                    f"inbox item {row.old.id} ({row.old.what}) left the inbox and nothing was "
                    "decided about it",
                )
