"""The alarm desk: see the worst first, see why, act."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from alerts.events import OperatorEvent
from alerts.words import AlarmState, OperatorAct
from gateway.api import build, homes, reads, views
from gateway.api.act import bring
from gateway.api.auth import V1, Caller, Shared, WhoCalls
from gateway.api.models import OperatorBody
from gateway.api.problems import ApiError
from gateway.context import Context
from gateway.store.connect import Row, rows, run
from gateway.tokens import Role

router = APIRouter(prefix=V1, tags=["alarms"])

LIMIT = 100
MAX_LIMIT = 500
LIVE = (AlarmState.OPEN, AlarmState.TAKEN)
WARD_ACTS = frozenset({OperatorAct.SPOKE, OperatorAct.NO_REPLY, OperatorAct.NOTE})
"""What a ward's clinician does on the desk's alarm of a patient: operator or clinician speaks."""
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="at most so many")]


@router.get("/alarms", summary="Alarms, worst first")
async def list_alarms(
    caller: WhoCalls,
    context: Shared,
    state: Annotated[list[AlarmState] | None, Query(description="default: open, taken")] = None,
    limit: Limit = LIMIT,
) -> views.Alarms:
    """Give alarms by priority, then the oldest first. Engineers see technical ones only.

    A place's alarm comes with the place and who lives there; `warning` is read before one calls.
    """
    async with context.sessions.transaction() as connection:
        found = await rows(
            connection,
            "desk_alarms",
            organisation_id=caller.organisation_id,
            states=[one.value for one in state or LIVE],
            kinds=reads.kinds_of(caller),
            limit=limit + 1,
        )
        listed = found[:limit]
        at = await homes.homes(connection, caller, listed)
    return views.Alarms(
        alarms=tuple(build.listed_alarm(one, at[one.subject_id]) for one in listed),
        more=len(found) > limit,
    )


@router.get("/alarms/{alarm_id}", summary="One alarm, and why")
async def read_alarm(alarm_id: UUID, caller: WhoCalls, context: Shared) -> views.AlarmDetail:
    """Give the alarm, every step with its reasons in plain words, its tasks and referrals.

    The cards of the person or place, and of who lives there, are given to operators and
    supervisors, and each reading of one is audited.
    """
    async with context.sessions.transaction() as connection:
        found = await reads.alarm_row(connection, caller, alarm_id)
        referrals = await rows(
            connection,
            "desk_alarm_referrals",
            alarm_id=alarm_id,
            organisation_id=caller.organisation_id,
        )
        about = reads.About(alarm_id, [one.id for one in referrals])
        now = context.clock.now()
        explanation, cut = await reads.timeline(connection, caller, found.subject_id, about)
        tasks = await reads.tasks_about(connection, caller, found.subject_id, about, now)
        home = (await homes.homes(connection, caller, [found]))[found.subject_id]
        warned = {found.subject_id: home.warning} if home.warning else {}
        person = found.person_id or home.only_resident
        card = await reads.person_card(connection, context, caller, person, alarm_id)
        residents = await homes.resident_cards(connection, context, caller, home, alarm_id)
        place = await reads.place_card(connection, context, caller, found.place_id, alarm_id)
    rules = context.desk.rules
    return views.AlarmDetail(
        alarm=build.alarm_view(build.alarm_of(found.record)),
        **build.owner(found, home),
        explanation=explanation,
        explanation_cut=cut,
        tasks=tasks,
        referrals=tuple(build.referral_row(one, warned, rules, now) for one in referrals),
        card=card,
        place_card=place,
        resident_cards=residents,
    )


@router.post("/alarms/{alarm_id}/events", summary="An operator's act")
async def act_on_alarm(
    alarm_id: UUID, body: OperatorBody, caller: WhoCalls, context: Shared
) -> views.Acted:
    """Do it, commit it, and only then answer; 409 says in words why the tables refuse it.

    A clinician may say `spoke`, `no_reply` and `note` about an alarm of readings: it has the id of
    the ward's alert.
    """
    if caller.role is Role.CLINICIAN and body.do not in WARD_ACTS:
        known = ", ".join(sorted(WARD_ACTS))
        raise ApiError(403, f"{body.do} is for operators and supervisors; a clinician may: {known}")
    found = await _alarm(context, caller, alarm_id)
    fields = body.model_dump(exclude={"do", "referral"})
    event = OperatorEvent(
        at=context.clock.now(),
        operator=caller.name,
        do=body.do,
        alarm=str(alarm_id),
        referral=str(body.referral) if body.referral else None,
        **fields,
    )
    acted = await bring(context, caller, found.subject_id, event)
    alarm = next(one for one in acted.case.alarms if one.id == str(alarm_id))
    if alarm.state is AlarmState.CLOSED:
        await _clear_down(context, caller, alarm_id)
    return views.Acted(alarm=build.alarm_view(alarm), decided=build.steps(acted.entries))


async def _clear_down(context: Context, caller: Caller, alarm_id: UUID) -> None:
    """Ask the telephone system to end what is still connected for an alarm that is closed."""
    async with context.sessions.transaction() as connection:
        await run(
            connection,
            "desk_clear_down",
            organisation_id=caller.organisation_id,
            alarm_id=alarm_id,
            now=context.clock.now(),
        )


async def _alarm(context: Context, caller: Caller, alarm_id: UUID) -> Row:
    async with context.sessions.transaction() as connection:
        return await reads.alarm_row(connection, caller, alarm_id)
