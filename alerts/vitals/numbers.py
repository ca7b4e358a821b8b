"""One vital sign against its limits, the person's own figures and the ward's floor.

A meter's HI or LO is red and waits for nothing: it is beyond what the meter can say.
"""

from collections.abc import Iterable

from alerts.case import Reason
from alerts.rule_ids import Rule
from alerts.vital_words import Level
from alerts.vitals.inputs import Reading
from alerts.vitals.step import Step
from alerts.vitals.verdict import Said
from devices.model import Quality

BEYOND = frozenset({Quality.ABOVE_RANGE, Quality.BELOW_RANGE})
EXACT = 6
"""Decimals that differences are rounded to: 72.1 - 70.1 is 2 kg, whatever binary fractions say."""


def number_of(reading: Reading) -> float | None:
    """Give a reading's number; letters, yes and no have none."""
    value = reading.value
    return None if value is None or isinstance(value, str | bool) else float(value)


def beyond_range(step: Step, reading: Reading) -> Iterable[Said]:
    """A meter's HI or LO."""
    if reading.quality in BEYOND:
        reason = step.why(Rule.VITALS_RANGE, reading.quality.value, vital=reading.code.value)
        yield Said(Level.RED, reason, waits=False)


def limits(step: Step, reading: Reading) -> Iterable[Said]:
    """The worst of the four limits that is reached."""
    value = number_of(reading)
    if value is None:
        return
    hit = next((b for b in step.held.bounds.get(reading.code, ()) if b.is_hit(value)), None)
    if hit is not None:
        inputs = {"vital": reading.code.value, "value": value, "limit": hit.at}
        yield Said(hit.level, Reason(f"beyond_{hit.name}", hit.rule, hit.version, inputs))


def relative(step: Step, reading: Reading) -> Iterable[Said]:
    """Too far from a figure of the person's own."""
    value, plan = number_of(reading), step.state.plan
    if value is None:
        return
    for row in step.rules.vitals.relatives(reading.code, plan.pathway):
        own = plan.reference(row.reference)
        if own is None:
            continue  # cannot be calculated
        rise = round(value - own, EXACT)
        inputs = {"vital": reading.code.value, "value": value, row.reference.value: own}
        if row.fall_at_least is not None and -rise >= row.fall_at_least:
            name, limit = "below_own_baseline", row.fall_at_least
        elif row.rise_at_least is not None and rise >= row.rise_at_least:
            name, limit = "above_own_baseline", row.rise_at_least
        elif row.rise_more_than is not None and rise > row.rise_more_than:
            name, limit = "above_own_baseline", row.rise_more_than
        else:
            continue
        inputs["limit"] = limit
        yield Said(row.level, Reason(name, row.id, row.version, inputs))


def floor(step: Step, reading: Reading) -> Iterable[Said]:
    """Below the ward's hard floor nothing waits, and 999 is offered to the clinician."""
    value, ward = number_of(reading), step.held.ward
    at = ward.floor.get(reading.code.value)
    if value is not None and at is not None and value < at:
        reason = step.why(
            Rule.VITALS_FLOOR,
            "below_ward_floor",
            vital=reading.code.value,
            value=value,
            floor=at,
            ward=ward.id,
            offer="999_task",
        )
        yield Said(Level.RED, reason, waits=False)
