"""A person's monitoring plan, and the limits that hold for them now.

Contract: a limit is the person's own, else what follows from their target range, else their
pathway's, else the default. A set of own limits holds from its date, was written by one person and
approved by another. A pathway that asks for figures is not activated without them.
"""

from collections.abc import Iterable
from datetime import datetime
from math import inf, nextafter

import msgspec

from alerts.case import Reason
from alerts.rule_ids import Rule
from alerts.ruleset import Rules
from alerts.vital_rows import DEFAULT_WARD, Limits, Slot, Ward
from alerts.vital_rules import (
    ORDER,
    WORDS_NOT_NUMBERS,
    out_of_order,
    target_limits,
    wrong_slot,
    wrong_ward,
)
from alerts.vital_words import Level, Pathway, Reference
from alerts.words import PersonStatus
from devices.model import VitalCode

MAX_LIMIT_SETS = 20
LEVELS = {
    "alert_high": Level.RED,
    "warning_high": Level.AMBER,
    "warning_low": Level.AMBER,
    "alert_low": Level.RED,
}
# Where the chart of NEWS2 gives 0 points, on air and on oxygen alike (alerts/vitals/news2.py).
NO_POINTS: dict[VitalCode, tuple[float, float]] = {
    VitalCode.RESPIRATORY_RATE: (12, 20),
    VitalCode.SYSTOLIC: (111, 219),
    VitalCode.HEART_RATE: (51, 90),
    VitalCode.TEMPERATURE: (36.1, 38.0),
}
BEYOND = 1e9
"""Further than any vital sign goes; infinity cannot be stored as JSON."""
NO_POINTS_SPO2 = {1: (96.0, BEYOND), 2: (88.0, 92.0)}
EVER = (-BEYOND, BEYOND)


