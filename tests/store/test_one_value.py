"""A case is one value; the tables people query are never ahead of it or behind it (ADR 0002)."""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from alerts.case import Alarm, Case, Referral, Task
from alerts.events import Event, OperatorEvent, ServiceEvent
from alerts.words import CallTarget, CloseReason, OperatorAct, ServiceAct
from gateway import acts, enrol, intake, ticker
from gateway.clock import StoryClock
from gateway.outbox import Dispatcher
from gateway.placing import Desk
from gateway.senders.desk import desk_sender
from gateway.store.connect import Session, Sessions
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import arrival, column, press

pytestmark = pytest.mark.usefixtures("enrolled")

WC = enrol.person_id(ORGANISATION, "wc")
STEPS = 60


def _event(dice: random.Random, case: Case, now: datetime) -> Event | None:
    alarms = [alarm.id for alarm in case.alarms]
    if case.referrals and dice.random() < 0.4:
        referral = dice.choice(case.referrals)
        return ServiceEvent(
            at=now, service=referral.service, do=dice.choice(list(ServiceAct)), referral=referral.id
        )
    if not alarms:
        return None
    return OperatorEvent(
        at=now,
        operator=dice.choice(["op1", "op2"]),
        do=dice.choice(list(OperatorAct)),
        alarm=dice.choice(alarms),
        to=dice.choice(list(CallTarget)),
        close_reason=dice.choice(list(CloseReason)),
        reason="as said",
    )


async def _step(  # noqa: PLR0913, PLR0917 - all that a random step may touch
    dice: random.Random,
    session: Session,
    sessions: Sessions,
    desk: Desk,
    now: datetime,
    number: int,
) -> None:
    kind = dice.random()
    if kind < 0.3:
        await intake.take(session, [press(number, at=now)], desk, now)
    elif kind < 0.4:
        fall = {"id": f"2-{number}", "activation": "fall", "still_s": dice.choice([0, 20])}
        await intake.take(session, [arrival(fall, at=now)], desk, now)
    elif kind < 0.55:
        await ticker.take_due(session, desk, now)
    else:
        (state,) = await column(session, f"select state::text from subject where id = '{WC}'")  # noqa: S608
        event = _event(dice, msgspec.json.decode(state, type=Case), now) if state else None
        if event is not None:
            await acts.act(sessions, WC, event, desk, now, actor="test")


async def _rows(session: Session, table: str, kind: type[Any]) -> dict[str, Any]:
    text = f"select record::text from {table} where subject_id = '{WC}'"  # noqa: S608
    found = [msgspec.json.decode(one, type=kind) for one in await column(session, text)]
    return {one.id: one for one in found}


@pytest.mark.parametrize("seed", range(4))
async def test_tables_and_case_agree_after_random_work(
    session: Session, sessions: Sessions, desk: Desk, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    now = MORNING
    clock = StoryClock(now)
    senders = {
        what: desk_sender(sessions)
        for what in ("referral_request", "referral_update", "referral_withdrawal")
    }
    dispatcher = Dispatcher(sessions, senders, desk, clock, asyncio.Event())
    for number in range(STEPS):
        now += timedelta(seconds=dice.choice([1, 20, 100, 400]))
        await _step(dice, session, sessions, desk, now, number)
        if dice.random() < 0.3:
            clock.forward_to(now)
            await dispatcher.once()

    (state,) = await column(session, f"select state::text from subject where id = '{WC}'")  # noqa: S608
    case = msgspec.json.decode(state, type=Case)
    assert case.alarms
    assert {one.id: one for one in case.alarms} == await _rows(session, "alarm", Alarm)
    assert {one.id: one for one in case.referrals} == await _rows(session, "referral", Referral)
    assert {one.id: one for one in case.tasks} == await _rows(session, "task", Task)
    due = await column(session, f"select next_due_at from subject where id = '{WC}'")  # noqa: S608
    assert due == [case.next_due_at]


async def test_a_late_outcome_reaches_the_table_before_the_referral_leaves_the_case(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    """Entered 40 days late, it closes the referral in the table too, and for good."""
    await intake.take(session, [press()], desk, MORNING)
    (referral,) = await column(session, "select id::text from referral")
    (alarm,) = await column(session, "select id::text from alarm")

    async def tell(event: Event) -> None:
        assert await acts.act(sessions, WC, event, desk, event.at, actor="test") is not None

    visit = MORNING + timedelta(minutes=40)
    late = MORNING + timedelta(days=40)
    for at, do in ((MORNING, ServiceAct.ACCEPT), (visit, ServiceAct.FACE_TO_FACE)):
        await tell(ServiceEvent(at=at, service="icrs", do=do, referral=referral))
    reason = CloseReason.RESOLVED_BY_RESPONDER
    await tell(OperatorEvent(visit, "op1", OperatorAct.CLOSE, alarm, close_reason=reason))
    await tell(
        ServiceEvent(
            at=late,
            service="icrs",
            do=ServiceAct.OUTCOME,
            referral=referral,
            occurred_at=visit,
            outcome="remains_at_home",
        )
    )

    closed = "select state || ' ' || (record->>'outcome') from referral"
    assert await column(session, closed) == ["closed remains_at_home"]
    later = late + timedelta(days=1)
    await intake.take(session, [press(2, at=later)], desk, later)
    (state,) = await column(session, f"select state::text from subject where id = '{WC}'")  # noqa: S608
    case = msgspec.json.decode(state, type=Case)
    assert referral not in {one.id for one in case.referrals}
    assert await column(session, f"{closed} where id = '{referral}'") == ["closed remains_at_home"]
