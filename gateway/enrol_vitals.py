"""Enrolment of wards and monitoring plans, as rows of the file that gateway/enrol.py reads.

Own limits are versions: one that stands is never changed, a new one takes its place from its date;
its author and its approver are two people. A plan is checked as it would hold with what is stored,
against the rules of this gateway: a pathway that asks for a baseline and a target gets no patient
without them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from alerts.ruleset import Rules
from alerts.vital_rows import DEFAULT_WARD, Ward
from alerts.vital_rules import wrong_ward
from alerts.vital_words import Pathway
from alerts.vitals.plan import refuse
from gateway.enrol_limits import LimitSetRow, Name, Slug, rehearsal_of
from gateway.errors import SettingsError
from gateway.store import vitals
from gateway.store.cases import encode
from gateway.store.connect import Connection, row, run

Percent = Annotated[float, Field(ge=50, le=100)]
Minutes = Annotated[int, Field(gt=0, le=1_440)]
MAX_VERSIONS = 20


class Strict(BaseModel):
    """A row that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WardRow(Strict):
    """A virtual ward: its hours, its hard floor, its ladder."""

    id: Slug
    name: Name
    timezone: str = "Europe/London"
    hours: str | dict[str, list[str]] = "24/7"
    floor: dict[str, float] = {}
    lead: str = Field(default="", max_length=200)
    on_call: str = Field(default="", max_length=200)
    out_of_hours: str = Field(default="", max_length=200)
    ladder_min: list[Minutes] = [15, 30]
    set_window_min: Minutes = 60

    @model_validator(mode="after")
    def _can_be_used(self) -> "WardRow":
        if self.id == DEFAULT_WARD:
            raise ValueError(f"id {DEFAULT_WARD!r} is the shipped ward's; choose another")
        for wrong in wrong_ward(self.ward()):
            raise ValueError(wrong)
        return self

    def ward(self) -> Ward:
        """Give the ward as deciding takes it."""
        return msgspec.convert(self.model_dump(exclude={"name"}), Ward)


class SlotRow(Strict):
    """When a vital sign or a questionnaire is due, by the wall clock of the ward."""

    what: Slug
    times: list[str] = Field(min_length=1, max_length=24)
    every_days: int = Field(default=1, ge=1, le=31)
    early_min: int = Field(default=180, ge=0, le=1_440)
    grace_min: int = Field(default=120, ge=0, le=1_440)
    prompt: bool = True
    call: bool = False


class MonitoringRow(Strict):
    """A person's monitoring plan."""

    person: Slug
    ward: Slug | None = None
    pathway: Pathway | None = None
    started_at: AwareDatetime | None = None
    spo2_scale: Literal[1, 2] = 1
    baseline_spo2_pct: Percent | None = None
    target_spo2_pct: tuple[Percent, Percent] | None = None
    dry_weight_kg: float | None = Field(default=None, gt=0, le=500)
    limits: list[LimitSetRow] = Field(default=[], max_length=MAX_VERSIONS)
    schedule: list[SlotRow] | None = Field(default=None, max_length=40)

    @model_validator(mode="after")
    def _in_order(self) -> "MonitoringRow":
        if self.target_spo2_pct is not None and self.target_spo2_pct[0] > self.target_spo2_pct[1]:
            raise ValueError("target_spo2_pct: the lower end comes first")
        versions = [one.version for one in self.limits]
        if len(set(versions)) != len(versions):
            raise ValueError("limits: a version stands twice")
        return self


def check_names(
    wards: Sequence[WardRow], monitoring: Sequence[MonitoringRow], persons: Iterable[str]
) -> None:
    """Check that a file's plans are of its own people and wards.

    Raises:
        ValueError: names the row and what it names.
    """
    known, named = set(persons), {ward.id for ward in wards}
    seen: set[str] = set()
    for plan in monitoring:
        if plan.person not in known:
            raise ValueError(f"monitoring of {plan.person}: no person {plan.person} in the file")
        if plan.ward is not None and plan.ward not in named:
            raise ValueError(f"monitoring of {plan.person}: no ward {plan.ward} in the file")
        if plan.person in seen:
            raise ValueError(f"monitoring of {plan.person} stands twice")
        seen.add(plan.person)


