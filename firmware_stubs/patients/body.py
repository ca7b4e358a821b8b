"""What is true of one person at any moment: the body that instruments read and nobody sees.

    value = baseline + slow drift + the day's own deviation + time of day + what happens (courses)

Numbers and their sources: README.md beside this file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from firmware_stubs.patients.courses import CONFUSED_LEVEL, VOICE_LEVEL, Course
from firmware_stubs.patients.streams import Stream, wave, within
from firmware_stubs.patients.words import Sign

CARRIED = 0.5
"""Share of a day's deviation that the next day inherits."""
FRESH = 0.8660254037844386
"""The root of (1 - CARRIED squared): keeps the spread the same on every day."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a sign moves by itself.

    Attributes:
        day_spread: Standard deviation of a day's deviation from the person's own mean.
        drift_spread: Standard deviation of the slow wave's height; the trend over 90 days has it
            too.
        swing: Half of the way from trough to peak over a day.
        peak_h: Hour of the peak, UTC (local time is at most an hour off).
        low, high: What a living body has.
    """

    day_spread: float
    drift_spread: float
    swing: float
    peak_h: float
    low: float
    high: float


RHYTHMS: Mapping[Sign, Rhythm] = {
    Sign.SPO2: Rhythm(0.6, 0.3, 0.3, 15, 65, 99.4),
    Sign.HEART_RATE: Rhythm(3.0, 1.5, 3.5, 15, 32, 190),
    Sign.RESPIRATORY_RATE: Rhythm(0.9, 0.4, 0.6, 16, 6, 48),
    Sign.SYSTOLIC: Rhythm(5.0, 3.0, 5.0, 12, 65, 235),
    Sign.DIASTOLIC: Rhythm(3.0, 1.5, 3.0, 12, 35, 130),
    Sign.TEMPERATURE: Rhythm(0.13, 0.05, 0.25, 17, 34.0, 41.0),
    Sign.WEIGHT: Rhythm(0.35, 0.6, 0.35, 20, 30, 200),
    Sign.GLUCOSE: Rhythm(1.0, 0.6, 1.0, 14, 0.6, 45),
    Sign.PEAK_FLOW: Rhythm(7.0, 6.0, 9.0, 16, 40, 700),
}
TREND_D = 90.0
WAVE_D = (25.0, 70.0)
"""Length of the slow wave."""


@dataclass(frozen=True, slots=True)
class Slow:
    """Trend a day, and a slow wave."""

    trend: float
    height: float
    length_d: float
    phase: float


@dataclass(frozen=True, slots=True)
class Body:
    """A person's body from the ward's start on; days are counted from there."""

    baseline: Mapping[Sign, float]
    slow: Mapping[Sign, Slow]
    days: Mapping[Sign, Sequence[float]]
    courses: tuple[Course, ...]
    oxygen: bool

    def value(self, sign: Sign, day: float) -> float:
        """Give the true value of a numeric sign.

        Raises:
            IndexError: for a day after the history.
        """
        rhythm, slow = RHYTHMS[sign], self.slow[sign]
        value = (
            self.baseline[sign]
            + slow.trend * day
            + slow.height * wave(day / slow.length_d + slow.phase)
            + self.days[sign][int(day)]
            + rhythm.swing * wave(day - rhythm.peak_h / 24.0 + 0.25)
        )
        for course in self.courses:
            if course.onset_d < day < course.end_d:
                value += course.effects.get(sign, 0.0) * course.level(day)
        return within(value, rhythm.low, rhythm.high)

    def consciousness(self, day: float) -> str:
        """Give A, C or V."""
        grave = max(
            (one.severity * one.level(day) for one in self.courses if one.confused), default=0.0
        )
        if grave < CONFUSED_LEVEL:
            return "A"
        return "C" if grave < VOICE_LEVEL else "V"

    def worse(self, day: float) -> float:
        """Give how much worse than usual the body is, in severities."""
        return max((one.severity * one.level(day) for one in self.courses), default=0.0)

    def felt(self, day: float) -> float:
        """Give how much worse than usual the person feels, in severities."""
        return max((one.felt(day) for one in self.courses), default=0.0)


def body(
    baseline: Mapping[Sign, float],
    courses: tuple[Course, ...],
    days: int,
    stream: Stream,
    *,
    oxygen: bool,
) -> Body:
    """Give a body with so many days of its own ups and downs."""
    slow, own = {}, {}
    for sign in baseline:
        rhythm = RHYTHMS[sign]
        slow[sign] = Slow(
            rhythm.drift_spread * stream.bell() / TREND_D,
            rhythm.drift_spread * stream.bell(),
            stream.between(*WAVE_D),
            stream.uniform(),
        )
        own[sign] = _days(rhythm.day_spread, days, stream)
    return Body(baseline, slow, own, courses, oxygen)


def _days(spread: float, days: int, stream: Stream) -> tuple[float, ...]:
    found = []
    now = spread * stream.bell()
    for _ in range(days):
        found.append(now)
        now = CARRIED * now + FRESH * spread * stream.bell()
    return tuple(found)
