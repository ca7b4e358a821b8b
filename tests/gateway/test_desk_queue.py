"""The queue of the desk: what stands where, and what is said of it, from the real database."""

from typing import Any

from gateway.console.desk import reading
from gateway.console.desk.items import Item
from tests.databases import ORGANISATION
from tests.gateway.api_house import ELSEWHERE, House
from tests.store.messages import arrival


async def queue(house: House, organisation: Any = ORGANISATION, **given: Any) -> list[Item]:
    async with house.context.sessions.transaction() as connection:
        return await reading.queue_items(connection, organisation, **given)


async def test_a_press_stands_in_the_queue_with_whose_it_is_and_what_follows_by_itself(
    house: House,
) -> None:
    await house.press("18")
    (item,) = await queue(house)

    assert (item["who"], item["what"], item["lane"]) == ("Fictional OP", "Pendant pressed", "help")
    assert (item["state"], item["taken_by"], item["where"]) == ("open", None, "LE2 1AA")
    assert [step["kind"] for step in item["steps"]][:2] == ["climb_consoles", "climb_supervisor"]
    assert item["steps"][0]["due_at"] == "2026-11-02T06:56:30Z"


async def test_the_revision_grows_with_the_alarm_its_referrals_and_its_tasks(house: House) -> None:
    alarm = await house.pressed("17")
    seen = [(await queue(house))[0]["revision"]]
    referral = (await house.get("operator", "/referrals"))["referrals"][0]
    await house.post("responder/icrs", f"/referrals/{referral['id']}/seen", {})
    seen.append((await queue(house))[0]["revision"])
    await house.post("operator", f"/alarms/{alarm['id']}/events", {"do": "take"})
    seen.append((await queue(house))[0]["revision"])
    body = {"do": "decide", "disposition": "999_task"}
    await house.post("operator", f"/alarms/{alarm['id']}/events", body)
    seen.append((await queue(house))[0]["revision"])

    assert seen == sorted(set(seen))


async def test_life_safety_goes_first_and_technical_last(house: House) -> None:
    await house.send(
        arrival({"id": "s-1", "status": {"battery_pct": 3}}, device="18", channel="up")
    )
    await house.press("18")
    house.later(seconds=5)
    await house.send(arrival({"id": "f-1", "activation": "fall"}, device="17", at=house.now))
    items = await queue(house)

    assert [item["lane"] for item in items][:2] == ["life_safety", "help"]
    assert [item["what"] for item in items][:2] == ["Fall detected", "Pendant pressed"]


async def test_what_nobody_has_stands_before_what_somebody_has(house: House) -> None:
    first = await house.pressed("18")
    await house.post("operator", f"/alarms/{first['id']}/events", {"do": "take"})
    house.later(seconds=5)
    await house.press("17")

    assert [item["taken_by"] for item in await queue(house)] == [None, "operator-1"]


async def test_an_untaken_alarm_that_rang_again_stands_before_an_older_one(house: House) -> None:
    await house.press("18")
    house.later(seconds=5)
    await house.press("17")
    house.later(seconds=5)
    await house.press("17")
    items = await queue(house)

    assert [item["who"] for item in items] == ["Fictional WC", "Fictional OP"]
    assert "Rang again (2 times)" in [flag["words"] for flag in items[0]["flags"]]


async def test_a_provisional_referral_is_said_to_be_unconfirmed(house: House) -> None:
    await house.press("17")
    (item,) = await queue(house)

    said = [flag["words"] for flag in item["flags"]]
    assert "icrs: being sent, provisional: nobody has confirmed it" in said


async def test_a_closed_alarm_is_given_only_when_it_is_named(house: House) -> None:
    alarm = await house.pressed("18")
    await house.post("operator", f"/alarms/{alarm['id']}/events", {"do": "spoke"})
    body = {"do": "close", "reason": "reassured"}
    await house.post("operator", f"/alarms/{alarm['id']}/events", body)

    assert await queue(house) == []
    (item,) = await queue(house, ids=[alarm["id"]])
    assert (item["state"], item["steps"]) == ("closed", [])


async def test_another_organisation_sees_nothing_of_it(house: House) -> None:
    alarm = await house.pressed("18")

    assert await queue(house, ELSEWHERE) == []
    assert await queue(house, ELSEWHERE, ids=[alarm["id"]]) == []


async def test_the_figures_count_from_the_day_s_calls(house: House) -> None:
    quick = await house.pressed("18")
    house.later(seconds=20)
    await house.post("operator", f"/alarms/{quick['id']}/events", {"do": "spoke"})
    await house.press("17")
    house.later(seconds=90)
    async with house.context.sessions.transaction() as connection:
        found = await reading.kpi(connection, ORGANISATION, house.now)

    assert (found["calls"], found["waiting"]) == (2, 1)
    assert (found["spoke_60_pct"], found["spoke_60_level"]) == (50.0, "late")
    assert (found["spoke_180_pct"], found["spoke_180_level"]) == (100.0, "ok")
    assert found["oldest_at"] == "2026-11-02T06:56:20Z"


async def test_a_day_without_calls_has_no_share_and_misses_no_target(house: House) -> None:
    async with house.context.sessions.transaction() as connection:
        found = await reading.kpi(connection, ORGANISATION, house.now)

    assert (found["spoke_60_pct"], found["spoke_60_level"]) == (None, "none")


def test_a_share_is_rounded_down_so_that_it_never_reaches_a_target_it_missed() -> None:
    assert reading.percent(9746, 10_000) == 97.4
    assert reading.percent(975, 1_000) == 97.5
