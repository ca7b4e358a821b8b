"""What a batch of messages becomes in a real database."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from alerts.events import OperatorEvent
from alerts.words import Disposition, OperatorAct
from gateway import acts, enrol, intake
from gateway.arrivals import Arrival
from gateway.intake import Taken
from gateway.placing import Desk
from gateway.store.connect import Session, Sessions, row, rows
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import LINE, arrival, column, count, press, roll

pytestmark = pytest.mark.usefixtures("enrolled")


async def take(session: Session, desk: Desk, *batch: Arrival, now: datetime = MORNING) -> Taken:
    return await intake.take(session, batch, desk, now)


async def test_a_press_becomes_an_alarm_and_a_provisional_referral(
    session: Session, desk: Desk
) -> None:
    taken = await take(session, desk, press())

    assert [verdict.result for _, verdict in taken.answers] == ["stored"]
    assert await count(session, "alarm", "kind = 'help' and state = 'open'") == 1
    assert await count(session, "referral", "state = 'provisional' and provisional") == 1
    assert await count(session, "outbox", "what = 'referral_request'") == 1
    assert await count(session, "packet", "lane = 'alarm'") == 1
    assert await count(session, "decision") == await count(session, "audit") > 0


async def test_a_repeat_gets_the_stored_verdict_and_rings_nobody(
    session: Session, desk: Desk
) -> None:
    await take(session, desk, press())
    again = await take(session, desk, press(at=MORNING + timedelta(seconds=5)))

    assert [(verdict.result, verdict.repeat) for _, verdict in again.answers] == [("stored", True)]
    assert await count(session, "alarm", "(record->>'rings')::int = 1") == 1
    assert await count(session, "packet") == 1


async def test_equal_messages_of_one_batch_are_one_press(session: Session, desk: Desk) -> None:
    taken = await take(session, desk, press(), press(), press())

    assert sorted(verdict.repeat for _, verdict in taken.answers) == [False, True, True]
    assert await count(session, "alarm", "(record->>'signals')::int = 1") == 1


async def test_the_same_id_with_other_content_is_a_new_press_and_a_technical_alarm(
    session: Session, desk: Desk
) -> None:
    await take(session, desk, press())
    other = arrival({"id": "1-1", "activation": "pendant", "location": "stairs"})
    taken = await take(session, desk, other)

    assert [verdict.repeat for _, verdict in taken.answers] == [False]
    assert await count(session, "alarm", "kind = 'help' and (record->>'signals')::int = 2") == 1
    assert await count(session, "alarm", "kind = 'technical'") == 1


async def test_a_key_that_comes_back_after_its_window_is_a_genuine_press(
    session: Session, desk: Desk
) -> None:
    await take(session, desk, press())
    later = MORNING + timedelta(days=31)
    taken = await take(session, desk, press(at=later), now=later)

    assert [verdict.repeat for _, verdict in taken.answers] == [False]
    assert await count(session, "alarm", "(record->>'signals')::int = 2") == 1


async def test_a_press_without_an_id_is_never_a_repeat(session: Session, desk: Desk) -> None:
    await take(session, desk, arrival({"activation": "pendant"}))
    later = MORNING + timedelta(seconds=3)
    await take(session, desk, arrival({"activation": "pendant"}, at=later), now=later)

    assert await count(session, "alarm", "(record->>'signals')::int = 2") == 1


async def test_an_unknown_sender_is_an_operators_alarm_and_its_evidence_is_quarantined(
    session: Session, desk: Desk
) -> None:
    await take(session, desk, press(device="stranger"))

    assert await count(session, "alarm", "kind = 'help' and state = 'open'") == 1
    assert await count(session, "quarantine") == 1
    assert await count(session, "referral") == 0


async def test_who_cannot_prove_a_name_never_speaks_for_its_person(
    session: Session, desk: Desk
) -> None:
    await take(session, desk, press(authenticated=False))
    real = await take(session, desk, press())

    assert [verdict.repeat for _, verdict in real.answers] == [False]
    assert await count(session, "alarm", "kind = 'help'") == 2
    assert await count(session, "referral") == 1


async def test_unreadable_bytes_on_the_call_topic_reach_an_operator(
    session: Session, desk: Desk
) -> None:
    await take(session, desk, arrival(b'{"id": "1-1", "activ'))

    assert await count(session, "alarm", "kind = 'help' and state = 'open'") == 1
    assert await count(session, "packet", "problem like 'corrupt:%'") == 1


async def test_a_case_held_by_somebody_else_comes_with_the_next_batch(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    held = enrol.person_id(ORGANISATION, "wc")
    async with sessions.transaction() as other:
        await other.execute("select from subject where id = %s for no key update", (held,))
        taken = await take(session, desk, press(), press(device="18"))

        assert [one.packet.sender for one, _ in taken.answers] == ["18"]
        assert [one.packet.sender for one in taken.later] == ["17"]
        assert await count(session, "receipt") == 1
    again = await take(session, desk, *taken.later)

    assert [verdict.repeat for _, verdict in again.answers] == [False]


async def test_two_processes_that_take_the_same_press_make_one_alarm(
    database: str, desk: Desk
) -> None:
    both = [Session(lambda: database, f"racer-{number}") for number in range(2)]

    async def one(session: Session) -> None:
        todo = [press(number) for number in range(20)]
        while todo:
            taken = await intake.take(session, todo, desk, MORNING)
            todo = list(taken.later)

    await asyncio.gather(*(one(session) for session in both))

    assert await count(both[0], "alarm") == 1
    assert await count(both[0], "alarm", "(record->>'signals')::int = 20") == 1
    assert await count(both[0], "packet") == 20
    for session in both:
        await session.close()


async def test_ids_agree_between_sites_that_never_spoke(session: Session, desk: Desk) -> None:
    await take(session, desk, press())
    async with session.plain() as connection:
        cursor = await connection.execute("select id from alarm union all select id from referral")
        ids = [UUID(str(found.id)) for found in await cursor.fetchall()]

    assert [one.version for one in ids] == [5, 5]


# -- fire, gas, heat and flood: the place ------------------------------------------------------

COURT = [{"id": "court", "name": "Fictional Court", "postcode": "LE1 1AA"}]
FLATS = [
    {"id": "wc", "name": "Fictional WC", "postcode": "LE1 1AA", "place": "court"},
    {"id": "op", "name": "Fictional OP", "postcode": "LE1 1AA", "place": "court"},
]
ALONE = {
    "places": COURT,
    "persons": FLATS[:1],
    "devices": [{"line": LINE, "sender": "17", "person": "wc"}],
}


def smoke(number: int = 1, device: str = "17", **more: Any) -> Arrival:
    return arrival({"id": f"s-{number}", "activation": "smoke", **more}, device=device)


async def owners(session: Session, kind: str) -> list[UUID]:
    text = f"select subject_id from alarm where kind = '{kind}' order by subject_id"  # noqa: S608
    return [UUID(str(one)) for one in await column(session, text)]


async def test_smoke_in_two_flats_of_one_place_is_one_alarm_of_the_place(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await enrol.enrol(sessions, roll(places=COURT, persons=FLATS), MORNING)
    await take(session, desk, smoke(), smoke(2, device="18"), press())

    assert await owners(session, "life_safety") == [enrol.place_id(ORGANISATION, "court")]
    assert await owners(session, "help") == [enrol.person_id(ORGANISATION, "wc")]
    assert await count(session, "alarm", "(record->>'signals')::int = 2") == 1
    assert await count(session, "decision", "entry ? 'person' and entry->>'kind' <> 'help'") == 0


async def test_smoke_of_a_person_without_a_place_stays_with_the_person(
    session: Session, desk: Desk
) -> None:
    await take(session, desk, smoke())

    assert await owners(session, "life_safety") == [enrol.person_id(ORGANISATION, "wc")]


async def test_smoke_where_one_person_lives_names_that_person(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await enrol.enrol(sessions, roll(**ALONE), MORNING)
    await take(session, desk, smoke())

    named = await column(session, "select distinct entry->>'person' from decision")
    assert named == [str(enrol.person_id(ORGANISATION, "wc"))]
    assert await owners(session, "life_safety") == [enrol.place_id(ORGANISATION, "court")]


async def test_a_smoke_detector_speaks_for_where_it_hangs_before_where_its_person_lives(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    places = [*COURT, {"id": "laundry", "name": "Fictional laundry"}]
    devices = [{"line": LINE, "sender": "17", "person": "wc", "place": "laundry"}]
    persons = FLATS[:1]
    await enrol.enrol(sessions, roll(places=places, persons=persons, devices=devices), MORNING)
    await take(session, desk, smoke())

    assert await owners(session, "life_safety") == [enrol.place_id(ORGANISATION, "laundry")]


async def test_smoke_and_a_low_battery_in_one_message_go_to_the_place_as_a_whole(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await enrol.enrol(sessions, roll(places=COURT, persons=FLATS), MORNING)
    await take(session, desk, smoke(status={"battery_pct": 5}))

    place = enrol.place_id(ORGANISATION, "court")
    assert await owners(session, "life_safety") == [place]
    assert await owners(session, "technical") == [place]


async def test_a_detector_of_a_flat_without_speech_is_known_at_its_place(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    devices = [{"line": LINE, "sender": "17", "person": "wc", "speech": False}]
    await enrol.enrol(sessions, roll(places=COURT, persons=FLATS, devices=devices), MORNING)
    await take(session, desk, arrival({"id": "1", "activation": "flood"}))

    assert await column(session, "select record->>'speech' from alarm") == ["false"]


async def test_a_detector_that_gave_smoke_is_heard_for_its_person(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    """Lost and back stand in the person's case, where the device's silence stood."""
    await enrol.enrol(sessions, roll(places=COURT, persons=FLATS), MORNING)
    taken = await take(session, desk, smoke())

    assert [mark.subject.id for mark in taken.heard] == [enrol.person_id(ORGANISATION, "wc")]


async def test_a_referral_from_a_place_carries_the_person_it_was_made_for(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await enrol.enrol(sessions, roll(**ALONE), MORNING)
    await take(session, desk, arrival({"id": "1", "activation": "temperature_low"}))
    (alarm,) = await column(session, "select id::text from alarm")
    event = OperatorEvent(
        at=MORNING, operator="op1", do=OperatorAct.DECIDE, alarm=alarm, disposition=Disposition.UCR
    )
    place = enrol.place_id(ORGANISATION, "court")
    await acts.act(sessions, place, event, desk, MORNING, actor="test")

    wc = enrol.person_id(ORGANISATION, "wc")
    named = {"id": UUID(alarm), "organisation_id": ORGANISATION}
    async with session.plain() as connection:
        shown = await row(connection, "desk_alarm", **named)
        (made,) = await rows(
            connection, "desk_alarm_referrals", alarm_id=UUID(alarm), organisation_id=ORGANISATION
        )
        sent = await row(connection, "bars_case", **{**named, "id": made.id}, service_id="icrs")
        assert shown is not None
        ids = [shown.place_id]
        (home,) = await rows(
            connection, "desk_places", ids=ids, organisation_id=ORGANISATION, limit=9
        )
    assert sent is not None
    assert (shown.person_id, home.residents, made.person_id) == (None, [wc], wc)
    assert (sent.subject_id, sent.name, sent.place_name) == (wc, "Fictional WC", "Fictional Court")
