"""People and devices: a person's record and its changes, and devices whose test is overdue."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from alerts.rule_ids import Rule
from gateway import faults, persons
from gateway.api import build, reads, views
from gateway.api.act import check_occurred
from gateway.api.auth import V1, Caller, Shared, WhoCalls
from gateway.api.models import Slug
from gateway.api.models_people import FaultBody, RecordBody
from gateway.api.problems import ApiError
from gateway.api.routes_alarms import LIMIT, Limit
from gateway.api.words import refusal
from gateway.context import Context
from gateway.faults import Fault
from gateway.persons import Change, Who
from gateway.store.connect import Connection, row, rows
from gateway.tokens import Role

router = APIRouter(prefix=V1, tags=["people"])

HISTORY = 100
Sender = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[^/+#\x00-\x1f]+$")]
# What a clinician or whoever answers for the desk changes: it lowers what goes out by itself.
CLINICAL = frozenset(
    {"ceiling", "anticipatory_line", "conditions", "anticoagulants", "baseline_cognition"}
)
MAY_CLINICAL = frozenset({Role.RESPONDER, Role.SUPERVISOR})


@router.get("/persons/{person_id}", summary="One person: card, record, history")
async def read_person(person_id: UUID, caller: WhoCalls, context: Shared) -> views.PersonDetail:
    """Give a person's card and record, and what was done to the record; the reading is audited.

    A responder reads persons of their own service only: with a referral that is open, or ended at
    most 30 days ago.
    """
    async with context.sessions.transaction() as connection:
        await _check_person(connection, context, caller, person_id)
        card = await reads.person_card(connection, context, caller, person_id, person_id)
        found = await row(
            connection, "person_record", id=person_id, organisation_id=caller.organisation_id
        )
        if card is None or found is None:
            raise _nobody()
        warned = await reads.warnings(connection, [person_id])
        history = await rows(
            connection,
            "desk_history",
            organisation_id=caller.organisation_id,
            subject_id=person_id,
            limit=HISTORY,
        )
    return views.PersonDetail(
        record=build.person_record(found),
        warning=warned.get(person_id),
        card=card,
        history=build.steps([build.entry_of(one.entry) for one in history]),
    )


@router.post("/persons/{person_id}/record", summary="A person's record changes")
async def change_record(
    person_id: UUID, body: RecordBody, caller: WhoCalls, context: Shared
) -> views.PersonChanged:
    """Change what is named, commit it, and only then answer; a repeat changes nothing.

    Ceiling of treatment, its line, conditions, anticoagulants and baseline are for responders and
    supervisors. `deceased` takes two people: the first one's is kept as a report, and a
    supervisor is asked; the second one's confirms it; any other status takes the report back.
    """
    now = context.clock.now()
    given = body.model_dump(exclude={"text"}, exclude_unset=True)
    if CLINICAL & given.keys() and not caller.may(MAY_CLINICAL):
        named = " and ".join(sorted(CLINICAL & given.keys()))
        raise ApiError(403, f"your role is {caller.role}; {named}: for responders and supervisors")
    if body.away_until is not None and body.away_until <= now:
        raise ApiError(422, "away_until has passed: give the status home instead")
    async with context.sessions.transaction() as connection:
        await _check_person(connection, context, caller, person_id)
        if body.anticipatory_line is not None:
            await _check_line(connection, caller, body.anticipatory_line)
    who = Who(caller.organisation_id, caller.name, caller.actor)
    change = Change(person_id, given, body.text)
    changed = await persons.change(context.sessions, context.desk, who, change, now)
    if changed is None:
        raise _nobody()
    refused = refusal(changed.entries)
    if refused is not None:
        raise ApiError(409, refused[1], reason=refused[0])
    return views.PersonChanged(
        record=build.person_record(changed.record), decided=build.steps(changed.entries)
    )


@router.get("/devices/untested", summary="Devices whose monthly user test is overdue")
async def list_untested(caller: WhoCalls, context: Shared, limit: Limit = LIMIT) -> views.Untested:
    """Give devices that sent a user test once and none lately, the longest ago first.

    A device that never sent one is not among them: nobody knows since when it should have.
    """
    now = context.clock.now()
    async with context.sessions.transaction() as connection:
        found = await rows(
            connection,
            "desk_untested",
            organisation_id=caller.organisation_id,
            before=now - context.desk.rules.at(now).span(Rule.USER_TEST),
            limit=limit + 1,
        )
    return views.Untested(
        devices=tuple(build.untested(one, now) for one in found[:limit]), more=len(found) > limit
    )


@router.post("/devices/{line}/{device}/fault", summary="A device is faulty, or works again")
async def record_fault(
    line: Slug, device: Sender, body: FaultBody, caller: WhoCalls, context: Shared
) -> views.DeviceChanged:
    """Record a known fault, or its end, commit it, and only then answer.

    A faulty device leaves its person unprotected: the task that has it replaced is open at once,
    with its owner and due time, and is done when the fault is said to have ended.
    """
    now = context.clock.now()
    check_occurred(body.since, now)
    since = (body.since or now) if body.faulty else None
    who = Who(caller.organisation_id, caller.name, caller.actor)
    fault = Fault(line, device, since, body.text)
    recorded = await faults.record(context.sessions, context.desk, who, fault, now)
    if recorded is None:
        raise ApiError(404, "no device of this line and name that you may see")
    return views.DeviceChanged(
        device=build.device(recorded.device), decided=build.steps(recorded.entries)
    )


def _nobody() -> ApiError:
    return ApiError(404, "no person of this id that you may see")


async def _check_person(
    connection: Connection, context: Context, caller: Caller, person_id: UUID
) -> None:
    """See that a responder's service works with the person, or did lately.

    Raises:
        ApiError: 404.
    """
    if caller.service_id is None:
        return
    found = await row(
        connection,
        "desk_person",
        organisation_id=caller.organisation_id,
        service_id=caller.service_id,
        person_id=person_id,
        since=context.clock.now() - build.CARD_AFTER_END,
    )
    if found is None:
        raise _nobody()


async def _check_line(connection: Connection, caller: Caller, line: str) -> None:
    """See that the line is a service of the organisation.

    Raises:
        ApiError: 422.
    """
    found = await row(
        connection, "desk_services", organisation_id=caller.organisation_id, service_id=line
    )
    if found is None:
        raise ApiError(422, "anticipatory_line: expected the id of one of the services")
