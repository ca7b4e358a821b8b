"""The vitals half in the database: lock people's states, read their plans, write back what changed.

Everybody who changes a vitals state locks its row first, in id order; nobody who holds one locks a
subject or an alarm (DESIGN 4).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from alerts.vital_rows import Limits, Slot, Ward
from alerts.vital_words import Pathway
from alerts.vitals.inputs import Reading, Report
from alerts.vitals.plan import LimitSet, MonitoringPlan
from alerts.vitals.state import VitalsState
from alerts.words import PersonStatus
from devices.model import VitalCode
from gateway.store.cases import encode
from gateway.store.connect import Connection, Row, rows, run

_state_of = msgspec.json.Decoder(VitalsState).decode
_newest_of = msgspec.json.Decoder(dict[VitalCode, Reading]).decode
_report_of = msgspec.json.Decoder(Report).decode
_ward_of = msgspec.json.Decoder(Ward).decode
_limits_of = msgspec.json.Decoder(dict[VitalCode, Limits]).decode
_schedule_of = msgspec.json.Decoder(tuple[Slot, ...]).decode


@dataclass(frozen=True, slots=True)
class Watched:
    """One person's locked vitals state.

    Attributes:
        state: None when nothing was decided about them yet.
        plan: Their monitoring plan, when the state does not know its newest revision.
        unplanned: What their record says, as a plan, for a state that begins now.
        revision: Of the newest plan; 0 when they have none.
        unreadable: What is wrong with the stored state, when it cannot be read.
        broken_at: When somebody was told last that this person cannot be decided.
    """

    person_id: UUID
    organisation_id: UUID
    state: VitalsState | None
    next_due_at: datetime | None
    plan: MonitoringPlan | None = None
    unplanned: MonitoringPlan | None = None
    revision: int = 0
    unreadable: str = ""
    broken_at: datetime | None = None


async def add_states(connection: Connection, people: Mapping[UUID, UUID], now: datetime) -> None:
    """Make the rows that are missing; `people` is person -> organisation."""
    await run(
        connection,
        "add_vitals_states",
        ids=list(people),
        organisations=list(people.values()),
        now=now,
    )


async def lock(connection: Connection, people: Iterable[UUID]) -> list[Watched]:
    """Lock the states of these people, in id order, waiting for whoever works on them.

    Raises:
        StoreBusy: one was not to be had within lock_timeout.
    """
    found = await rows(connection, "lock_vitals", ids=list(people))
    return await _watched(connection, found)


async def lock_due(connection: Connection, now: datetime, limit: int) -> list[Watched]:
    """Lock the states of people about whom something is due, that nobody else is working on."""
    found = await rows(connection, "lock_due_vitals", now=now, limit=limit)
    return await _watched(connection, found)


async def _watched(connection: Connection, found: Sequence[Row]) -> list[Watched]:
    behind = [one.person_id for one in found if one.revision not in (None, one.plan_revision)]
    plans = await read_plans(connection, behind) if behind else {}
    return [_one(one, plans) for one in found]


def _one(found: Row, plans: Mapping[UUID, MonitoringPlan | str]) -> Watched:
    state, unreadable = None, ""
    try:
        if found.state is not None:
            state = msgspec.structs.replace(
                _with_record(_state_of(found.state), found),
                newest=_newest_of(found.newest),
                as_of=found.as_of,
            )
    except (msgspec.DecodeError, ValueError) as error:
        unreadable = f"the vitals state cannot be read: {type(error).__name__}"
    plan = plans.get(found.person_id)
    if isinstance(plan, str):
        unreadable = unreadable or plan
        plan = None
    if plan is not None:
        plan = _of_record(plan, found)
    return Watched(
        person_id=found.person_id,
        organisation_id=found.organisation_id,
        state=state,
        next_due_at=found.next_due_at,
        plan=plan,
        unplanned=_of_record(MonitoringPlan(found.as_of), found) if state is None else None,
        revision=found.revision or 0,
        unreadable=unreadable,
        broken_at=found.broken_at,
    )


def _with_record(state: VitalsState, found: Row) -> VitalsState:
    """Take from the person's record what others may have changed since."""
    plan = _of_record(state.plan, found)
    return state if plan == state.plan else msgspec.structs.replace(state, plan=plan)


