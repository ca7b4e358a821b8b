"""Degraded is always loud (DESIGN 4).

Who cannot store says so at once and refuses; what cannot be delivered or read is put in front of a
person in the same commit.
"""

from typing import Any

import msgspec

from ops.sim.judge_alarms import entries_of
from ops.sim.judge_book import Book, Running
from ops.sim.judge_part import Part
from ops.sim.judged import (
    BLIND_AFTER_S,
    CALL_UNANSWERED_S,
    LATE_BLIND_S,
    LIVE,
    SHOUT_S,
    Commit,
    process_of,
    rows_of,
    task_of,
    text_of,
    value,
    word,
)
from ops.sim.trace import Happened

LOUD = "degraded is loud"
BLIND_CRY = "receiver blind"
TURN_AWAY_S = 0.1
"""A message that was on its way into a process when it turned blind."""
UNREADABLE_RULE = "message.unreadable"
PROBE_EVERY_CALM_S = 15.0
"""When all is calm the simulation lets the probe look every 5 s; two in a row and its time-outs."""
FAILED = ("failed", "no_route")
BROKEN = "case_cannot_be_decided"


class Loud(Part):
    """Watches processes that cannot store, and what could not be delivered or read."""

    hears = ("reached", "answered", "shouted", "calm", "died", "blind", "sees", "froze", "thawed")

    def __init__(self, book: Book) -> None:
        """Start with nothing wrong."""
        super().__init__(book)
        self._is_calm = False
        self._shouted: dict[str, float] = {}
        self._waiting: dict[tuple[str, str, str], float] = {}

    # -- processes ---------------------------------------------------------------------------------

    def hear(self, event: Happened) -> None:
        """Note what reached a process and what it answered."""
        if event.what == "calm":
            self._is_calm = True
            return
        process = process_of(value(event, "process"))
        if event.what in ("reached", "answered"):
            self._message(event, process)
        elif event.what == "shouted":
            if value(event, "what").startswith(BLIND_CRY):
                self._shouted[process] = event.at_s
        else:
            # Whatever it held is lost with it, or is late with it; it starts anew.
            again_s = event.at_s
            for key in [key for key in self._waiting if key[0] == process]:
                if event.what == "died":
                    del self._waiting[key]
                else:
                    self._waiting[key] = again_s

    def _message(self, event: Happened, process: str) -> None:
        key = (process, value(event, "device"), value(event, "id"))
        if event.what == "answered":
            self._waiting.pop(key, None)
            return
        self._waiting.setdefault(key, event.at_s)
        running = self.book.processes.get(process)
        blind_s = running.blind_s if running is not None else None
        if blind_s is not None and event.at_s - blind_s > TURN_AWAY_S:
            self.book.say(LOUD, f"{process} is blind since {blind_s:.1f} s and still lets calls in")

    def look(self) -> None:
        """Look at processes that run: do they commit, or say that they cannot?"""
        for running in self.book.processes.values():
            if running.is_ready and not running.is_frozen:
                self._sees_or_says(running)
        for (process, device, message), since_s in self._waiting.items():
            running_now = self.book.processes.get(process)
            if (device, message) in self.book.calls and running_now is not None:
                self._unanswered(running_now, device, message, since_s)

    def _sees_or_says(self, running: Running) -> None:
        now_s = self.book.now_s
        if running.blind_s is not None:
            heard_s = self._shouted.get(running.name)
            if now_s - running.blind_s > SHOUT_S and (heard_s is None or heard_s < running.blind_s):
                self.book.say(LOUD, f"{running.name} turned blind and did not shout")
            return
        last_s = max(running.committed_s or 0.0, running.since_s)
        bound_s = BLIND_AFTER_S + LATE_BLIND_S + (PROBE_EVERY_CALM_S if self._is_calm else 0.0)
        if now_s - last_s > bound_s and not self.book.is_slow():
            self.book.say(
                LOUD,
                f"{running.name} has committed nothing since {last_s:.1f} s and is not blind; "
                f"expected within {BLIND_AFTER_S:g} s",
            )

    def _unanswered(self, running: Running, device: str, message: str, since_s: float) -> None:
        quiet = running.is_frozen or running.blind_s is not None or self.book.is_slow()
        if not quiet and self.book.now_s - since_s > CALL_UNANSWERED_S:
            call = self.book.calls[(device, message)]
            self.book.say(
                LOUD,
                f"{call.name} is at {running.name} since {since_s:.1f} s, neither stored nor "
                "refused, and it is not blind",
            )

    # -- what could not be delivered or read -------------------------------------------------------

    def committed(self, commit: Commit) -> None:
        """A failure and the noise about it are one commit."""
        for row in commit.of("outbox"):
            ended = row.new is not None and row.old is not None and row.old.state == "waiting"
            if ended and row.new.state in FAILED and row.new.what.startswith("referral_"):
                self._undelivered(commit, row.new)
        kept = (*commit.of("packet"), *commit.of("quarantine"))
        if any(row.new is not None and row.new.problem is not None for row in kept):
            self._unread(commit)

    def _undelivered(self, commit: Commit, message: Any) -> None:  # noqa: ANN401 - a row
        if any(BROKEN in text_of(one.body) for one in commit.written("inbox")):
            return  # its case cannot be told; an operator is, by a case of the gateway's own
        referral = word(message.referral_id)
        refused = any(
            entry.referral == referral and entry.what == "refused" for entry in entries_of(commit)
        )
        has_phone = any(
            one.kind == "phone_referral"
            and one.referral_id == message.referral_id
            and task_of(text_of(one.record)).state in LIVE
            for one in rows_of(self.book.world, "task").values()
        )
        rang = any(row.old is None and row.new.what == "notice" for row in commit.of("outbox"))
        if not refused and not (has_phone and rang):
            lacks = "a phone task" if not has_phone else "a notice"
            self.book.say(
                LOUD, f"the {message.what} of referral {referral[:8]} failed without {lacks}"
            )

    def _unread(self, commit: Commit) -> None:
        """What cannot be read is work for a person: the commit that keeps it says so.

        The vitals lane hands it to the alarm lane's inbox, in that commit; that nothing leaves the
        inbox undecided is another promise.
        """
        rules = {reason.rule for entry in entries_of(commit) for reason in entry.reasons}
        handed = any(
            row.old is None and msgspec.json.decode(row.new.body).get("fault")
            for row in commit.of("inbox")
            if row.new is not None
        )
        if UNREADABLE_RULE not in rules and not handed:
            self.book.say(LOUD, f"{commit.process} kept a message it cannot read and told nobody")
