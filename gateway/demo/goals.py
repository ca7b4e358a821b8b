"""What each machine step should take: DESIGN 1 and the demo's own figures, in one table.

Later than LATE_FACTOR times its figure is a step that failed (INTERFACES 1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil

from gateway.demo.missing import Missing
from gateway.demo.screen import duration

LATE_FACTOR = 10


class Goal(StrEnum):
    """A machine step, as the summary names it."""

    RECEIPT = "press -> stored and acknowledged to her unit"
    SCREEN = "press -> on an operator's screen"
    REFERRAL = "press -> referral acknowledged by ICRS"
    DECIDED = "an operator's decision -> referral acknowledged"
    ACT = "an act at a desk -> committed and answered"
    DEVICE = "an act at a desk -> heard by her unit"
    READ = "a record or the MDT list -> read"
    TIMER = "a timer is due -> it has run"


STATED_MS: Mapping[Goal, float] = {
    Goal.RECEIPT: 250,
    Goal.SCREEN: 250,
    Goal.REFERRAL: 1_000,
    Goal.DECIDED: 1_000,
    Goal.ACT: 250,
    Goal.DEVICE: 1_000,
    Goal.READ: 250,
    Goal.TIMER: 1_000,
}


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every machine step that was measured."""

    took_ms: dict[Goal, list[float]] = field(default_factory=dict)

    def note(self, goal: Goal, took_ms: float) -> None:
        """Keep a measured time.

        Raises:
            Missing: it is later than LATE_FACTOR times the stated figure.
        """
        self.took_ms.setdefault(goal, []).append(took_ms)
        if took_ms > LATE_FACTOR * STATED_MS[goal]:
            raise Missing(
                f"{goal.value}: {duration(took_ms)}, later than {LATE_FACTOR} times the stated "
                f"{duration(STATED_MS[goal])}"
            )

    def rows(self) -> list[tuple[str, str, str]]:
        """Give (what, stated, measured) in the table's order; of several, the slowest."""
        found = []
        for goal, stated_ms in STATED_MS.items():
            took = self.took_ms.get(goal)
            if took:
                many = f"  slowest of {len(took)}" if len(took) > 1 else ""
                found.append((goal.value, duration(stated_ms), duration(max(took)) + many))
        return found


def percentile(values: Sequence[float], share: float) -> float:
    """Give the nearest-rank percentile: a value that really occurred.

    Raises:
        ValueError: for no values.
    """
    if not values:
        raise ValueError("0 values, expected at least 1")
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
