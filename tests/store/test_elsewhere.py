"""One open referral per person and service, across the cases of a person and of their place."""

import msgspec
import pytest

from alerts.case import Alarm
from gateway import enrol, intake
from gateway.placing import Desk
from gateway.store.connect import Session, Sessions
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import LINE, column, count, press, roll

AT_ONCE = {"press": "at_once"}
PLACES = [{"id": "no-3", "name": "Fictional 3", "postcode": "LE1 1AA"}]
UNITS = [
    {"line": LINE, "sender": "17", "person": "wc"},
    {"line": LINE, "sender": "cord", "place": "no-3"},
]


def resident(name: str, place: str | None = "no-3") -> dict[str, object]:
    return {
        "id": name,
        "name": f"Fictional {name}",
        "postcode": "LE1 1AA",
        "plan": AT_ONCE,
        "place": place,
    }


async def live(sessions: Sessions, *people: dict[str, object]) -> None:
    await enrol.enrol(sessions, roll(persons=people, places=PLACES, devices=UNITS), MORNING)


async def ring(session: Session, desk: Desk, *devices: str) -> None:
    for number, device in enumerate(devices):
        await intake.take(session, [press(number + 1, device=device)], desk, MORNING)


@pytest.mark.parametrize("order", [("17", "cord"), ("cord", "17")])
async def test_a_pendant_and_a_cord_of_one_person_refer_once(
    session: Session, sessions: Sessions, desk: Desk, order: tuple[str, str]
) -> None:
    await live(sessions, resident("wc"))

    await ring(session, desk, *order)

    assert await count(session, "alarm") == 2
    assert await count(session, "referral") == 1
    assert await column(session, "select record->>'person' from referral") == [
        str(enrol.person_id(ORGANISATION, "wc"))
    ]
    told = "select record->>'service' from task where kind = 'phone_referral'"
    assert await column(session, told) == ["icrs"]


async def test_who_lives_there_no_more_has_a_referral_of_their_own(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await live(sessions, resident("wc", None), resident("ab"))

    await ring(session, desk, "17", "cord")

    assert await count(session, "referral") == 2


async def test_two_who_live_there_are_asked_for_and_nothing_goes_out_by_itself(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await live(sessions, resident("wc"), resident("ab"))

    await ring(session, desk, "cord")

    assert await count(session, "referral") == 0
    (entry,) = await column(session, "select entry::text from decision where what = 'alarm_opened'")
    (asked,) = [r for r in msgspec.json.decode(entry)["reasons"] if r["reason"] == "who_needs_help"]
    assert asked["inputs"]["count"] == 2


async def test_a_referral_that_has_ended_stands_in_nobodys_way(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await live(sessions, resident("wc"))
    await ring(session, desk, "17")
    await column(session, "update referral set state = 'withdrawn' returning id::text")

    await ring(session, desk, "cord")

    assert await count(session, "referral") == 2
    records = await column(session, "select record::text from alarm order by alarm_at, id")
    assert {msgspec.json.decode(one, type=Alarm).disposition for one in records} == {"ucr"}


async def test_a_cord_calls_for_the_only_one_who_is_left_by_her_plan(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    dead = {"status": "deceased", "death_confirmed_by": ["op1", "op2"]}
    await live(sessions, resident("wc"), {**resident("op"), **dead})

    await ring(session, desk, "cord")

    assert await column(session, "select record->>'person' from referral") == [
        str(enrol.person_id(ORGANISATION, "wc"))
    ]


async def test_a_cord_of_a_home_whose_only_one_has_died_refers_nobody(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    dead = {"status": "deceased", "death_confirmed_by": ["op1", "op2"]}
    await live(sessions, {**resident("wc"), **dead})

    await ring(session, desk, "cord")

    assert (await count(session, "alarm"), await count(session, "referral")) == (1, 0)
