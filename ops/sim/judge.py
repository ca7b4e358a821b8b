"""The judge of a simulated run: what the specification promises, checked as early as it can be.

It sees what anybody could see from outside: the trace of events and the rows of each commit, at the
very instant of the commit. Each promise is a small part of its own; each violation names it:

    acknowledged implies stored     ops/sim/judge_stored.py
    every call ends                 ops/sim/judge_calls.py
    one effective referral          ops/sim/judge_referrals.py     (and: nothing overtakes)
    one winner                      ops/sim/judge_claims.py
    no timer lost or early          ops/sim/judge_timers.py, ops/sim/judge_spans.py
    degraded is loud                ops/sim/judge_loud.py, ops/sim/judge_lost.py
    the audit agrees                ops/sim/judge_audit.py
"""

from collections.abc import Iterable
from typing import Any

from ops.sim.judge_audit import Audit
from ops.sim.judge_book import Book
from ops.sim.judge_calls import Calls
from ops.sim.judge_claims import Claims
from ops.sim.judge_lost import Lost
from ops.sim.judge_loud import Loud
from ops.sim.judge_part import Part
from ops.sim.judge_referrals import Referrals
from ops.sim.judge_spans import Spans
from ops.sim.judge_stored import Stored
from ops.sim.judge_timers import Timers
from ops.sim.judged import Violation, World, commit_of
from ops.sim.trace import Happened

LOOK_S = 1.0
"""How often the parts look at what has been due for long."""

SAYS_NOTHING = frozenset({"reception"})
"""That a line is received is written twice a second, and promises nothing by itself."""

__all__ = ["Judge", "Violation"]


class Judge:
    """Listens to one run; `violations` are the broken promises, in the order they were seen."""

    def __init__(self, world: World) -> None:
        """Begin before the run does."""
        self._world = world
        self._book = Book(world)
        self._parts: tuple[Part, ...] = tuple(
            part(self._book)
            for part in (Stored, Calls, Referrals, Claims, Timers, Spans, Loud, Lost, Audit)
        )
        self._hearing: dict[str, list[Part]] = {}
        for part in self._parts:
            for what in part.hears:
                self._hearing.setdefault(what, []).append(part)
        self._looked_s = 0.0

    @property
    def violations(self) -> list[Violation]:
        """Give what was found so far."""
        return self._book.violations

    def happened(self, event: Happened) -> None:
        """Take an event of the trace."""
        self._book.note(event)
        for part in self._hearing.get(event.what, ()):
            part.hear(event)
        if event.at_s - self._looked_s >= LOOK_S:
            self._looked_s = event.at_s
            for part in self._parts:
                part.look()

    def committed(self, client: str, changes: Iterable[Any]) -> None:
        """Take what a transaction wrote, at the very instant of its commit."""
        now = self._world.now()
        commit = commit_of(client, self._book.seconds(now), now, changes)
        self._book.record(commit)
        if commit.rows.keys() <= SAYS_NOTHING:
            return
        for part in self._parts:
            part.committed(commit)

    def finish(self) -> None:
        """Look at everything once more: the run is over."""
        self._book.now_s = self._book.seconds(self._world.now())
        for part in self._parts:
            part.look()
        for part in self._parts:
            part.finish()
        # What the judge met is an event too: the counters read nothing but the trace.
        self._world.trace.add("met", **self._book.met)