def _of_record(plan: MonitoringPlan, found: Row) -> MonitoringPlan:
    return msgspec.structs.replace(
        plan,
        status=PersonStatus(found.status),
        away_until=found.away_until,
        baseline_cognition=found.baseline_cognition,
        conditions=tuple(found.conditions),
    )


async def read_plans(
    connection: Connection, people: Sequence[UUID]
) -> dict[UUID, MonitoringPlan | str]:
    """Read monitoring plans; what is wrong stands in place of one that cannot be read."""
    limits: dict[UUID, list[Row]] = {}
    for one in await rows(connection, "monitoring_limits", ids=people):
        limits.setdefault(one.person_id, []).append(one)
    plans: dict[UUID, MonitoringPlan | str] = {}
    for one in await rows(connection, "monitoring_plans", ids=people):
        try:
            plans[one.person_id] = _plan(one, limits.get(one.person_id, ()))
        except (msgspec.DecodeError, ValueError) as error:
            plans[one.person_id] = f"the monitoring plan cannot be read: {type(error).__name__}"
    return plans


def _plan(found: Row, limits: Sequence[Row]) -> MonitoringPlan:
    low, high = found.target_spo2_low, found.target_spo2_high
    return MonitoringPlan(
        started_at=found.started_at,
        ward=None if found.ward is None else _ward_of(found.ward),
        pathway=None if found.pathway is None else Pathway(found.pathway),
        spo2_scale=found.spo2_scale,
        baseline_spo2_pct=found.baseline_spo2_pct,
        target_spo2_pct=None if low is None or high is None else (low, high),
        dry_weight_kg=found.dry_weight_kg,
        limits=tuple(
            LimitSet(one.version, one.effective, one.author, one.approver, _limits_of(one.limits))
            for one in limits
        ),
        schedule=None if found.schedule is None else _schedule_of(found.schedule),
        ended_at=found.ended_at,
    )


async def leave(
    connection: Connection, reports: Sequence[tuple[UUID, UUID, Report]], now: datetime
) -> None:
    """Leave reports to the vitals half: (organisation, person, report). Locks nothing of it."""
    await run(
        connection,
        "add_vitals_inbox",
        organisations=[organisation for organisation, _, _ in reports],
        persons=[person for _, person, _ in reports],
        reports=[encode(report).decode() for _, _, report in reports],
        now=now,
    )


async def waiting(connection: Connection, limit: int) -> dict[UUID, UUID]:
    """Say whose reports were left: person -> organisation."""
    found = await rows(connection, "vitals_inbox_persons", limit=limit)
    return {one.person_id: one.organisation_id for one in found}


async def take(
    connection: Connection, people: Sequence[UUID]
) -> dict[UUID, tuple[Report | None, ...]]:
    """Take the reports left for people whose states are locked; None is one nobody can read."""
    found = sorted(await rows(connection, "take_vitals_inbox", ids=people), key=lambda one: one.id)
    taken: dict[UUID, tuple[Report | None, ...]] = {}
    for one in found:
        try:
            report = _report_of(one.report)
        except msgspec.DecodeError:
            report = None
        taken[one.person_id] = (*taken.get(one.person_id, ()), report)
    return taken


async def hold(
    connection: Connection, people: Sequence[UUID], broken_at: datetime, until: datetime
) -> None:
    """Put off people whose vitals state breaks deciding; nothing of it is changed."""
    await run(connection, "hold_vitals", ids=people, broken_at=broken_at, until=until)


async def set_aside(connection: Connection, person: UUID) -> None:
    """Keep what was left for a person out of the way: it breaks whatever is done with it."""
    await run(connection, "set_aside_vitals", id=person)
