"""Homes on the desk: who lives in a place that calls, and the warning before a bereaved home."""

from typing import Any
from uuid import UUID

from gateway import enrol
from gateway.senders import bars_reading
from gateway.store.connect import row
from tests.databases import ORGANISATION
from tests.gateway.api_house import ICRS, V1, House
from tests.store.messages import LINE, roll

HER, HIM = (enrol.person_id(ORGANISATION, name) for name in ("her", "him"))
HOME = enrol.place_id(ORGANISATION, "home")
PLACES = [{"id": "home", "name": "3 Fictional Close", "address": "3 Close", "postcode": "LE1 1AA"}]
PLAN = {"press": "operator"}


def lives(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "name": f"Fictional {name}", "postcode": "LE1 1AA", "place": "home",
            "plan": PLAN, **more}  # fmt: skip


DEVICES = [
    {"line": LINE, "sender": "her", "person": "her"},
    {"line": LINE, "sender": "him", "person": "him"},
    {"line": LINE, "sender": "smoke", "place": "home"},
]


async def move_in(house: House, *persons: dict[str, Any]) -> None:
    """Enrol who lives in the one place, each with a pendant; and its smoke detector."""
    names = {one["id"] for one in persons}
    devices = [one for one in DEVICES if one.get("person") in (None, *names)]
    given = roll(places=PLACES, persons=list(persons), devices=devices)
    await enrol.enrol(house.context.sessions, given, house.now)


async def dies(house: House, person: UUID = HIM) -> None:
    for who in ("operator", "supervisor"):
        await house.post(who, f"/persons/{person}/record", {"status": "deceased"})


async def smoke(house: House) -> dict[str, Any]:
    await house.press("smoke", activation="smoke")
    listed = await house.get("operator", "/alarms")
    found: dict[str, Any] = listed["alarms"][0]
    return found


async def test_a_places_alarm_shows_the_place_and_who_lives_there(house: House) -> None:
    await move_in(house, lives("her"), lives("him"))
    listed = await smoke(house)
    detail = await house.get("operator", f"/alarms/{listed['alarm']['id']}")
    manager = (await house.get("manager", "/alarms"))["alarms"][0]
    unread = await house.get("manager", f"/alarms/{listed['alarm']['id']}")

    assert (listed["subject_kind"], listed["place"]) == ("place", str(HOME))
    assert listed["place_name"] == "3 Fictional Close"
    assert sorted(listed["residents"]) == sorted([str(HER), str(HIM)])
    assert (listed["person"], listed["more_residents"]) == (None, False)
    assert detail["residents"] == listed["residents"]
    assert detail["place_card"]["address"] == "3 Close"
    names = sorted(card["name"] for card in detail["resident_cards"])
    assert names == ["Fictional her", "Fictional him"]
    assert detail["card"] is None
    assert (manager["place_name"], manager["residents"]) == (None, listed["residents"])
    assert unread["resident_cards"] == []
    reads = await house.sql("select act, actor from audit where act like '%%_read' order by id")
    assert [(one.act, one.actor) for one in reads] == [
        ("person_read", "operator:operator-1"),
        ("person_read", "operator:operator-1"),
        ("place_read", "operator:operator-1"),
    ]


async def test_who_lives_alone_is_whose_the_places_alarm_is(house: House) -> None:
    await move_in(house, lives("her"))
    listed = await smoke(house)
    detail = await house.get("operator", f"/alarms/{listed['alarm']['id']}")

    assert listed["person"] == detail["person"] == str(HER)
    assert detail["card"]["name"] == "Fictional her"
    assert detail["resident_cards"] == []


async def test_a_large_house_shows_twenty_and_says_that_there_are_more(house: House) -> None:
    await move_in(house, *(lives(f"p{number}", care_home=True) for number in range(21)))
    listed = await smoke(house)
    detail = await house.get("operator", f"/alarms/{listed['alarm']['id']}")

    assert (len(listed["residents"]), listed["more_residents"]) == (20, True)
    assert len(detail["resident_cards"]) == 20
    assert listed["person"] is None


async def test_another_organisations_token_sees_no_place_of_ours(house: House) -> None:
    await move_in(house, lives("her"))
    await smoke(house)
    elsewhere = UUID("5eed0000-0000-4000-8000-000000000002")
    house.tokens["far"] = await house.sign_in("supervisor:far-1", elsewhere)

    assert (await house.get("far", "/alarms"))["alarms"] == []


