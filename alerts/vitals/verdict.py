"""What the rules say about one parameter: how bad, why, and whether a re-check is awaited."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from alerts.case import Reason
from alerts.vital_words import Level
from alerts.vitals.inputs import Value
from alerts.vitals.state import worst


class Said(msgspec.Struct, frozen=True):
    """What one rule says; a rule that cannot calculate says nothing."""

    level: Level
    reason: Reason
    waits: bool = True


class Verdict(msgspec.Struct, frozen=True):
    """What all rules together say about a parameter, from a reading of the time `at`.

    Attributes:
        level: None when nothing is out of order.
        waits: Whether a second reading is awaited before it counts as confirmed.
        score: NEWS2's total or bound, or a questionnaire's score.
        of: For NEWS2: when the readings that gave points were taken.
        corrected: Vital signs that were corrected in their own place with this.
    """

    parameter: str
    at: datetime
    level: Level | None = None
    reasons: tuple[Reason, ...] = ()
    waits: bool = True
    value: Value = None
    score: int = 0
    of: dict[str, datetime] = {}
    corrected: frozenset[str] = frozenset()


def together(parameter: str, at: datetime, said: Iterable[Said], value: Value = None) -> Verdict:
    """Take the worst that was said; one that does not wait takes the wait away."""
    every = tuple(said)
    level = worst(one.level for one in every)
    waits = all(one.waits for one in every)
    return Verdict(parameter, at, level, tuple(one.reason for one in every), waits, value)
