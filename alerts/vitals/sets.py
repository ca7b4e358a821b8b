"""NEWS2 over the readings that form one set (DECIDING 7).

Only readings within the ward's window of each other are one set; older ones are shown with their
age and never scored. An incomplete set has a lower bound, which escalates as a total does: red at 7
or with a single 3, amber at 5 and 6. How the person usually is counts as alert.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal, cast

import msgspec

from alerts.case import Reason
from alerts.rule_ids import Rule
from alerts.vital_rules import NEWS2_FLOOR
from alerts.vital_words import Level
from alerts.vitals.inputs import Reading
from alerts.vitals.news2 import (
    HIGH_FROM,
    MEDIUM_FROM,
    PARAMETERS,
    RULE,
    VERSION,
    Score,
    Vitals,
    score,
)
from alerts.vitals.state import NEWS2, RANK
from alerts.vitals.step import Step
from alerts.vitals.verdict import Verdict
from devices.model import Quality, VitalCode

USABLE = frozenset({Quality.OK, Quality.DEVICE_CLOCK})
ALERT = "A"
SCORED = frozenset(PARAMETERS)


class Scored(msgspec.Struct, frozen=True):
    """A set with its score, and what was too old to be in it: vital sign -> age in minutes."""

    score: Score
    at: datetime
    of: dict[str, datetime]
    older: dict[str, int]


def score_set(step: Step, at: datetime) -> Scored:
    """Score the newest readings of the ward's window up to `at`."""
    newest = step.state.newest
    window = timedelta(minutes=step.held.ward.set_window_min)
    values: dict[str, Any] = {}
    older = {}
    for name in PARAMETERS:
        reading = newest.get(cast("VitalCode", name))
        if reading is None or reading.value is None or reading.quality not in USABLE:
            continue
        if at - reading.at > window:
            older[name] = int((at - reading.at).total_seconds()) // 60
        elif reading.at <= at:
            values[name] = _for_chart(name, reading, step.state.plan.baseline_cognition)
    scale: Literal[1, 2] = 2 if step.state.plan.spo2_scale == 2 else 1  # noqa: PLR2004 - its own number
    result = score(Vitals(**values, spo2_scale=scale))
    points = {name: _at(newest, name) for name, sub in result.subscores.items() if sub}
    return Scored(result, at, points, older)


def _at(newest: Mapping[VitalCode, Reading], name: str) -> datetime:
    return newest[cast("VitalCode", name)].at


def _for_chart(name: str, reading: Reading, usual: str) -> Any:  # noqa: ANN401 - a field of Vitals
    """Give a value as the chart wants it: whole numbers rounded half up, temperature decimal."""
    value = reading.value
    if name == VitalCode.CONSCIOUSNESS:
        return ALERT if value == usual else value
    if name == VitalCode.OXYGEN:
        return bool(value)
    number = Decimal(str(value))
    if name == VitalCode.TEMPERATURE:
        return number
    return int(number.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def news2(step: Step, at: datetime) -> Verdict:
    """Say what NEWS2 says about the sets that a reading of the time `at` belongs to.

    One ends with it; where later readings came before it, another ends with the last of those.
    """
    window = timedelta(minutes=step.held.ward.set_window_min)
    newest = step.state.newest.values()
    last = max((r.at for r in newest if r.code in SCORED and r.at - at <= window), default=at)
    ends = (at,) if last <= at else (last, at)
    return max((_of_set(step, end) for end in ends), key=lambda one: (RANK[one.level], one.score))


def _of_set(step: Step, at: datetime) -> Verdict:
    scored = score_set(step, at)
    result = scored.score
    level = _level(result)
    if level is None:
        return Verdict(NEWS2, at, score=result.at_least, of=scored.of)
    reasons = [_reason(step, scored, level)]
    at_floor = step.held.ward.floor.get(NEWS2_FLOOR)
    waits = at_floor is None or result.at_least < at_floor
    if not waits:
        reasons.append(
            step.why(
                Rule.VITALS_FLOOR,
                "below_ward_floor",
                news2=result.at_least,
                floor=at_floor,
                ward=step.held.ward.id,
                offer="999_task",
            )
        )
    return Verdict(NEWS2, at, level, tuple(reasons), waits, None, result.at_least, scored.of)


def _level(result: Score) -> Level | None:
    if result.at_least >= HIGH_FROM or result.red:
        return Level.RED
    return Level.AMBER if result.at_least >= MEDIUM_FROM else None


def _reason(step: Step, scored: Scored, level: Level) -> Reason:
    result = scored.score
    inputs = {
        "total": result.total,
        "at_least": result.at_least,
        "band": result.band,
        "missing": list(result.missing),
        "red": list(result.red),
        "subscores": result.subscores,
        "older_min": scored.older,
        "spo2_scale": step.state.plan.spo2_scale,
    }
    return Reason(f"news2_{level.value}", RULE, VERSION, inputs)
