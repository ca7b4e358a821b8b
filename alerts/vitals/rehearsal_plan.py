"""The plan that a rehearsal plays: what holds now, and what is proposed, from the first day on.

Contract: pure. A rehearsal asks what today's limits would have done, not what held back then: own
limits that hold now are moved to the beginning, in their order; those of the future are left out.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from alerts.ruleset import Rules
from alerts.vitals import decide
from alerts.vitals.plan import LimitSet, MonitoringPlan, refuse
from alerts.words import PersonStatus
from devices.model import VitalCode

STEP = timedelta(seconds=1)


def plan_of_now(
    plan: MonitoringPlan, since: datetime, now: datetime, proposed: LimitSet | None = None
) -> MonitoringPlan:
    """Give the plan with what holds now, and the proposed limits over it, from `since` on.

    Where the person is comes from what clinicians recorded, so they begin at home; whose monitoring
    has ended since was watched until then.
    """
    held = sorted((one for one in plan.limits if one.effective <= now), key=lambda s: s.effective)
    sets = (*held, *(() if proposed is None else (proposed,)))
    moved = tuple(
        replace(one, effective=since - (len(sets) - number) * STEP)
        for number, one in enumerate(sets)
    )
    return replace(plan, limits=moved, status=PersonStatus.HOME, away_until=None, ended_at=None)


def wrong_with(plan: MonitoringPlan, rules: Rules, now: datetime) -> tuple[str, ...]:
    """Say what of a plan may not be activated."""
    _, wrong = refuse(plan, rules, now)
    return tuple(said for said, _ in wrong)


def limits_of(
    plan: MonitoringPlan, rules: Rules, now: datetime
) -> Mapping[VitalCode, Mapping[str, float]]:
    """Give the limits that hold for a person, for showing beside what was measured."""
    held = decide.configure(decide.new_state("", now), plan, rules, now).state.effective
    assert held is not None  # configure computes it
    return {
        code: {bound.name: bound.at for bound in bounds} for code, bounds in held.bounds.items()
    }
