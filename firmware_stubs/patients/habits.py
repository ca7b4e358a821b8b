"""How people measure: whether, when, twice, and how late it arrives; and their device faults.

Numbers and their sources: README.md beside this file.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from firmware_stubs.patients.streams import Stream, within
from firmware_stubs.patients.words import FaultKind, Instrument

SETTLING_D = 14
SETTLING_EXTRA = 0.15
"""New people measure more; it wears off over SETTLING_D."""
ILL_LOSS = 0.2
"""Share of the readings that a person at severity 1 no longer manages."""
SATURDAY = 5
EARLIEST_MIN, LATEST_MIN = 240, 1_430
LATER_SHARE = 0.08
"""Share of the visits that happen hours later than usual."""
PART_LEFT_OUT = 0.05
"""Share of the instruments left out of a visit that does happen."""
TWICE_SHARE = 0.04
TWICE_WHEN_ODD_SHARE = 0.3
"""Somebody who sees an odd value often measures again at once."""
LATE_SHARE = 0.015
LATE_MIN = (5.0, 360.0)
GAP_PER_BLOCK = 0.1
GAP_D = (3, 9)
BLOCK_D = 30


@dataclass(frozen=True, slots=True)
class Habits:
    """One person's.

    Attributes:
        kept: Share of the readings kept once settled.
        weekend_kept: Of those, the share kept on Saturdays and Sundays.
        offset_min: How much later than planned this person measures.
        answers: Share of the re-checks that are answered.
        gaps: Days away: (first, first day back), since the ward's start.
    """

    kept: float
    weekend_kept: float
    offset_min: float
    answers: float
    gaps: tuple[tuple[int, int], ...]

    def share(self, stayed_d: int, weekday: int, worse: float) -> float:
        """Give the chance that a planned visit happens."""
        fresh = SETTLING_EXTRA * max(0.0, 1.0 - stayed_d / SETTLING_D)
        weekend = self.weekend_kept if weekday >= SATURDAY else 1.0
        ill = 1.0 - ILL_LOSS * min(worse, 1.5)
        return min(self.kept + fresh, 0.99) * weekend * ill

    def is_away(self, day: int) -> bool:
        """Say whether the person is away on this day."""
        return any(begin <= day < end for begin, end in self.gaps)

    def minute(self, planned: int, stream: Stream) -> float:
        """Give the minute after local midnight at which a visit happens."""
        minute = planned + self.offset_min + 18.0 * stream.bell()
        if stream.chance(LATER_SHARE):
            minute += stream.between(60, 420)
        return within(minute, EARLIEST_MIN, LATEST_MIN)


def habits(stay: tuple[int, int], stream: Stream) -> Habits:
    """Choose how a person measures, on the ward for these days."""
    kept = within(0.82 + 0.12 * stream.bell(), 0.45, 0.97)
    weekend_kept = 0.35 if stream.chance(0.15) else 0.95
    gaps = []
    for begin in range(stay[0], stay[1], BLOCK_D):
        if stream.chance(GAP_PER_BLOCK):
            first = begin + stream.whole(2, BLOCK_D - 1)
            gaps.append((first, first + stream.whole(*GAP_D)))
    return Habits(kept, weekend_kept, 25.0 * stream.bell(), stream.between(0.5, 0.95), tuple(gaps))


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A device fault: its chance in 30 days, for how many days, on which instruments."""

    per_block: float
    lasts_d: tuple[float, float]
    instruments: tuple[Instrument | None, ...]


FAULTS: Mapping[FaultKind, FaultRow] = {
    FaultKind.DRIFT: FaultRow(0.008, (10, 30), (Instrument.SCALE, Instrument.OXIMETER)),
    FaultKind.STUCK: FaultRow(0.006, (2, 8), (Instrument.SCALE, Instrument.THERMOMETER)),
    FaultKind.CLOCK: FaultRow(0.015, (1, 20), (None,)),
    FaultKind.BATTERY: FaultRow(0.02, (3, 8), (None,)),
    FaultKind.OUTAGE: FaultRow(0.04, (0.1, 2.0), (None,)),
}
DRIFT_A_DAY: Mapping[Instrument, tuple[float, float]] = {
    Instrument.SCALE: (0.05, 0.15),
    Instrument.OXIMETER: (-0.25, -0.08),
}
CLOCK_ERRORS_D: tuple[float | None, ...] = (None, None, 1.0, -1.0, 1 / 24, -1 / 24, -365.0)
"""None, the most frequent: began again at its factory date; the last: somebody set last year."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A device fault, in days since the ward's start; `amount` as in words.Fault."""

    kind: FaultKind
    instrument: Instrument | None
    begins_d: float
    ends_d: float
    amount: float | None


def troubles(
    stay: tuple[int, int], kit: frozenset[Instrument], stream: Stream
) -> tuple[Trouble, ...]:
    """Choose the device faults of a stay: at most one of each kind."""
    found = []
    for kind, row in FAULTS.items():
        begins_d = stay[0] + (stay[1] - stay[0]) * stream.uniform()
        ends_d = begins_d + stream.between(*row.lasts_d)
        instrument = stream.pick(row.instruments)
        amount = _amount(kind, instrument, stream)
        happens = stream.chance(row.per_block * (stay[1] - stay[0]) / BLOCK_D)
        if happens and (instrument is None or instrument in kit):
            found.append(Trouble(kind, instrument, begins_d, ends_d, amount))
    return tuple(found)


def _amount(kind: FaultKind, instrument: Instrument | None, stream: Stream) -> float | None:
    if kind is FaultKind.DRIFT and instrument is not None:
        return stream.between(*DRIFT_A_DAY[instrument])
    return stream.pick(CLOCK_ERRORS_D) if kind is FaultKind.CLOCK else None
