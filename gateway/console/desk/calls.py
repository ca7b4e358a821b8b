"""Telephone calls: what a telephone system says about them, and alarms made from them by hand.

`connected` is a line that stands, not a voice that was heard: nothing here counts as having spoken
to anybody. When an alarm is closed, what is still connected for it is asked to be cleared down.
"""

from datetime import datetime
from uuid import UUID, uuid4, uuid5

from fastapi import APIRouter

from alerts.events import OperatorEvent
from alerts.words import OperatorAct
from gateway import by_hand
from gateway.api.act import bring, check_occurred
from gateway.api.auth import V1, Caller, Shared, WhoCalls
from gateway.api.problems import ApiError
from gateway.console.desk import reading
from gateway.console.desk.acts import note
from gateway.console.desk.bodies import ByHandBody, CallBody, CallsToClear, CallView, MadeByHand
from gateway.context import Context
from gateway.store.connect import Connection, Row, row, rows

router = APIRouter(prefix=V1, tags=["desk"])
LIMIT = 100
BY_HAND = "made from an incoming call"


@router.post("/calls", summary="What a telephone system says about a call")
async def call_event(body: CallBody, caller: WhoCalls, context: Shared) -> CallView:
    """Keep it; a repeat changes nothing. `clear_down` true: end this call now."""
    now = context.clock.now()
    check_occurred(body.occurred_at, now)
    async with context.sessions.transaction() as connection:
        if body.alarm is not None:
            await _check_alarm(connection, caller, body.alarm)
        found = await _keep(connection, caller, body, body.occurred_at or now)
        await note(connection, context, caller, f"call_{body.event}", about=body.alarm)
    return _view(found)


@router.get("/calls/to_clear", summary="Calls to end now")
async def to_clear(caller: WhoCalls, context: Shared) -> CallsToClear:
    """Give the calls whose alarm was closed while they were connected; end them, and say so."""
    async with context.sessions.transaction() as connection:
        found = await rows(
            connection, "desk_to_clear", organisation_id=caller.organisation_id, limit=LIMIT
        )
    return CallsToClear(calls=tuple(_view(one) for one in found))


def _view(found: Row) -> CallView:
    return CallView(
        call=found.id,
        alarm=found.alarm_id,
        number=found.number,
        operator=found.operator,
        offered_at=found.offered_at,
        connected_at=found.connected_at,
        ended_at=found.ended_at,
        recording=found.recording,
        clear_down=found.clear_down_at is not None and found.ended_at is None,
    )


async def _check_alarm(connection: Connection, caller: Caller, alarm: UUID) -> None:
    if not await reading.queue_items(connection, caller.organisation_id, ids=[alarm]):
        raise ApiError(404, "no alarm of this id that you may see")


async def _keep(connection: Connection, caller: Caller, body: CallBody, at: datetime) -> Row:
    found = await row(
        connection,
        "desk_call_event",
        organisation_id=caller.organisation_id,
        id=body.call,
        alarm_id=body.alarm,
        number=body.number,
        operator=body.operator,
        offered_at=at if body.event == "offered" else None,
        connected_at=at if body.event == "connected" else None,
        ended_at=at if body.event == "ended" else None,
        recording=body.recording,
    )
    assert found is not None  # an insert gives its row back
    return found


@router.post("/alarms", status_code=201, summary="An alarm made by hand")
async def make_alarm(body: ByHandBody, caller: WhoCalls, context: Shared) -> MadeByHand:
    """Make an alarm from an incoming call and take it; a person's open one rings again instead."""
    now, organisation = context.clock.now(), caller.organisation_id
    if body.person is not None:
        await _check_person(context, caller, body.person)
    key = str(uuid5(organisation, f"call/{body.call}") if body.call else uuid4())
    call = by_hand.CallByHand(organisation, key, body.what, body.person, body.number, caller.actor)
    subject, alarm = await by_hand.make(context.sessions, context.desk, call, now)
    if alarm.taken_by is None:
        await _act(context, caller, subject, alarm.id, OperatorAct.TAKE, text="")
    said = "; ".join(part for part in (BY_HAND, body.text) if part)
    await _act(context, caller, subject, alarm.id, OperatorAct.NOTE, text=said)
    if body.call is not None:
        event = CallBody(call=body.call, event="offered", alarm=UUID(alarm.id), number=body.number)
        async with context.sessions.transaction() as connection:
            await _keep(connection, caller, event, now)
    return MadeByHand(alarm=UUID(alarm.id))


async def _act(  # noqa: PLR0913 - who does what, to which alarm of which case
    context: Context, caller: Caller, subject: UUID, alarm: str, do: OperatorAct, *, text: str
) -> None:
    now = context.clock.now()
    event = OperatorEvent(at=now, operator=caller.name, do=do, alarm=alarm, text=text)
    await bring(context, caller, subject, event)


async def _check_person(context: Context, caller: Caller, person: UUID) -> None:
    async with context.sessions.transaction() as connection:
        found = await row(
            connection, "person_record", id=person, organisation_id=caller.organisation_id
        )
    if found is None:
        raise ApiError(404, "no person of this id that you may see")
