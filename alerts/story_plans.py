"""A person's monitoring plan as a story tells it (INTERFACES 7).

`limits` maps a vital sign to its four limits; they hold from the story's start, as if written and
approved by two people. A list of them instead says `version`, `effective`, `author`, `approver`
and `limits` of each set.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from alerts.story_input import StoryError, StoryPerson, StoryWard, utc
from alerts.vital_rows import Limits, Ward
from alerts.vitals.plan import LimitSet, MonitoringPlan
from devices.model import VitalCode

AUTHOR, APPROVER = "clinician of the story", "second clinician of the story"


class ToldLimits(msgspec.Struct, frozen=True):
    """A set of own limits as a story tells it."""

    effective: datetime
    author: str
    approver: str
    limits: dict[VitalCode, Limits]
    version: str = "1"


def read_plan(
    person: StoryPerson,
    wards: Mapping[str, StoryWard],
    shipped: Mapping[str, Ward],
    start: datetime,
) -> MonitoringPlan:
    """Read a person's plan.

    Raises:
        StoryError: the ward is not known, or the limits cannot be read.
    """
    known: Mapping[str, Ward] = {**shipped, **wards}
    if person.ward is not None and person.ward not in known:
        raise StoryError(f"{person.id}: ward {person.ward!r} is not in the story")
    return MonitoringPlan(
        started_at=start,
        ward=None if person.ward is None else known[person.ward],
        pathway=person.pathway,
        spo2_scale=person.spo2_scale,
        baseline_spo2_pct=person.baseline_spo2_pct,
        target_spo2_pct=person.target_spo2_pct,
        dry_weight_kg=person.dry_weight_kg,
        baseline_cognition=person.baseline_cognition,
        limits=_limits(person, start),
        schedule=person.schedule,
        status=person.status,
        away_until=None if person.away_until is None else utc(person.away_until),
        conditions=person.conditions,
    )


def _limits(person: StoryPerson, start: datetime) -> tuple[LimitSet, ...]:
    said = person.limits
    if isinstance(said, dict):
        said = [_at_start(said, start)] if said else []
    try:
        told = msgspec.convert(said, list[ToldLimits])
    except msgspec.ValidationError as error:
        raise StoryError(f"{person.id}: limits: {error}") from error
    return tuple(
        LimitSet(one.version, utc(one.effective), one.author, one.approver, one.limits)
        for one in told
    )


def _at_start(limits: dict[str, Any], start: datetime) -> dict[str, Any]:
    return {"effective": start, "author": AUTHOR, "approver": APPROVER, "limits": limits}
