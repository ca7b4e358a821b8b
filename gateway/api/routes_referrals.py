"""The built-in UCR desk: what waits, what came from elsewhere, one referral with its clocks."""

from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid5

from fastapi import APIRouter, Header, Query, Response
from pydantic import StringConstraints

from alerts.events import ServiceEvent
from alerts.ids import inbound_referral_id
from alerts.step import CLOSED_REFERRALS
from alerts.words import ReferralState, ServiceAct, SubjectKind
from gateway.api import build, reads, views
from gateway.api.act import bring, check_occurred
from gateway.api.auth import V1, Caller, Shared, WhoCalls
from gateway.api.models import NO_NUL, NewPerson, ReferralBody
from gateway.api.problems import ApiError
from gateway.api.routes_alarms import LIMIT, Limit
from gateway.context import Context
from gateway.store.cases import NewSubject
from gateway.store.connect import Connection, Row, row, rows, run
from gateway.tokens import Role

router = APIRouter(prefix=V1, tags=["referrals"])

OPEN = tuple(state for state in ReferralState if state not in CLOSED_REFERRALS)
REPLAY = "Idempotent-Replay"
Key = Annotated[
    str,
    StringConstraints(pattern=r"^[\x21-\x7e]{8,128}$"),
    Header(
        alias="Idempotency-Key",
        description="your own id of this referral, 8 to 128 printable characters: the same key "
        "again gives the same referral, however often the request is repeated",
    ),
]


@router.get("/referrals", summary="Referrals of a service, longest waiting first")
async def list_referrals(
    caller: WhoCalls,
    context: Shared,
    service: Annotated[str | None, Query(max_length=64, pattern=NO_NUL)] = None,
    state: Annotated[list[ReferralState] | None, Query(description="default: all open")] = None,
    limit: Limit = LIMIT,
) -> views.Referrals:
    """Give referrals without the persons' details; a responder sees those of its service."""
    named = reads.named_service(caller, service)
    async with context.sessions.transaction() as connection:
        found = await rows(
            connection,
            "desk_referrals",
            organisation_id=caller.organisation_id,
            service_id=named,
            states=[one.value for one in state or OPEN],
            limit=limit + 1,
        )
        warned = await reads.warnings_of(connection, found)
    rules, now = context.desk.rules, context.clock.now()
    return views.Referrals(
        referrals=tuple(build.referral_row(one, warned, rules, now) for one in found[:limit]),
        more=len(found) > limit,
    )


@router.get("/referrals/{referral_id}", summary="One referral, both clocks, and why")
async def read_referral(
    referral_id: UUID, caller: WhoCalls, context: Shared
) -> views.ReferralDetail:
    """Give the referral with its notes, timeline and tasks, and the person's card.

    The card is there while the referral is open and for 30 days after; each reading is audited.
    """
    now = context.clock.now()
    async with context.sessions.transaction() as connection:
        found = await reads.referral_row(connection, caller, referral_id)
        referral = build.referral_of(found.record)
        about = reads.About(UUID(referral.alarm) if referral.alarm else None, [referral_id])
        steps, cut = await reads.timeline(connection, caller, found.subject_id, about)
        tasks = await reads.tasks_about(connection, caller, found.subject_id, about, now)
        withheld, card = build.card_withheld(referral, now), None
        if withheld is None:
            card = await reads.person_card(
                connection, context, caller, found.person_id, referral_id
            )
            withheld = None if card else reads.no_card(found.person_id)
        warned = await reads.warnings_of(connection, [found])
    return views.ReferralDetail(
        referral=build.referral_row(found, warned, context.desk.rules, now),
        notes=build.notes(referral),
        timeline=steps,
        timeline_cut=cut,
        tasks=tasks,
        card=card,
        card_withheld=withheld,
    )


