"""No timer is lost or early, by the gateway's own book-keeping (DESIGN 4, Time).

What is due stands on the subject, agrees with its state, is never decided before its time, and is
decided soon after it while the world is well. What the times themselves must be is the business of
judge_spans.py.
"""

from typing import Any

from ops.sim.judge_book import Book
from ops.sim.judge_part import Part
from ops.sim.judged import EARLY_S, Commit, case_of, rows_of, text_of, word

LOST = "no timer lost"
EARLY = "no timer early"
WAITS = "nothing waits for ever"
BROKEN = "case_cannot_be_decided"
TOGETHER_S = 1.0
OUTBOX_LATE_S = 90.0
"""A referral is given up after 60 s; its last try may wait 8 s, be leased 12 s, and be told."""


class Timers(Part):
    """Follows what is due."""

    def __init__(self, book: Book) -> None:
        """Start with nothing due."""
        super().__init__(book)
        self._due: dict[str, float] = {}
        self._as_of: dict[str, Any] = {}
        self._inbox: dict[int, float] = {}
        self._clocks: dict[str, Any] = {}
        self._last: dict[str, tuple[str, float]] = {}

    def committed(self, commit: Commit) -> None:
        """Look at each case that was saved."""
        for row in commit.of("subject"):
            if row.new is not None and row.new.state is not None:
                self._subject(commit, row.new)
        for row in commit.of("inbox"):
            if row.new is None:
                self._inbox.pop(row.key, None)
            else:
                held = row.new.held_until
                since_s = self.book.seconds(held) if held is not None else commit.at_s
                self._inbox[row.key] = max(since_s, commit.at_s)
        self._never_back(commit)

    def _subject(self, commit: Commit, new: Any) -> None:  # noqa: ANN401 - a row
        case = case_of(text_of(new.state))
        name = word(new.id)
        earliest = min((timer.due_at for timer in case.timers), default=None)
        if new.next_due_at != earliest and not self._is_put_off(commit):
            self.book.say(
                LOST,
                f"the case of {name[:8]} is next due at {self._at(new.next_due_at)}, but its "
                f"earliest timer is {self._at(earliest)}",
            )
        ahead_s = (case.as_of - commit.now).total_seconds()
        if ahead_s > self.book.ahead_s + EARLY_S:
            self.book.say(
                EARLY,
                f"the case of {name[:8]} was decided {ahead_s:.1f} s before its time "
                f"(clocks are at most {self.book.ahead_s:.1f} s ahead)",
            )
        before = self._as_of.get(name)
        if before is not None and case.as_of < before:
            self.book.say(EARLY, f"the time of the case of {name[:8]} went back")
        self._as_of[name] = case.as_of
        client, at_s = self._last.get(name, (commit.client, 0.0))
        together = client != commit.client and commit.at_s - at_s < TOGETHER_S
        self.book.met["two processes at one case within 1 s"] += together
        self._last[name] = (commit.client, commit.at_s)
        self._due.pop(name, None)
        if new.next_due_at is not None:
            self._due[name] = self.book.seconds(new.next_due_at)

    def _is_put_off(self, commit: Commit) -> bool:
        """A case that breaks deciding is put off, and an operator is told in the same commit."""
        return any(BROKEN in text_of(one.body) for one in commit.written("inbox"))

    def _at(self, at: Any) -> str:  # noqa: ANN401 - a time or None
        return "never" if at is None else f"{self.book.seconds(at):.1f} s"

    def _never_back(self, commit: Commit) -> None:
        """A process's clock never goes back: its alarm lane stamps receipts in its own order."""
        if not commit.written("decision") or not commit.written("packet"):
            return  # not the alarm lane, which decides what it keeps in the same commit
        for one in commit.written("receipt"):
            before = self._clocks.get(commit.client)
            if before is not None and one.seen_at < before:
                back_s = (before - one.seen_at).total_seconds()
                self.book.say(EARLY, f"the clock of {commit.process} went back by {back_s:.1f} s")
            self._clocks[commit.client] = one.seen_at

    def look(self) -> None:
        """Nothing that is due waits for long while the world is well."""
        for name, due_s in self._due.items():
            if self.book.is_late(due_s):
                self.book.say(LOST, f"the case of {name[:8]} was due at {due_s:.1f} s; not decided")
        for item, since_s in self._inbox.items():
            if self.book.is_late(since_s):
                self.book.say(WAITS, f"inbox item {item} waits since {since_s:.1f} s")

    def finish(self) -> None:
        """Nothing is left in the outbox that should have gone or been given up."""
        for one in rows_of(self.book.world, "outbox").values():
            since_s = self.book.seconds(one.made_at)
            if one.state == "waiting" and self.book.overdue_s(since_s) > OUTBOX_LATE_S:
                self.book.say(
                    WAITS,
                    f"{one.what} to {one.recipient} waits in the outbox since {since_s:.1f} s",
                )
