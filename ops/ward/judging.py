"""The claim, for one pathway: rules are not worse in sensitivity, and raise half the alerts. Pure.

Both arms see the same episodes, so the difference is taken episode by episode. Episodes of one
patient are no separate witnesses: the intervals (95 %) take the patient as the unit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ops.ward.gather import DEFAULT, PLAIN, SEEN, Outcome, Tally

HALF = 0.5
MARGIN = 0.02
"""Loss of sensitivity that the interval must exclude: 2 episodes in 100."""
Z_95 = 1.96


class Held(StrEnum):
    """What is said of the claim."""

    HOLDS = "holds"
    WITHIN = f"holds within {MARGIN}"
    NOT_SHOWN = "NOT SHOWN"
    FAILS = "DOES NOT HOLD"

    @property
    def is_held(self) -> bool:
        """Say whether the claim may be made."""
        return self in {Held.HOLDS, Held.WITHIN}


@dataclass(frozen=True, slots=True)
class Range:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the episodes and alerts of one pathway say.

    Attributes:
        episodes: How many; `ours`, `fixed`: caught by one of the arms only; `both`: by both.
        difference: Sensitivity of the default rules less that of plain limits.
        share: Alerts of the default rules as a share of plain limits'.
        whole_difference, whole_share: The same, with the alerts about missing readings.
    """

    episodes: int
    both: int
    ours: int
    fixed: int
    difference: Range
    share: Range
    whole_difference: Range
    whole_share: Range

    @property
    def held(self) -> Held:
        """Say whether the claim holds.

        It fails where the whole interval of the difference lies below 0, or more than HALF the
        alerts were raised. It holds where the intervals exclude both a loss of MARGIN and more
        than HALF the alerts: within the MARGIN only, where fewer episodes were caught all the
        same. Between the two there are too few patients to say.
        """
        if self.difference.high < 0 or self.share.value > HALF:
            return Held.FAILS
        if self.difference.low <= -MARGIN or self.share.high > HALF:
            return Held.NOT_SHOWN
        return Held.HOLDS if self.difference.value >= 0 else Held.WITHIN


def judge(tally: Tally) -> Judgement:
    """Hold the default rules against plain limits."""
    pairs = _pairs(tally, SEEN)
    every = [pair for of_patient in pairs for pair in of_patient]
    return Judgement(
        len(every),
        every.count((True, True)),
        every.count((True, False)),
        every.count((False, True)),
        difference(pairs),
        alerts_share(tally.outcomes, SEEN),
        difference(_pairs(tally, DEFAULT)),
        alerts_share(tally.outcomes, DEFAULT),
    )


def _pairs(tally: Tally, arm: str) -> list[list[tuple[bool, bool]]]:
    """Say for each patient, for each episode, whether this arm caught it, and plain limits."""
    return [list(zip(one.caught(arm), one.caught(PLAIN), strict=True)) for one in tally.outcomes]


def difference(pairs: Sequence[Sequence[tuple[bool, bool]]]) -> Range:
    """Give the difference in sensitivity, first arm less second.

    The interval has half an episode added to each of the four ways a pair can be, so that it is
    wide where the arms never differ (Agresti and Min, Simple improved confidence intervals for
    comparing matched proportions, Statistics in Medicine 2005), and the patient as the unit.

    Args:
        pairs: For each patient, for each episode, whether either arm caught it.
    """
    gains = [(sum(ours - fixed for ours, fixed in one), len(one)) for one in pairs if one]
    episodes = sum(count for _, count in gains)
    if not episodes:
        return Range(0.0, -1.0, 1.0)
    gained = sum(gain for gain, _ in gains)
    middle = gained / (episodes + 2)
    spread = sum((gain - middle * count) ** 2 for gain, count in gains) + 1
    reach = Z_95 * math.sqrt(spread) / (episodes + 2)
    return Range(gained / episodes, max(middle - reach, -1.0), min(middle + reach, 1.0))


def alerts_share(outcomes: Sequence[Outcome], arm: str) -> Range:
    """Give one arm's alerts as a share of plain limits', a ratio with the patient as the unit."""
    counts = [(len(one.rings[arm]), len(one.rings[PLAIN])) for one in outcomes]
    ours, fixed = (sum(column) for column in zip(*counts, strict=True))
    if not fixed:
        return Range(0.0 if not ours else math.inf, 0.0, math.inf)
    share = ours / fixed
    reach = Z_95 * math.sqrt(sum((a - share * b) ** 2 for a, b in counts)) / fixed
    return Range(share, max(share - reach, 0.0), share + reach)
