"""A service's day: tasks, the daily meeting, what is open."""

from datetime import UTC, date, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from gateway.api.routes_mdt import day_span
from tests.gateway.api_house import ICRS, V1, House


async def test_equipment_that_was_delivered_is_done_once(house: House) -> None:
    referral = await house.received()
    await house.post(
        ICRS, f"/referrals/{referral['id']}/face_to_face", {"tasks": ["equipment:urgent"]}
    )
    task = (await house.get(ICRS, "/tasks"))["tasks"][0]
    house.later(hours=3)
    late = (await house.get(ICRS, "/tasks"))["tasks"][0]

    done = await house.post(ICRS, f"/tasks/{task['id']}/done", {"text": "commode is there"})
    again = await house.call(ICRS, "POST", f"{V1}/tasks/{task['id']}/done", {"text": "and again"})

    assert task["due_at"] == "2026-11-02T08:56:00Z"
    assert (task["overdue"], late["overdue"]) == (False, True)
    assert (done["task"]["state"], done["task"]["overdue"]) == ("done", False)
    assert done["task"]["done_at"] == "2026-11-02T09:56:00Z"
    assert "responder-1 recorded: task done" in done["decided"][-1]["says"]
    assert again.status_code == 409
    assert "done is not possible when done" in again.json()["detail"]
    assert (await house.get(ICRS, "/tasks"))["tasks"] == []
    detail = await house.get(ICRS, f"/referrals/{referral['id']}")
    assert detail["tasks"][0]["state"] == "done"
    assert "task done: commode is there" in detail["timeline"][-1]["says"]
    assert done["notes"] == detail["notes"]
    said = [(one["what"], one["by"], one["text"]) for one in detail["notes"]]
    assert said == [
        ("face_to_face", "responder-1", ""),
        ("task_done", "responder-1", "commode is there"),
    ]


async def test_a_task_that_stands_for_an_act_is_not_ticked_off(house: House) -> None:
    alarm = await house.pressed("18")
    await house.post("operator", f"/alarms/{alarm['id']}/events",
                     {"do": "decide", "disposition": "999_task"})  # fmt: skip
    task = (await house.get("operator", "/tasks"))["tasks"][0]

    answer = await house.call("operator", "POST", f"{V1}/tasks/{task['id']}/done", {})
    hidden = await house.call("engineer", "POST", f"{V1}/tasks/{task['id']}/done", {})
    nothing = await house.call("operator", "POST", f"{V1}/tasks/{uuid4()}/done", {})

    assert answer.status_code == 409
    assert answer.json()["reason"] == "refused"
    assert "a 999 task is ended by: call to 999 claims it" in answer.json()["detail"]
    assert (hidden.status_code, nothing.status_code) == (404, 404)
    assert (await house.get("operator", "/tasks"))["tasks"][0]["state"] == "open"


async def test_the_daily_meeting_sees_the_day_in_local_time(house: House) -> None:
    """Case study 2 is on the list of its own day, with what is left to do (CLINICAL 1.4)."""
    referral = await house.referred()
    path = f"/referrals/{referral['id']}"
    await house.post("operator", f"/alarms/{referral['alarm']}/events", {"do": "spoke"})
    await house.post(ICRS, f"{path}/accept", {})
    house.later(minutes=44)
    await house.post(ICRS, f"{path}/face_to_face", {"tasks": ["equipment"]})
    today = await house.get(ICRS, "/mdt", service="icrs")
    await house.post(ICRS, f"{path}/outcome", {"outcome": "remains_at_home"})
    house.later(days=2)
    that_day = await house.get(ICRS, "/mdt", service="icrs", date="2026-11-02")
    before = await house.get(ICRS, "/mdt", service="icrs", date="2026-11-01")
    after = await house.get(ICRS, "/mdt", service="icrs")

    assert (today["date"], today["timezone"]) == ("2026-11-02", "Europe/London")
    entry = today["entries"][0]
    assert entry["referral"]["id"] == referral["id"]
    assert entry["card"]["name"] == "Fictional WC"
    left = [one["kind"] for one in entry["tasks"] if one["state"] == "open"]
    assert left == ["equipment"]
    assert [one["id"] for one in entry["alarms_24h"]] == [referral["alarm"]]
    assert [one["referral"]["id"] for one in that_day["entries"]] == [referral["id"]]
    assert before["entries"] == []
    (later,) = after["entries"]
    assert later["because"] == ["in_support", "tasks_left"], "72 h of support; nobody delivered it"


async def test_an_open_referral_stays_on_every_days_list(house: House) -> None:
    referral = await house.received()
    house.later(days=3)

    later = await house.get("supervisor", "/mdt", service="icrs")

    assert [one["referral"]["id"] for one in later["entries"]] == [referral["id"]]
    assert later["entries"][0]["alarms_24h"] == []


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 2), 24)]
)
def test_a_local_day_may_have_23_or_25_hours(day: date, hours: int) -> None:
    since, until = day_span(day, ZoneInfo("Europe/London"))

    assert until.astimezone(UTC) - since.astimezone(UTC) == timedelta(hours=hours)
    assert since.hour == 0


async def test_services_say_what_is_open_with_them(house: House) -> None:
    await house.referred()

    found = (await house.get("auditor", "/services"))["services"]

    assert [(one["id"], one["open_referrals"], one["capacity"]) for one in found] == [
        ("icrs", 1, 5)
    ]
