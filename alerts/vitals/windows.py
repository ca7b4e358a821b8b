"""A vital sign over days: changes within a window, and the slope by least squares.

Days are local: a morning's weight is three days after another morning's, also when the clocks
changed in between. The newest point is compared with those before it, each at its own time. What
cannot be calculated says nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from alerts.case import Reason
from alerts.vital_rows import ChangeRow, SlopeRow
from alerts.vitals.numbers import EXACT
from alerts.vitals.state import MAX_POINTS, Finding, Point
from alerts.vitals.step import Step
from alerts.vitals.verdict import Said
from devices.model import VitalCode

DAY_S = 86_400


def kept(points: tuple[Point, ...], new: Point, days: int) -> tuple[Point, ...]:
    """Put a point in at its own time, in place of one of the same time; the oldest leave."""
    others = [one for one in points if one.at != new.at]
    return _bounded([*others, new], days)


def without(points: tuple[Point, ...], at: datetime) -> tuple[Point, ...]:
    """Take the point of a time away."""
    return tuple(one for one in points if one.at != at)


def forget(step: Step, finding: Finding) -> Step:
    """A reading that its re-check did not bear out counts in no window any more."""
    vital = cast("VitalCode", finding.parameter)
    points = step.state.points.get(vital)
    if points is None:
        return step
    return step.change(points={**step.state.points, vital: without(points, finding.since)})


def _bounded(points: list[Point], days: int) -> tuple[Point, ...]:
    points.sort(key=lambda one: one.at)
    since = points[-1].at - timedelta(days=days + 1)
    return tuple(one for one in points if one.at >= since)[-MAX_POINTS:]


def over_days(step: Step, vital: VitalCode) -> Iterable[Said]:
    """Ask the rules that look at a vital sign over days."""
    points = step.state.points.get(vital, ())
    if not points:
        return
    zone = ZoneInfo(step.held.ward.timezone)
    for row in step.rules.vitals.windows(vital, step.state.plan.pathway):
        inside = _window(points, row.days, zone)
        said = _change(row, inside) if isinstance(row, ChangeRow) else _slope(row, inside)
        if said is not None:
            yield said


def _window(points: Sequence[Point], days: int, zone: ZoneInfo) -> tuple[Point, ...]:
    """Give the points of so many local days up to the newest's."""
    since = _day(points[-1], zone) - timedelta(days=days)
    return tuple(one for one in points if _day(one, zone) >= since)


def _day(point: Point, zone: ZoneInfo) -> date:
    return point.at.astimezone(zone).date()


def _change(row: ChangeRow, points: tuple[Point, ...]) -> Said | None:
    newest = points[-1].value
    low, high = min(points, key=_value), max(points, key=_value)
    rise, fall = round(newest - low.value, EXACT), round(high.value - newest, EXACT)
    for by, at_least, more_than, start, name in (
        (rise, row.rise_at_least, row.rise_more_than, low, "rose"),
        (fall, row.fall_at_least, row.fall_more_than, high, "fell"),
    ):
        over = more_than is not None and by > more_than
        if over or (at_least is not None and by >= at_least):
            inputs = {
                "vital": row.vital.value,
                "value": newest,
                "was": start.value,
                "was_at": start.at,
                "by": by,
                "days": row.days,
                "limit": at_least if more_than is None else more_than,
            }
            return Said(row.level, Reason(f"{name}_in_days", row.id, row.version, inputs))
    return None


def _value(point: Point) -> float:
    return point.value


def slope_per_day(points: Sequence[Point]) -> float | None:
    """Give the least-squares slope in units per day; None when it cannot be calculated."""
    begun = points[0].at
    days = [(one.at - begun).total_seconds() / DAY_S for one in points]
    mean_day = sum(days) / len(days)
    mean = sum(one.value for one in points) / len(points)
    spread = sum((day - mean_day) ** 2 for day in days)
    if spread == 0:
        return None
    together = sum((d - mean_day) * (p.value - mean) for d, p in zip(days, points, strict=True))
    return together / spread


def _slope(row: SlopeRow, points: tuple[Point, ...]) -> Said | None:
    slope = slope_per_day(points) if len(points) >= row.least_points else None
    if slope is None or abs(slope) < abs(row.per_day) or (slope > 0) != (row.per_day > 0):
        return None
    inputs = {
        "vital": row.vital.value,
        "per_day": round(slope, 3),
        "days": row.days,
        "points": len(points),
        "limit": row.per_day,
    }
    name = "rises_steadily" if slope > 0 else "falls_steadily"
    return Said(row.level, Reason(name, row.id, row.version, inputs))