class LimitSet(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person's own limits in one version."""

    version: str
    effective: datetime
    author: str
    approver: str
    limits: dict[VitalCode, Limits]


class MonitoringPlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a person is watched, as clinicians set it.

    Attributes:
        ward: None is the shipped default ward.
        started_at: Schedules count from its day; nothing due before it is missing.
        spo2_scale: 2 only where a clinician set it.
        schedule: None is the pathway's.
        baseline_cognition: How they usually are, in ACVPU.
        ended_at: When a clinician ended the monitoring; readings that still come are flagged.
        conditions: Shown with what is handed over; no limit ever follows from them.
    """

    started_at: datetime
    ward: Ward | None = None
    pathway: Pathway | None = None
    spo2_scale: int = 1
    baseline_spo2_pct: float | None = None
    target_spo2_pct: tuple[float, float] | None = None
    dry_weight_kg: float | None = None
    baseline_cognition: str = "A"
    limits: tuple[LimitSet, ...] = ()
    schedule: tuple[Slot, ...] | None = None
    status: PersonStatus = PersonStatus.HOME
    away_until: datetime | None = None
    conditions: tuple[str, ...] = ()
    ended_at: datetime | None = None

    def reference(self, which: Reference) -> float | None:
        """Give a figure of the person's own; of the target, its lower end."""
        if which is Reference.TARGET_SPO2:
            return None if self.target_spo2_pct is None else self.target_spo2_pct[0]
        value: float | None = getattr(self, which.value)
        return value

    def status_at(self, now: datetime) -> PersonStatus:
        """Give where the person is; an absence whose end has passed is over.

        Of whom the monitoring has ended it says so, wherever they are: nobody is sent for.
        """
        if self.ended_at is not None and self.status is not PersonStatus.DECEASED:
            return PersonStatus.ENDED
        over = self.away_until is not None and self.away_until <= now
        return PersonStatus.HOME if self.status is PersonStatus.AWAY and over else self.status


class Bound(msgspec.Struct, frozen=True, gc=False):
    """One limit that holds: its name, its value, and whose it is."""

    name: str
    at: float
    rule: str
    version: str

    @property
    def level(self) -> Level:
        """How bad it is to be beyond it."""
        return LEVELS[self.name]

    def is_hit(self, value: float) -> bool:
        """Say whether a value is at or beyond it."""
        return value >= self.at if self.name.endswith("high") else value <= self.at


class Effective(msgspec.Struct, frozen=True):
    """What holds for a person now: computed once, and again when plan, rules or date change.

    Attributes:
        mark: Of the rules it was computed with.
        calm: Vital sign -> the open interval in which no rule has anything to say.
        until: When another set of own limits begins to hold.
    """

    mark: str
    ward: Ward
    bounds: dict[VitalCode, tuple[Bound, ...]]
    calm: dict[VitalCode, tuple[float, float]]
    until: datetime | None = None


def effective(plan: MonitoringPlan, rules: Rules, now: datetime) -> Effective:
    """Compute what holds for a person now."""
    bounds = {}
    for vital in VitalCode:
        if vital not in WORDS_NOT_NUMBERS and (found := _bounds(plan, rules, vital, now)):
            bounds[vital] = found
    ward = plan.ward or rules.vitals.wards[DEFAULT_WARD]
    return Effective(
        mark=rules.vitals.mark,
        ward=ward,
        bounds=bounds,
        calm=_calm(plan, rules, ward, bounds),
        until=min((s.effective for s in plan.limits if s.effective > now), default=None),
    )


def _sources(
    plan: MonitoringPlan, rules: Rules, vital: VitalCode, now: datetime
) -> Iterable[tuple[Limits, str, str]]:
    """Give the limits about a vital sign with their rule and version, the most personal first."""
    held = [s for s in plan.limits if s.effective <= now]
    for own in sorted(held, key=lambda s: s.effective, reverse=True):
        if vital in own.limits:
            yield own.limits[vital], Rule.VITALS_PERSONAL.value, own.version
    if plan.target_spo2_pct is not None:
        target = rules.vitals.targets.get(vital)
        if target is not None:
            yield target_limits(target, plan.target_spo2_pct[0]), target.id, target.version
            return  # a default for everybody says nothing beside a target of one's own
    for pathway in (plan.pathway, None):
        held_row = rules.vitals.limit_row(vital, pathway)
        if held_row is not None:
            yield held_row.limits, held_row.id, held_row.version


def _bounds(
    plan: MonitoringPlan, rules: Rules, vital: VitalCode, now: datetime
) -> tuple[Bound, ...]:
    found: dict[str, Bound] = {}
    for limits, rule, version in _sources(plan, rules, vital, now):
        for name in ORDER:
            at = getattr(limits, name)
            if at is not None and name not in found:
                found[name] = Bound(name, at, rule, version)
    return tuple(sorted(found.values(), key=lambda bound: bound.level is Level.AMBER))


def _calm(
    plan: MonitoringPlan, rules: Rules, ward: Ward, bounds: dict[VitalCode, tuple[Bound, ...]]
) -> dict[VitalCode, tuple[float, float]]:
    """Find between which values nothing is to be said; what is looked at over days is left out."""
    scale = 2 if plan.spo2_scale == 2 else 1  # noqa: PLR2004 - the scale's own number
    calm = {}
    for vital in VitalCode:
        if vital in WORDS_NOT_NUMBERS or rules.vitals.windows(vital, plan.pathway):
            continue
        charted = NO_POINTS_SPO2[scale] if vital is VitalCode.SPO2 else NO_POINTS.get(vital, EVER)
        low, high = nextafter(charted[0], -inf), nextafter(charted[1], inf)
        for bound in bounds.get(vital, ()):
            if bound.name.endswith("high"):
                high = min(high, bound.at)
            else:
                low = max(low, bound.at)
        for row in rules.vitals.relatives(vital, plan.pathway):
            own = plan.reference(row.reference)
            if own is not None and row.fall_at_least is not None:
                low = max(low, own - row.fall_at_least)
            elif own is not None:
                high = min(high, own + (row.rise_at_least or row.rise_more_than or 0.0))
        if vital.value in ward.floor:
            low = max(low, nextafter(ward.floor[vital.value], -inf))
        calm[vital] = (low, high)
    return calm


def refuse(
    plan: MonitoringPlan, rules: Rules, now: datetime
) -> tuple[MonitoringPlan, tuple[tuple[str, Reason], ...]]:
    """Give the plan without what may not be activated, and why that is so, each with a sentence."""
    wrong: list[tuple[str, Reason]] = []
    plan = _limits(plan, rules, now, wrong)
    row = None if plan.pathway is None else rules.vitals.pathways.get(plan.pathway)
    missing = () if row is None else tuple(r for r in row.requires if plan.reference(r) is None)
    if plan.pathway is not None and (row is None or missing):
        said = (
            f"no row for pathway {plan.pathway}"
            if row is None
            else f"{plan.pathway} needs {', '.join(missing)}, set by a clinician"
        )
        why = "pathway_not_known" if row is None else "baseline_and_target_needed"
        needs = rules.why(
            Rule.VITALS_PLAN, why, {"pathway": plan.pathway, "missing": list(missing)}
        )
        wrong.append((said, needs))
        plan = msgspec.structs.replace(plan, pathway=None)
    unusable = (
        *(() if plan.ward is None else wrong_ward(plan.ward)),
        *(one for slot in plan.schedule or () for one in wrong_slot(slot, rules.vitals)),
    )
    wrong += [(w, rules.why(Rule.VITALS_PLAN, "plan_not_usable", {"wrong": w})) for w in unusable]
    if unusable:
        plan = msgspec.structs.replace(plan, ward=None, schedule=None)
    return plan, tuple(wrong)


def _limits(
    plan: MonitoringPlan, rules: Rules, now: datetime, wrong: list[tuple[str, Reason]]
) -> MonitoringPlan:
    """Keep the sets of own limits that another person approved and that stand in order."""
    kept: tuple[LimitSet, ...] = ()
    for own in sorted(plan.limits, key=lambda s: s.effective)[-MAX_LIMIT_SETS:]:
        tried = msgspec.structs.replace(plan, limits=(*kept, own))
        said = _wrong_limits(tried, own, rules, max(now, own.effective))
        if said is None:
            kept = tried.limits
        else:
            reason = rules.why(
                Rule.VITALS_PERSONAL, "limits_not_usable", {"version": own.version, "wrong": said}
            )
            wrong.append((f"limits {own.version}: {said}", reason))
    return msgspec.structs.replace(plan, limits=kept)


def _wrong_limits(plan: MonitoringPlan, own: LimitSet, rules: Rules, when: datetime) -> str | None:
    if not own.author.strip() or not own.approver.strip():
        return "author and approver are both named; fill them in"
    if own.author.strip().casefold() == own.approver.strip().casefold():
        return f"approver {own.approver!r} is the author; have another person approve them"
    for vital in own.limits:
        if vital in WORDS_NOT_NUMBERS:
            return f"{vital} has no number to compare; leave it out"
        held = {bound.name: bound.at for bound in _bounds(plan, rules, vital, when)}
        for said in out_of_order(Limits(**held)):
            return f"{vital}: {said}"
    return None
