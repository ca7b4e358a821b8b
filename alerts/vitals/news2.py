"""NEWS2, the National Early Warning Score 2, exactly as its chart.

Source: Royal College of Physicians, National Early Warning Score (NEWS) 2, 2017, chart 1 and 2.
Not for people under 16 and not in pregnancy. Scale 2 is a clinician's decision, never inferred.

Contract: a complete set has a total and a band. An incomplete one has neither: it has a lower
bound, the least that any value of what is missing could make of it. Adding a parameter never
lowers the bound.

Theory of operation: each parameter is a row of (at most, score), read from the left. Temperature is
compared in tenths of a degree as whole numbers, because 38.0 and 38.1 differ by a point and binary
fractions do not know where.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import msgspec

RULE = "news2"
VERSION = "2017"

PARAMETERS = (
    "respiratory_rate_bpm",
    "spo2_pct",
    "oxygen",
    "systolic_mmhg",
    "heart_rate_bpm",
    "consciousness",
    "temperature_c",
)

Bands = tuple[tuple[int, int], ...]
BEYOND = 10**9

RESPIRATORY_RATE: Bands = ((8, 3), (11, 1), (20, 0), (24, 2), (BEYOND, 3))
SPO2_SCALE_1: Bands = ((91, 3), (93, 2), (95, 1), (BEYOND, 0))
SPO2_SCALE_2_AIR: Bands = ((83, 3), (85, 2), (87, 1), (BEYOND, 0))
SPO2_SCALE_2_OXYGEN: Bands = ((83, 3), (85, 2), (87, 1), (92, 0), (94, 1), (96, 2), (BEYOND, 3))
SYSTOLIC: Bands = ((90, 3), (100, 2), (110, 1), (219, 0), (BEYOND, 3))
HEART_RATE: Bands = ((40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (BEYOND, 3))
TEMPERATURE_TENTHS: Bands = ((350, 3), (360, 1), (380, 0), (390, 1), (BEYOND, 2))
ON_OXYGEN = 2
NOT_ALERT = 3
RED = 3
MEDIUM_FROM = 5
HIGH_FROM = 7


class Vitals(msgspec.Struct, frozen=True):
    """One set of readings; None is missing. Whole numbers, temperature in degrees Celsius."""

    respiratory_rate_bpm: int | None = None
    spo2_pct: int | None = None
    oxygen: bool | None = None
    systolic_mmhg: int | None = None
    heart_rate_bpm: int | None = None
    consciousness: Literal["A", "C", "V", "P", "U"] | None = None
    temperature_c: Decimal | None = None
    spo2_scale: Literal[1, 2] = 1


class Score(msgspec.Struct, frozen=True):
    """What a set scores. `total` and `band` are None when anything is missing."""

    subscores: dict[str, int]
    missing: tuple[str, ...]
    red: tuple[str, ...]
    at_least: int
    total: int | None
    band: Literal["low", "low_medium", "medium", "high"] | None


def score(vitals: Vitals) -> Score:
    """Score a set of readings."""
    subscores = {name: sub for name in PARAMETERS if (sub := _subscore(name, vitals)) is not None}
    missing = tuple(name for name in PARAMETERS if name not in subscores)
    at_least = sum(subscores.values())
    red = tuple(name for name, sub in subscores.items() if sub == RED)
    total = None if missing else at_least
    band = None if total is None else _band(total, bool(red))
    return Score(subscores, missing, red, at_least, total, band)


def _band(total: int, red: bool) -> Literal["low", "low_medium", "medium", "high"]:  # noqa: FBT001
    if total >= HIGH_FROM:
        return "high"
    if total >= MEDIUM_FROM:
        return "medium"
    return "low_medium" if red else "low"


def _subscore(name: str, vitals: Vitals) -> int | None:
    value = getattr(vitals, name)
    if value is None:
        return None
    if name == "oxygen":
        return ON_OXYGEN if value else 0
    if name == "consciousness":
        return 0 if value == "A" else NOT_ALERT
    if name == "temperature_c":
        return _in(TEMPERATURE_TENTHS, tenths(value))
    if name == "spo2_pct":
        return _in(_spo2_bands(vitals), value)
    return _in(BANDS[name], value)


BANDS: Mapping[str, Bands] = {
    "respiratory_rate_bpm": RESPIRATORY_RATE,
    "systolic_mmhg": SYSTOLIC,
    "heart_rate_bpm": HEART_RATE,
}


def _spo2_bands(vitals: Vitals) -> Bands:
    """Choose the row; with oxygen not known, the one that scores least is the bound."""
    if vitals.spo2_scale == 1:
        return SPO2_SCALE_1
    return SPO2_SCALE_2_OXYGEN if vitals.oxygen else SPO2_SCALE_2_AIR


def tenths(temperature_c: Decimal) -> int:
    """Give a temperature in tenths of a degree, rounded half up."""
    return int(temperature_c.scaleb(1).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _in(bands: Bands, value: int) -> int:
    return next(points for at_most, points in bands if value <= at_most)
