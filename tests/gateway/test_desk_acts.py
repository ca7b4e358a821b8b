"""The desk's own acts: duty, typed notes, key safes, searches, calls, hand-overs."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.console.desk import reading
from gateway.errors import SettingsError
from gateway.sealing import seal, unseal
from tests.databases import ORGANISATION
from tests.gateway.api_house import ELSEWHERE, OP, V1, WC, House, audited

KEY = bytes(range(32))


async def on_duty(house: House) -> list[str]:
    async with house.context.sessions.transaction() as connection:
        found = await reading.on_duty(connection, ORGANISATION, house.now)
    return [one["name"] for one in found]


async def put(house: House, who: str, path: str, body: Any, expected: int = 200) -> str:
    answer = await house.call(who, "PUT", V1 + path, body)
    assert answer.status_code == expected, answer.text
    return answer.text


async def test_on_duty_is_who_said_so_until_they_go_or_are_not_heard_of(house: House) -> None:
    assert await house.post("operator", "/duty", {"on": True, "sound": True}) == {"on": True}
    house.later(seconds=60)
    await house.post("operator:second", "/duty", {"on": True})
    assert await on_duty(house) == ["operator-1", "second"]

    house.later(seconds=60)
    assert await on_duty(house) == ["second"]
    await house.post("operator:second", "/duty", {"on": False})
    assert await on_duty(house) == []
    assert [who for who, _ in await audited(house, "off_duty")] == ["operator:second"]


async def test_coming_back_in_time_is_the_same_duty_and_one_audit_row(house: House) -> None:
    for _ in range(3):
        await house.post("operator", "/duty", {"on": True})
        house.later(seconds=30)

    assert len(await audited(house, "on_duty")) == 1


async def test_who_takes_an_alarm_too_late_is_told_who_has_it(house: House) -> None:
    alarm = await house.pressed("18")
    path = f"/alarms/{alarm['id']}/events"
    await house.post("operator", path, {"do": "take"})
    late = await house.post("operator:second", path, {"do": "take"}, 409)
    again = await house.post("operator", path, {"do": "take"}, 409)

    assert late["detail"] == "operator-1 has this alarm already"
    assert again["detail"] == "you have this alarm already"


async def test_what_is_typed_outlives_the_browser_and_colleagues_see_it(house: House) -> None:
    alarm = await house.pressed("18")
    await put(house, "operator", f"/drafts/{alarm['id']}/note", {"text": "She says"})
    await put(house, "operator", f"/drafts/{alarm['id']}/note", {"text": "She says her hip"})
    mine = await house.call("operator", "GET", f"/console/alarms/{alarm['id']}")
    theirs = await house.call("operator:second", "GET", f"/console/alarms/{alarm['id']}")

    assert ">She says her hip</textarea>" in mine.text
    assert "operator-1 was typing this" in theirs.text
    await put(house, "operator", f"/drafts/{alarm['id']}/note", {"text": " "})
    gone = await house.call("operator", "GET", f"/console/alarms/{alarm['id']}")
    assert "She says her hip" not in gone.text


async def test_a_key_safe_code_is_read_for_an_open_alarm_only_and_it_is_written_down(
    house: House,
) -> None:
    alarm = await house.pressed("17")
    home = {"access": "Side gate", "key_safe": "4711"}
    answer = await house.call("operator", "POST", f"{V1}/persons/{WC}/home", home)
    assert answer.status_code == 200
    again = await house.call("operator", "POST", f"{V1}/persons/{WC}/home", {"access": "Front"})
    assert again.status_code == 200

    path = f"/persons/{WC}/key_safe"
    assert await house.post("operator", path, {"alarm": alarm["id"]}) == {"code": "4711"}
    await house.post("operator", f"/persons/{OP}/key_safe", {"alarm": alarm["id"]}, 404)
    await house.post("operator", path, {"alarm": str(uuid4())}, 404)
    assert await audited(house, "key_safe_read") == [("operator:operator-1", WC)]
    (kept,) = await house.sql("select key_safe from person_desk")
    assert b"4711" not in bytes(kept.key_safe)


async def test_a_code_of_a_closed_alarm_is_not_read(house: House) -> None:
    alarm = await house.pressed("18")
    await house.call("operator", "POST", f"{V1}/persons/{OP}/home", {"key_safe": "4711"})
    await house.post("operator", f"/alarms/{alarm['id']}/events", {"do": "spoke"})
    await house.post("operator", f"/alarms/{alarm['id']}/events", {"do": "close", "reason": "test"})

    await house.post("operator", f"/persons/{OP}/key_safe", {"alarm": alarm["id"]}, 404)


def test_a_sealed_text_is_of_one_record_and_one_key() -> None:
    sealed = seal(KEY, WC, "4711")
    assert unseal([KEY], WC, sealed) == "4711"
    with pytest.raises(SettingsError, match="another record"):
        unseal([KEY], OP, sealed)
    with pytest.raises(SettingsError, match="sealed with key"):
        unseal([KEY[::-1]], WC, sealed)
    with pytest.raises(SettingsError, match="changed"):
        unseal([KEY], WC, sealed[:-1] + bytes([sealed[-1] ^ 1]))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("fictional", ["Fictional OP", "Fictional WC"]),
        ("wc", ["Fictional WC"]),
        ("LE1", ["Fictional WC"]),
        ("le2 1", ["Fictional OP"]),
        ("17", ["Fictional WC"]),
        ("0116 496 0002", ["Fictional OP"]),
        ("943 476 5919", ["Fictional WC"]),
        ("%%", []),
        ("__", []),
        ("nobody", []),
    ],
)
async def test_a_person_is_found_by_what_a_caller_can_say(
    house: House, text: str, names: list[str]
) -> None:
    await house.sql("update person set phone_mobile = '0116-4960002' where name = 'Fictional OP'")
    await house.sql("update person set nhs_number = '9434765919' where name = 'Fictional WC'")
    found = await house.post("operator", "/search", {"text": text})

    assert [one["name"] for one in found["persons"]] == names
    assert len(await audited(house, "searched")) == 1


async def test_another_organisation_finds_nobody_of_ours(house: House) -> None:
    await house.sign_in("operator:far", ELSEWHERE)
    found = await house.post("operator:far", "/search", {"text": "fictional"})

    assert found == {"persons": [], "more": False}


async def test_a_telephone_call_is_followed_and_cleared_down_when_its_alarm_is_closed(
    house: House,
) -> None:
    alarm = await house.pressed("18")
    base = {"call": "sip-1", "alarm": alarm["id"], "number": "0116 496 0001"}
    await house.post("operator", "/calls", {**base, "event": "offered"})
    house.later(seconds=5)
    seen = await house.post("operator", "/calls", {"call": "sip-1", "event": "connected"})
    assert (seen["alarm"], seen["clear_down"]) == (alarm["id"], False)

    await house.post("operator", f"/alarms/{alarm['id']}/events", {"do": "spoke"})
    await house.post("operator", f"/alarms/{alarm['id']}/events", {"do": "close", "reason": "test"})
    (left,) = (await house.get("operator", "/calls/to_clear"))["calls"]
    assert (left["call"], left["clear_down"]) == ("sip-1", True)
    await house.post("operator", "/calls", {"call": "sip-1", "event": "ended", "recording": "r/1"})
    assert (await house.get("operator", "/calls/to_clear"))["calls"] == []
    shown = await house.call("operator", "GET", f"/console/alarms/{alarm['id']}")
    assert "r/1" in shown.text


async def test_a_connected_line_is_no_voice(house: House) -> None:
    alarm = await house.pressed("18")
    body = {"call": "sip-1", "alarm": alarm["id"], "event": "connected"}
    await house.post("operator", "/calls", body)
    found = await house.get("operator", f"/alarms/{alarm['id']}")

    assert found["alarm"]["spoke_at"] is None


async def test_an_alarm_by_hand_is_the_person_s_and_whoever_made_it_has_it(house: House) -> None:
    body = {"person": str(WC), "what": "fall", "number": "0116 496 0001", "text": "Neighbour calls"}
    made = await house.post("operator", "/alarms", body, 201)
    found = await house.get("operator", f"/alarms/{made['alarm']}")

    assert found["person"] == str(WC)
    assert (found["alarm"]["what"], found["alarm"]["taken_by"]) == ("fall", "operator-1")
    assert found["alarm"]["note"] == "made from an incoming call; Neighbour calls"


async def test_an_unknown_caller_s_alarm_sends_nothing_by_itself(house: House) -> None:
    made = await house.post("operator", "/alarms", {"number": "0116 496 0009"}, 201)
    house.later(minutes=5)
    await house.tick()
    found = await house.get("operator", f"/alarms/{made['alarm']}")

    assert (found["label"], found["alarm"]["known"]) == ("0116 496 0009", False)
    assert found["referrals"] == []


async def test_a_call_that_is_sent_twice_makes_one_alarm(house: House) -> None:
    body = {"person": str(OP), "call": "sip-9"}
    first = await house.post("operator", "/alarms", body, 201)
    again = await house.post("operator", "/alarms", body, 201)

    assert first == again
    (kept,) = await house.sql("select (record ->> 'signals')::integer as signals from alarm")
    assert kept.signals == 1


async def test_one_call_about_two_people_makes_two_alarms_that_live_apart(house: House) -> None:
    """Whoever picked the wrong person first must not lose the right one's alarm."""
    whom: list[dict[str, str]] = [
        {"person": str(OP)}, {"person": str(WC)}, {"number": "0116 496 0009"},
    ]  # fmt: skip
    made = [await house.post("operator", "/alarms", {**one, "call": "sip-9"}, 201) for one in whom]
    first, second, _ = (one["alarm"] for one in made)
    kept = await house.sql("select id, subject_id from alarm")
    assert len({one.id for one in kept}) == len({one.subject_id for one in kept}) == len(whom)

    for act in ({"do": "spoke"}, {"do": "close", "reason": "test"}):
        await house.post("operator", f"/alarms/{first}/events", act)
    next_one = await house.post("operator", "/alarms", {"person": str(OP)}, 201)
    house.later(minutes=5)
    await house.tick()
    assert (await house.get("operator", f"/alarms/{second}"))["alarm"]["state"] != "closed"
    assert next_one["alarm"] not in (first, second)
    technical = await house.sql("select what from alarm where kind = 'technical'")
    assert technical == [], "no case that cannot be decided"


