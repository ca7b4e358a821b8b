"""One case that cannot be read, decided or saved holds up no other case, whoever works on it."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from gateway import enrol, intake, ticker
from gateway.clock import StoryClock
from gateway.outbox import Dispatcher
from gateway.placing import Desk
from gateway.senders.desk import desk_sender
from gateway.store import messages
from gateway.store.connect import Session, Sessions
from gateway.supervision import report_fault
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import column, count, press

pytestmark = pytest.mark.usefixtures("enrolled")

WC = enrol.person_id(ORGANISATION, "wc")
OP = enrol.person_id(ORGANISATION, "op")
LATER = MORNING + timedelta(minutes=5)
ROUNDS = 5
UNREADABLE = "update subject set state = '{\"alarms\": 7}' where id = %s"
UNSAVEABLE = (
    "create function refuse() returns trigger language plpgsql as"
    " $$ begin raise exception using errcode = '23514'; end $$;"
    " create trigger refuse before update on subject for each row"
    " when (old.id = '{}' and new.state <> old.state) execute function refuse()"
)
TOLD = f"kind = 'help' and state = 'open' and record->>'device' = '{WC}'"


async def change(session: Session, text: str, *given: object) -> None:
    async with session.transaction() as connection:
        await connection.execute(text.encode(), given or None)


async def due_of(session: Session, subject: UUID) -> datetime | None:
    (due,) = await column(session, f"select next_due_at from subject where id = '{subject}'")  # noqa: S608 - our own words
    assert due is None or isinstance(due, datetime)
    return due


async def rounds(session: Session, desk: Desk, name: str, now: datetime) -> None:
    duties = ticker.duties(session, session, desk, StoryClock(now))
    duty = next(one for one in duties if one.name == name)
    for _ in range(ROUNDS):
        await duty.run()


async def both_pressed(session: Session, desk: Desk) -> None:
    await intake.take(session, [press()], desk, MORNING)
    await intake.take(session, [press(device="18")], desk, MORNING)


@pytest.mark.parametrize("broken", [UNREADABLE, UNSAVEABLE.format(WC)], ids=["read", "saved"])
async def test_timers_of_all_others_run_beside_a_case_that_cannot_be(
    session: Session, desk: Desk, broken: str
) -> None:
    await both_pressed(session, desk)
    await change(session, broken, *((WC,) if broken == UNREADABLE else ()))

    await rounds(session, desk, "due", LATER)

    others = await due_of(session, OP)
    assert others is None or others > LATER
    put_off = await due_of(session, WC)
    assert put_off is not None
    assert put_off > LATER
    await rounds(session, desk, "inbox", LATER)
    assert await count(session, "alarm", TOLD) == 1


async def test_an_inbox_item_that_cannot_be_read_holds_up_no_other_subjects_items(
    session: Session, desk: Desk
) -> None:
    async with session.transaction() as connection:
        strange = (ORGANISATION, WC, "heard", '{"receipt": 7}')
        await messages.add_inbox(connection, [strange], MORNING)
    await report_fault(session, desk, "clock_apart", "3.0 s apart", MORNING)

    await rounds(session, desk, "inbox", MORNING)

    assert await count(session, "alarm", "kind = 'technical' and record->>'note' like '%3.0 s%'")
    assert await count(session, "inbox", f"subject_id = '{WC}' and held_until is not null") == 1


async def test_a_delivery_whose_case_cannot_be_told_is_ended_and_an_operator_is_told(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await intake.take(session, [press()], desk, MORNING)
    await change(session, UNREADABLE, WC)
    clock = StoryClock(MORNING)
    dispatcher = Dispatcher(
        sessions, {"referral_request": desk_sender(sessions)}, desk, clock, asyncio.Event()
    )
    for minutes in range(ROUNDS):
        clock.forward_to(MORNING + timedelta(minutes=minutes))
        await dispatcher.once()

    assert await column(session, "select deliveries from desk_delivery") == [1]
    ended = "what = 'referral_request' and state = 'sent'"
    assert await count(session, "outbox", ended) == 1
    await rounds(session, desk, "inbox", clock.now())
    assert await count(session, "alarm", TOLD) == 1


async def test_a_case_writes_over_no_other_case_s_alarm(session: Session, desk: Desk) -> None:
    await intake.take(session, [press()], desk, MORNING)
    await change(
        session,
        "insert into subject (id, organisation_id, kind, person_id, changed_at)"
        " select %s, organisation_id, kind, %s, changed_at from subject"
        " where id = (select subject_id from alarm where kind = 'help') on conflict do nothing",
        OP,
        OP,
    )
    await change(session, "update alarm set subject_id = %s", OP)
    before = await column(session, "select record from alarm where kind = 'help'")
    await rounds(session, desk, "due", LATER)
    await rounds(session, desk, "inbox", LATER)

    mine = f"select record from alarm where subject_id = '{OP}'"  # noqa: S608 - our own words
    assert await column(session, mine) == before
    assert await count(session, "alarm", TOLD) == 1, "an operator is told"
