"""Two runs of one person's history held against each other: raised, missed, changed, moved.

Contract: pure. Two alerts are of one episode when they were open at the same time, or within SAME
of each other about the same thing; each has one counterpart at most, the nearest. An alert about
nothing but missing readings is never that of a clinical one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from alerts.vitals.history import History, Judged, Played, Seen

SAME = timedelta(hours=24)
"""A day: somebody who weighs every morning shows the same a day later."""
NEAR = timedelta(hours=12)
"""A recorded alert and one of the replay that opened so near each other are the same."""
MINUTE = timedelta(minutes=1)


class Real(msgspec.Struct, frozen=True):
    """What became of a real one: when each rang first, if at all."""

    judged: Judged
    before: datetime | None
    after: datetime | None

    @property
    def minutes(self) -> int | None:
        """So many minutes later under the proposal; None when either is silent."""
        return None if self.before is None else minutes_between(self.before, self.after)


class Compared(msgspec.Struct, frozen=True):
    """One person under both."""

    history: History
    before: Played
    after: Played
    pairs: tuple[tuple[Seen, Seen], ...]
    missed: tuple[Seen, ...]
    raised: tuple[Seen, ...]
    real: tuple[Real, ...]

    @property
    def replayed(self) -> int:
        """How many of the recorded alerts the replay of the rules in force has, too."""
        opened = [one.opened_at for one in self.before.alerts]
        return sum(any(abs(at - one) <= NEAR for one in opened) for at in self.history.recorded)

    def judged(self, seen: Seen) -> Judged | None:
        """Give what is known about an alert; that it was real before that it was not."""
        found = [one for one in self.history.judged if one.holds(seen.rang_at)]
        return next((one for one in found if one.real), found[0] if found else None)


def minutes_between(before: datetime, after: datetime | None) -> int | None:
    """Give whole minutes, rounded towards 0."""
    return None if after is None else int((after - before) / MINUTE)


def compare(history: History, before: Played, after: Played) -> Compared:
    """Hold what the rules in force gave against what the proposal gives."""
    pairs = _pairs(before.alerts, after.alerts)
    mine, theirs = {one for one, _ in pairs}, {other for _, other in pairs}
    return Compared(
        history=history,
        before=before,
        after=after,
        pairs=tuple((before.alerts[one], after.alerts[other]) for one, other in pairs),
        missed=tuple(s for n, s in enumerate(before.alerts) if n not in mine),
        raised=tuple(s for n, s in enumerate(after.alerts) if n not in theirs),
        real=tuple(
            Real(one, _first(one, before.alerts), _first(one, after.alerts))
            for one in history.judged
            if one.real
        ),
    )


def _first(judged: Judged, alerts: Iterable[Seen]) -> datetime | None:
    return min((one.rang_at for one in alerts if judged.holds(one.rang_at)), default=None)


def _pairs(before: Sequence[Seen], after: Sequence[Seen]) -> list[tuple[int, int]]:
    """Give the numbers of the alerts of one episode, the nearest first taken, in order of time."""
    near = [
        (abs(after[theirs].rang_at - one.rang_at), mine, theirs)
        for mine, one in enumerate(before)
        for theirs in _within_reach(one, after)
        if is_same(one, after[theirs])
    ]
    taken: dict[int, int] = {}
    gone: set[int] = set()
    for _, mine, theirs in sorted(near):
        if mine not in taken and theirs not in gone:
            taken[mine] = theirs
            gone.add(theirs)
    return sorted(taken.items())


def _within_reach(one: Seen, after: Sequence[Seen]) -> range:
    """Give the numbers of those that can be of its episode: one alert is open at a time."""
    first = bisect_left(after, one.rang_at - SAME, key=lambda other: other.ended_at)
    return range(first, bisect_right(after, one.ended_at + SAME, key=lambda other: other.rang_at))


def is_same(one: Seen, other: Seen) -> bool:
    """Say whether two alerts are of one episode."""
    if one.missing != other.missing:
        return False
    apart = max(one.rang_at, other.rang_at) - min(one.ended_at, other.ended_at)
    if apart <= timedelta(0):
        return True
    return apart <= SAME and not set(one.parameters).isdisjoint(other.parameters)


def has_changed(before: Seen, after: Seen) -> bool:
    """Say whether an episode that both see has another level or other reasons."""
    return before.level is not after.level or reasons_of(before) != reasons_of(after)


def reasons_of(seen: Seen) -> frozenset[tuple[str, str]]:
    """Give why an alert rang: rules and their words."""
    return frozenset((one.rule, one.reason) for one in seen.reasons)
