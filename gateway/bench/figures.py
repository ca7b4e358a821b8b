"""What the raw samples say: percentiles, growth of a backlog, noise, agreement. Pure.

Nothing is binned: a percentile is the value of one message that was really sent.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

GRID = 25
GROWTH_MAX = 0.02
GROWTH_ALLOWED_PER_S = 1.0


def percentile(ordered: Sequence[float], share: float) -> float:
    """Give the smallest value that `share` of all values do not exceed (nearest rank).

    Args:
        ordered: Values, ascending; at least one.
        share: In (0, 1].

    Raises:
        ValueError: no values, or a share outside its range.
    """
    if not ordered or not 0 < share <= 1:
        raise ValueError(f"percentile {share} of {len(ordered)} values, expected some and 0 to 1")
    return ordered[math.ceil(share * len(ordered)) - 1]


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle, the tail and the worst of some latencies, in milliseconds."""

    p50_ms: float
    p99_ms: float
    max_ms: float


def spread(latencies_s: Sequence[float]) -> Spread | None:
    """Sum up latencies in seconds; None when there are none."""
    if not latencies_s:
        return None
    ordered = sorted(latencies_s)
    return Spread(
        percentile(ordered, 0.5) * 1_000, percentile(ordered, 0.99) * 1_000, ordered[-1] * 1_000
    )


def growth(due_s: Sequence[float], done_s: Sequence[float], seconds: float) -> float:
    """Say how fast a backlog grew while messages were offered, in messages a second.

    The mean backlog of the last quarter is compared with that of the second one: the first is the
    warming up, and one short stall in either moves a mean only a little.

    Args:
        due_s: When each message was due, ascending, from the beginning of the step.
        done_s: When messages were done, in any order; those that never were are left out.
        seconds: How long messages were offered.
    """
    ended = sorted(done_s)

    def mean_backlog(begin: float) -> float:
        grid = [seconds * (begin + 0.25 * (one + 0.5) / GRID) for one in range(GRID)]
        return sum(bisect_right(due_s, at) - bisect_right(ended, at) for at in grid) / GRID

    return (mean_backlog(0.75) - mean_backlog(0.25)) / (0.5 * seconds)


def holds(growth_per_s: float, rate: float) -> bool:
    """Say whether a backlog that grows like this does not grow: 2 % of the rate is noise."""
    return growth_per_s <= GROWTH_MAX * rate + GROWTH_ALLOWED_PER_S


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the result, of as many rounds as there were.

    Attributes:
        middle: The median of the rounds.
        noise: Largest minus smallest of them, and at least the resolution of the measurement.
    """

    middle: float
    noise: float

    def agrees(self, other: "Figure") -> bool:
        """Say whether both may be the same thing: the bands middle +- noise meet."""
        return abs(self.middle - other.middle) <= self.noise + other.noise


def figure(values: Sequence[float], resolution: float) -> Figure:
    """Put the rounds of one figure together.

    Raises:
        ValueError: no rounds.
    """
    if not values:
        raise ValueError("a figure of no rounds")
    return Figure(median(values), max(max(values) - min(values), resolution))


def rung(rates: Sequence[float], rate: float) -> float:
    """Give the resolution of a sustained rate: its distance to the next rung of the ladder."""
    above = [high - low for low, high in pairwise(sorted(rates)) if low >= rate]
    below = [high - low for low, high in pairwise(sorted(rates))]
    return above[0] if above else (below[-1] if below else 0.0)


def sustained(steps: Sequence[tuple[float, bool]]) -> float | None:
    """Give the highest rate that held before the first two in a row that did not; None for none.

    Args:
        steps: (rate, whether it held), as they were run, rising.
    """
    best: float | None = None
    missed = 0
    for rate, held in steps:
        missed = 0 if held else missed + 1
        if missed == 2:
            break
        best = rate if held else best
    return best