@router.post(
    "/referrals",
    status_code=201,
    summary="A referral that came from elsewhere",
    responses={200: {"model": views.ReferralActed, "description": "Received before: the same"}},
)
async def receive(
    body: ReferralBody, key: Key, caller: WhoCalls, context: Shared, response: Response
) -> views.ReferralActed:
    """Receive it: its national clock starts now, or at `occurred_at`.

    201 for a new referral; 200 with `Idempotent-Replay: true` for one this key made before.
    """
    now = context.clock.now()
    check_occurred(body.occurred_at, now)
    given = uuid5(caller.organisation_id, f"referral/{key}")
    referral_id = UUID(inbound_referral_id(body.service, str(given)))
    person_id = _person_id(body, caller, key)
    async with context.sessions.transaction() as connection:
        await reads.service_row(connection, caller, body.service)
        before = await row(
            connection,
            "desk_referral",
            id=referral_id,
            organisation_id=caller.organisation_id,
            service_id=None,
        )
        if before is None:
            await _check_or_add_person(connection, caller, body, person_id)
        warned = await reads.warnings(connection, [person_id])
    whose = build.Whose(person_id, person_id, warned.get(person_id))
    if before is not None:
        response.status_code = 200
        response.headers[REPLAY] = "true"
        return _again(context, body, whose, before)
    event = _received(body, caller, str(given), person_id, now)
    subject = NewSubject(person_id, caller.organisation_id, SubjectKind.PERSON, person_id=person_id)
    acted = await bring(context, caller, person_id, event, new=subject)
    made = next(one for one in acted.case.referrals if one.id == str(referral_id))
    view = build.referral_view(made, whose, context.desk.rules, now)
    return views.ReferralActed(referral=view, decided=build.steps(acted.entries))


def _received(
    body: ReferralBody, caller: Caller, given: str, person_id: UUID, now: datetime
) -> ServiceEvent:
    return ServiceEvent(
        at=now,
        service=body.service,
        do=ServiceAct.RECEIVE,
        referral=given,
        # Who takes the call at the service has seen it; an operator who enters it has not.
        by=caller.name if caller.role is Role.RESPONDER else "",
        occurred_at=body.occurred_at,
        person=str(person_id),
        source=body.source,
        standard=body.standard,
        need=body.need,
        text=body.text,
        disposition=body.disposition,
    )


def _person_id(body: ReferralBody, caller: Caller, key: str) -> UUID:
    if isinstance(body.person, UUID):
        return body.person
    return uuid5(caller.organisation_id, f"person/{key}")


async def _check_or_add_person(
    connection: Connection, caller: Caller, body: ReferralBody, person_id: UUID
) -> None:
    """Find the known person, or add the new one.

    Raises:
        ApiError: 404 for an id nobody has; 409 when the NHS number is another person's here.
    """
    organisation = caller.organisation_id
    if not isinstance(body.person, NewPerson):
        known = await row(connection, "person_card", id=person_id, organisation_id=organisation)
        if known is None:
            raise ApiError(404, "no person of this id; send a new person's details instead")
        return
    number = body.person.nhs_number
    if number is not None:
        same = await row(
            connection, "person_by_nhs_number", organisation_id=organisation, nhs_number=number
        )
        if same is not None and same.id != person_id:
            raise ApiError(
                409,
                "a person of this NHS number is enrolled already",
                what_next=f'Check the name with the caller, then send "person": "{same.id}".',
                reason="person_known",
            )
    fields = body.person.model_dump()
    await run(connection, "add_person", id=person_id, organisation_id=organisation, **fields)


def _again(
    context: Context, body: ReferralBody, whose: build.Whose, before: Row
) -> views.ReferralActed:
    """Give what the key made before.

    Raises:
        ApiError: 409 when it was another referral than this one.
    """
    referral = build.referral_of(before.record)
    if before.person_id != whose.person or referral.source is not body.source:
        raise ApiError(
            409,
            "this Idempotency-Key made a referral of another person or source",
            what_next="Use a new key for a new referral; the same key only to repeat a request.",
            reason="key_reused",
        )
    whose = build.Whose(before.subject_id, whose.person, whose.warning)
    view = build.referral_view(referral, whose, context.desk.rules, context.clock.now())
    return views.ReferralActed(referral=view, decided=())
