"""Worklists of devices and services: overdue user tests, and how many places are free."""

import json
from datetime import timedelta
from uuid import UUID

from alerts.rule_ids import Rule
from alerts.telecare.history import untested
from gateway.store.cases import lock_one
from tests.gateway.api_house import ICRS, OP, V1, WC, House, audited


async def test_devices_whose_monthly_test_is_overdue_are_listed_the_longest_first(
    house: House,
) -> None:
    days = house.context.desk.rules.span(Rule.USER_TEST)
    for device, person, back in (("17", WC, timedelta(days=2)), ("18", OP, timedelta(days=9))):
        tested = {device: (house.now - days - back).isoformat()}
        await give_tests(house, person, tested)
    listed = await house.get("engineer", "/devices/untested")
    first = await house.get("supervisor", "/devices/untested", limit=1)
    async with house.session.transaction() as connection:
        for person, device in ((WC, "17"), (OP, "18")):
            case = (await lock_one(connection, person)).case  # type: ignore[union-attr]
            assert case is not None
            assert untested(case, house.context.desk.rules, house.now) == (device,)

    found = [(one["device"], one["person"], one["days"]) for one in listed["devices"]]
    assert found == [("18", str(OP), days.days + 9), ("17", str(WC), days.days + 2)]
    assert listed["more"] is False
    assert (first["devices"], first["more"]) == (listed["devices"][:1], True)
    await house.sql("update device set enabled = false where sender = '18'")
    left = await house.get("operator", "/devices/untested")
    assert [one["device"] for one in left["devices"]] == ["17"]


async def give_tests(house: House, person: UUID, tested: dict[str, str]) -> None:
    await house.press("17" if person == WC else "18")
    await house.sql(
        "update subject set state = jsonb_set(state, '{tested}', %(tested)s::jsonb)"
        " where id = %(id)s", tested=json.dumps(tested), id=person,
    )  # fmt: skip


async def test_a_test_of_this_month_is_not_overdue_until_its_last_second(house: House) -> None:
    days = house.context.desk.rules.span(Rule.USER_TEST)
    await give_tests(house, OP, {"18": house.now.isoformat(), "gone": "2020-01-01T00:00:00Z"})
    house.later(seconds=days.total_seconds())
    on_time = await house.get("manager", "/devices/untested")
    house.later(seconds=1)
    late = await house.get("manager", "/devices/untested")

    assert on_time["devices"] == []
    assert [one["device"] for one in late["devices"]] == ["18"]


async def test_a_service_says_how_many_places_it_has(house: House) -> None:
    told = await house.post(ICRS, "/services/icrs/capacity", {"capacity": 0})
    unknown = await house.post("supervisor", "/services/icrs/capacity", {"capacity": None})
    other = await house.call(ICRS, "POST", f"{V1}/services/other/capacity", {"capacity": 3})
    wrong = [
        await house.call(ICRS, "POST", f"{V1}/services/icrs/capacity", body)
        for body in ({}, {"capacity": -1}, {"capacity": 10_001}, {"capacity": "many"})
    ]

    assert (told["capacity"], told["capacity_at"]) == (0, "2026-11-02T06:56:00Z")
    assert unknown["capacity"] is None
    assert other.status_code == 404
    assert {one.status_code for one in wrong} == {422}
    assert [actor for actor, _ in await audited(house, "service_capacity")] == [
        "service:icrs:responder-1", "supervisor:supervisor-1",
    ]  # fmt: skip


async def test_a_full_service_is_warned_of_and_referred_to_all_the_same(house: House) -> None:
    await house.post(ICRS, "/services/icrs/capacity", {"capacity": 0})
    referral = await house.referred()

    detail = await house.get("operator", f"/alarms/{referral['alarm']}")
    why = {reason["reason"] for one in detail["explanation"] for reason in one["reasons"]}
    assert "capacity_full" in why
    assert referral["service"] == "icrs"