async def put_wards(
    connection: Connection, organisation: UUID, wards: Sequence[WardRow], now: datetime
) -> None:
    """Store wards as last described."""
    for ward in wards:
        await run(
            connection,
            "put_ward",
            organisation_id=organisation,
            id=ward.id,
            name=ward.name,
            rules=encode(ward.ward()).decode(),
            now=now,
        )


async def put_plans(
    connection: Connection,
    organisation: UUID,
    plans: Sequence[tuple[UUID, MonitoringRow]],
    rules: Rules | None,
    now: datetime,
) -> None:
    """Store plans in the order of the file, and have them taken up at once.

    Raises:
        SettingsError: names the row and key of a plan that may not be activated.
    """
    if not plans:
        return
    if rules is None:
        raise SettingsError("nothing was enrolled: monitoring plans need the rules")
    for number, (person, plan) in enumerate(plans):
        await _put_plan(connection, organisation, person, plan, now)
        for place, limits in enumerate(plan.limits):
            await _put_limits(connection, organisation, person, limits, (number, place))
    await _check(connection, plans, rules, now)
    people = {person: organisation for person, _ in plans}
    await vitals.add_states(connection, people, now)
    await vitals.lock(connection, people)
    await run(connection, "wake_vitals", organisation_id=organisation, now=now)


async def _put_plan(
    connection: Connection, organisation: UUID, person: UUID, plan: MonitoringRow, now: datetime
) -> None:
    low, high = plan.target_spo2_pct or (None, None)
    schedule = None if plan.schedule is None else [one.model_dump() for one in plan.schedule]
    await run(
        connection,
        "put_monitoring_plan",
        person_id=person,
        organisation_id=organisation,
        ward_id=plan.ward,
        pathway=plan.pathway,
        started_at=plan.started_at,
        spo2_scale=plan.spo2_scale,
        baseline_spo2_pct=plan.baseline_spo2_pct,
        target_spo2_low=low,
        target_spo2_high=high,
        dry_weight_kg=plan.dry_weight_kg,
        schedule=None if schedule is None else encode(schedule).decode(),
        now=now,
    )


async def _put_limits(
    connection: Connection,
    organisation: UUID,
    person: UUID,
    given: LimitSetRow,
    place: tuple[int, int],
) -> None:
    limits = {code.value: one.model_dump(exclude_none=True) for code, one in given.limits.items()}
    named = f"monitoring.{place[0]}.limits.{place[1]}"
    rehearsal = None if given.rehearsal is None else rehearsal_of(given, person, named)
    put = await row(
        connection,
        "put_monitoring_limit",
        person_id=person,
        version=given.version,
        organisation_id=organisation,
        effective=given.effective,
        author=given.author,
        approver=given.approver,
        limits=encode(limits).decode(),
        rehearsal=rehearsal,
    )
    if put is None:
        raise SettingsError(
            f"nothing was enrolled: {named}: version {given.version} stands with other content; "
            "give changed limits a new version"
        )


async def unrehearsed(connection: Connection, people: Sequence[UUID]) -> int:
    """Say how many sets of own limits of these people stand without a rehearsal."""
    found = await row(connection, "limits_unrehearsed", ids=list(people))
    return 0 if found is None else int(found.count)


async def _check(
    connection: Connection,
    plans: Sequence[tuple[UUID, MonitoringRow]],
    rules: Rules,
    now: datetime,
) -> None:
    """Check each plan as it would hold now, with all versions that are stored."""
    held = await vitals.read_plans(connection, [person for person, _ in plans])
    for number, (person, plan) in enumerate(plans):
        stored = held[person]
        if isinstance(stored, str):
            raise SettingsError(f"nothing was enrolled: monitoring.{number}: {stored}")
        _, wrong = refuse(stored, rules.at(now), now)
        if wrong:
            said = "; ".join(text for text, _ in wrong)
            raise SettingsError(
                f"nothing was enrolled: monitoring.{number} (person {plan.person}): {said}"
            )
