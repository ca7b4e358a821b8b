"""Degraded is always loud, of devices and clocks (DESIGN 4).

A device that fell silent and a clock that is more than a second apart have a technical alarm each.
"""

from collections.abc import Iterator
from typing import Any

from alerts.words import AlarmKind
from ops.sim.judge_book import Book
from ops.sim.judge_part import Part
from ops.sim.judged import (
    CLOCKS_APART_S,
    LOST_AFTER_INTERVALS,
    Commit,
    rows_of,
    text_of,
    value,
)
from ops.sim.trace import Happened

LOUD = "degraded is loud"
LOST_ALLOWED_S = 40.0
"""The sweep looks every 5 s, in the simulation's calm every 20 s; then come inbox and decision."""
CLOCKS_COMPARED_S = 10.0
CLOCK_ALLOWED_S = 60.0
"""Two comparisons at the pace of the simulation's calm, and the inbox."""
CLOCK_APART = "clock_apart"
CLOCK_DOUBT_S = 0.5
DATABASE_JUMPED = "clock behind"


class Lost(Part):
    """Watches devices and clocks."""

    hears = ("clock_jumped", "died")

    def __init__(self, book: Book) -> None:
        """Start with all devices heard and all clocks right."""
        super().__init__(book)
        self._apart: dict[str, float] = {}
        self._touched: set[str] = set()

    def hear(self, event: Happened) -> None:
        """Note clocks that jumped; a process that dies takes its clock with it."""
        process = value(event, "process")
        if event.what == "died":
            self._apart.pop(process, None)
            self._touched.discard(process)
        elif event.what == "clock_jumped":
            everybody = self.book.last_fault == DATABASE_JUMPED
            by_s = abs(float(event.values.get("by_s") or 0.0))
            for name in list(self.book.processes) if everybody else [process]:
                self._jumped(name, by_s)

    def _jumped(self, process: str, by_s: float) -> None:
        """Expect an alarm; a second jump may take the first one back, then nothing is expected."""
        running = self.book.processes.get(process)
        if running is None or not running.is_ready:
            return  # it starts with the database's time
        if process in self._touched or by_s <= CLOCKS_APART_S + CLOCK_DOUBT_S:
            self._apart.pop(process, None)
        else:
            self._apart[process] = self.book.now_s
        self._touched.add(process)

    def committed(self, commit: Commit) -> None:
        """A process tells people through the inbox that its clock is apart."""
        for row in commit.of("inbox"):
            if row.old is None and row.new is not None and CLOCK_APART in text_of(row.new.body):
                self._apart.pop(commit.process, None)

    def look(self) -> None:
        """A clock that is apart for long enough to be compared is told."""
        for process, since_s in self._apart.items():
            running = self.book.processes.get(process)
            if running is None or running.is_frozen:
                continue
            from_s = max(since_s, running.since_s)
            if self.book.overdue_s(from_s + CLOCKS_COMPARED_S) > CLOCK_ALLOWED_S:
                self.book.say(
                    LOUD, f"the clock of {process} jumped at {since_s:.1f} s; nobody was told"
                )

    def finish(self) -> None:
        """Every silent device is on somebody's list."""
        told = set(self._causes())
        heard = rows_of(self.book.world, "device_heard")
        for key, device in rows_of(self.book.world, "device").items():
            mark = heard.get(key)
            lost = mark is not None and mark.lost_at is not None
            if (lost or self._is_silent(device, mark)) and f"{device.sender}:lost" not in told:
                self.book.say(LOUD, f"{device.sender} has fallen silent and is on nobody's list")

    def _causes(self) -> Iterator[str]:
        for seen in self.book.alarms.values():
            if seen.record.kind is AlarmKind.TECHNICAL:
                yield from seen.record.causes

    def _is_silent(self, device: Any, mark: Any) -> bool:  # noqa: ANN401 - rows
        """Say whether nothing was heard for twice its interval, as long as we were listening."""
        reception = rows_of(self.book.world, "reception").get(device.line)
        if device.interval_s is None or not device.enabled or reception is None:
            return False
        since = max(reception.since, mark.heard_at) if mark is not None else reception.since
        due_s = self.book.seconds(since) + LOST_AFTER_INTERVALS * device.interval_s
        return self.book.overdue_s(due_s) > LOST_ALLOWED_S
