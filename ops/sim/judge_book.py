"""The judge's own book: calls, alarms, processes and commits, kept from what is seen from outside.

The parts of the judge read it; it is brought up to date before they look. What it knows it knows
from the trace (what devices, people and services did) and from commits, never from the gateway.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from ops.sim.judge_alarms import Alarms, Call, claimed_name, entries_of
from ops.sim.judged import (
    CALM_PACE_S,
    LATE_S,
    MAX_VIOLATIONS,
    Commit,
    Violation,
    World,
    process_of,
    value,
    word,
)
from ops.sim.trace import Happened


@dataclass(slots=True)
class Running:
    """A process as the trace shows it."""

    name: str
    since_s: float
    is_frozen: bool = False
    is_ready: bool = False
    blind_s: float | None = None
    committed_s: float | None = None


class Book:
    """What the parts of the judge share."""

    def __init__(self, world: World) -> None:
        """Start empty, at the world's first moment."""
        self.world = world
        self.start = world.now()
        self.violations: list[Violation] = []
        self.met: Counter[str] = Counter()
        self._alarms = Alarms(self.met)
        self.calls = self._alarms.calls
        self.alarms = self._alarms.seen
        self.cancels_of = self._alarms.cancels_of
        self.processes: dict[str, Running] = {}
        self.faults: dict[tuple[str, str], int] = {}
        self.last_fault = ""
        self.ahead_s = 0.0
        self.behind_s = 0.0
        self.late_s = LATE_S
        self._said: set[tuple[str, str]] = set()
        self.now_s = 0.0

    # -- saying ------------------------------------------------------------------------------------

    def say(self, invariant: str, text: str) -> None:
        """Note a broken promise, once; the first ones count."""
        if (invariant, text) in self._said or len(self.violations) >= MAX_VIOLATIONS:
            return
        self._said.add((invariant, text))
        self.violations.append(Violation(self.now_s, invariant, text))

    # -- time --------------------------------------------------------------------------------------

    def seconds(self, at: datetime) -> float:
        """Give a time of the gateway as seconds since the start."""
        return (at - self.start).total_seconds()

    def overdue_s(self, due_s: float) -> float:
        """Say for how long something has been due while the world was healthy."""
        healthy_s = self.world.healthy_since_s
        return 0.0 if healthy_s is None else self.now_s - max(due_s, healthy_s)

    def is_late(self, due_s: float) -> bool:
        """Say whether something has been due for longer than any allowance.

        A case that was decided by a clock that ran ahead stands there until true time has come so
        far: what it waits for is late by as much.
        """
        return self.overdue_s(due_s) > self.late_s + self.ahead_s

    # -- what happened -----------------------------------------------------------------------------

    def note(self, event: Happened) -> None:
        """Take an event of the trace."""
        self.now_s = event.at_s
        handler = getattr(self, f"_on_{event.what}", None)
        if handler is not None:
            handler(event)

    def _on_pressed(self, event: Happened) -> None:
        device, of = value(event, "device"), value(event, "of")
        call = Call(
            device,
            value(event, "id"),
            value(event, "subject"),
            value(event, "activation"),
            event.at_s,
            of,
        )
        self.calls[(device, call.id)] = call

    def _on_calm(self, _: Happened) -> None:
        self.late_s = LATE_S + CALM_PACE_S

    def _on_told(self, event: Happened) -> None:
        call = self.calls.get((value(event, "device"), value(event, "id")))
        if call is not None and call.told_s is None:
            call.told_s = event.at_s

    def _on_clock_jumped(self, event: Happened) -> None:
        by_s = float(event.values["by_s"] or 0.0)
        self.ahead_s += max(0.0, by_s)
        self.behind_s += max(0.0, -by_s)

    def _on_born(self, event: Happened) -> None:
        name = process_of(value(event, "process"))
        self.processes[name] = Running(name, event.at_s)

    def _on_ready(self, event: Happened) -> None:
        running = self._running(event)
        running.is_ready, running.since_s = True, event.at_s

    def _on_died(self, event: Happened) -> None:
        self.processes.pop(process_of(value(event, "process")), None)

    def _on_froze(self, event: Happened) -> None:
        self._running(event).is_frozen = True

    def _on_thawed(self, event: Happened) -> None:
        running = self._running(event)
        running.is_frozen, running.since_s = False, event.at_s

    def _on_blind(self, event: Happened) -> None:
        self._running(event).blind_s = event.at_s

    def _on_sees(self, event: Happened) -> None:
        self._running(event).blind_s = None

    def _on_fault(self, event: Happened) -> None:
        key = (value(event, "kind"), value(event, "whom"))
        self.faults[key] = self.faults.get(key, 0) + 1
        self.last_fault = key[0]

    def _on_over(self, event: Happened) -> None:
        key = (value(event, "kind"), value(event, "whom"))
        self.faults[key] = max(0, self.faults.get(key, 0) - 1)

    def _running(self, event: Happened) -> Running:
        name = process_of(value(event, "process"))
        return self.processes.setdefault(name, Running(name, event.at_s))

    def is_slow(self) -> bool:
        """Say whether the database answers, but slowly, just now."""
        return any(count and "slow" in kind for (kind, _), count in self.faults.items())

    # -- what was committed ------------------------------------------------------------------------

    def record(self, commit: Commit) -> None:
        """Take a commit."""
        self.now_s = commit.at_s
        running = self.processes.get(commit.process)
        if running is not None:
            running.committed_s = commit.at_s
        entries = entries_of(commit)
        for row in commit.of("alarm"):
            if row.new is not None:
                self._alarms.record(commit, row.old, row.new, entries)
        self._alarms.unchanged(commit, entries)
        by_service = any(one.actor.startswith("service:") for one in commit.written("audit"))
        for row in commit.of("outbox"):
            if row.old is None and row.new.what == "notice" and row.new.alarm_id is not None:
                seen = self.alarms.get(word(row.new.alarm_id))
                if seen is not None:
                    seen.rang.setdefault(row.new.recipient, []).append(commit.at_s)
                    if by_service:  # its taker has news, and the time to act on them
                        seen.acted_s = commit.at_s
        for receipt in commit.written("receipt"):
            call = self.calls.get((claimed_name(receipt.sender), receipt.key))
            if call is not None and call.stored_s is None:
                call.stored_s = commit.at_s
                self._alarms.cancelled(call)
                self._alarms.unreadable(commit, call)