async def test_her_call_after_his_death_comes_with_the_warning_wherever_it_is_shown(
    house: House,
) -> None:
    """No call to a bereaved home without a warning, for who survives as well (DECIDING 8)."""
    await move_in(house, lives("her", plan={"press": "at_once"}), lives("him"))
    await dies(house)
    await house.press("her")
    house.later(seconds=60)
    await house.tick()

    (listed,) = (await house.get("operator", "/alarms"))["alarms"]
    detail = await house.get("operator", f"/alarms/{listed['alarm']['id']}")
    tasks = (await house.get("operator", "/tasks"))["tasks"]
    (referral,) = (await house.get(ICRS, "/referrals"))["referrals"]
    path = f"/referrals/{referral['id']}"
    seen = await house.post(ICRS, f"{path}/seen", {})
    meeting = (await house.get(ICRS, "/mdt", service="icrs"))["entries"]

    call = next(one for one in tasks if one["kind"] == "call_patient")
    assert call["text"] == "home and mobile phone; this home is bereaved"
    assert call["person"] == str(HER)
    for one in (
        listed, detail, call, detail["tasks"][0], detail["referrals"][0], referral,
        seen["referral"], (await house.get(ICRS, path))["referral"], meeting[0]["referral"],
        await house.get("operator", f"/persons/{HER}"),
    ):  # fmt: skip
        assert one["warning"] == "bereaved"
    assert listed["person"] == str(HER)


async def test_a_task_that_was_made_before_the_death_carries_the_warning_too(house: House) -> None:
    await move_in(house, lives("her"), lives("him"))
    await house.press("her")
    house.later(seconds=60)
    await house.tick()
    await dies(house)

    tasks = (await house.get("operator", "/tasks"))["tasks"]
    (call,) = [one for one in tasks if one["kind"] == "call_patient"]
    assert (call["text"], call["warning"]) == ("home and mobile phone", "bereaved")


async def test_a_reported_death_warns_before_it_is_confirmed(house: House) -> None:
    await move_in(house, lives("her"), lives("him"))
    await house.post("operator", f"/persons/{HIM}/record", {"status": "deceased"})
    await house.press("her")
    reported = (await house.get("operator", "/alarms"))["alarms"][0]["warning"]
    await house.post("operator", f"/persons/{HIM}/record", {"status": "home"})
    taken_back = (await house.get("operator", "/alarms"))["alarms"][0]["warning"]

    assert (reported, taken_back) == ("death_reported", None)


async def test_smoke_in_a_bereaved_home_is_warned_of_and_shows_who_is_left(house: House) -> None:
    await move_in(house, lives("her"), lives("him"))
    await dies(house)
    listed = await smoke(house)

    assert (listed["warning"], listed["residents"]) == ("bereaved", [str(HER)])
    assert listed["person"] == str(HER)


async def test_a_death_in_a_care_home_warns_of_the_one_who_died_only(house: House) -> None:
    await move_in(house, lives("her", care_home=True), lives("him", care_home=True))
    await dies(house)
    await house.press("her")
    await house.press("him")
    listed = (await house.get("operator", "/alarms"))["alarms"]

    warned = {one["person"]: one["warning"] for one in listed}
    assert warned == {str(HER): None, str(HIM): "bereaved"}


async def test_a_referral_from_elsewhere_for_a_bereaved_home_is_answered_with_the_warning(
    house: House,
) -> None:
    await move_in(house, lives("her"), lives("him"))
    await dies(house)
    body = {"service": "icrs", "source": "gp", "person": str(HER)}
    headers = {"Idempotency-Key": "gp-call-0001"}
    first = await house.call(ICRS, "POST", f"{V1}/referrals", body, headers=headers)
    again = await house.call(ICRS, "POST", f"{V1}/referrals", body, headers=headers)

    assert (first.status_code, again.status_code) == (201, 200)
    assert [one.json()["referral"]["warning"] for one in (first, again)] == ["bereaved"] * 2


async def test_a_service_behind_fhir_is_told_of_the_bereaved_home_in_the_message(
    house: House,
) -> None:
    await move_in(house, lives("her", plan={"press": "at_once"}), lives("him"))
    await house.press("her")
    (referral,) = (await house.get("operator", "/referrals"))["referrals"]
    told = []
    for die in (False, True):
        if die:
            await dies(house)
        async with house.session.transaction() as connection:
            found = await row(
                connection, "bars_case", id=UUID(referral["id"]),
                organisation_id=ORGANISATION, service_id="icrs",
            )  # fmt: skip
        told.append(bars_reading._person(found).bereaved)

    assert told == [False, True]