async def test_a_call_that_is_entered_again_after_its_alarm_was_closed_opens_a_new_one(
    house: House,
) -> None:
    body = {"person": str(OP), "call": "sip-9"}
    first = (await house.post("operator", "/alarms", body, 201))["alarm"]
    for act in ({"do": "spoke"}, {"do": "close", "reason": "test"}):
        await house.post("operator", f"/alarms/{first}/events", act)
    before = await house.get("operator", f"/alarms/{first}")
    await house.post("operator", "/alarms", body, 201)

    assert (await house.get("operator", f"/alarms/{first}"))["alarm"] == before["alarm"]


async def test_an_alarm_by_hand_rings_the_person_s_open_one_again(house: House) -> None:
    alarm = await house.pressed("18")
    made = await house.post("operator", "/alarms", {"person": str(OP)}, 201)
    found = await house.get("operator", f"/alarms/{alarm['id']}")

    assert made["alarm"] == alarm["id"]
    assert found["alarm"]["rings"] == 2


async def test_nobody_makes_an_alarm_for_a_stranger_or_of_what_only_devices_say(
    house: House,
) -> None:
    await house.post("operator", "/alarms", {"person": str(uuid4())}, 404)
    await house.post("operator", "/alarms", {"what": "cancel"}, 422)


async def test_a_hand_over_keeps_what_was_open_and_what_was_said(house: House) -> None:
    alarm = await house.pressed("18")
    await house.post("operator", "/handovers", {"note": "Quiet so far"}, 201)
    (kept,) = await house.sql("select by, note, summary from desk_handover")

    assert (kept.by, kept.note) == ("operator-1", "Quiet so far")
    assert kept.summary["open"]["help"] == [alarm["id"]]
    assert kept.summary["untaken"] == [alarm["id"]]
    assert UUID(kept.summary["untaken"][0])
