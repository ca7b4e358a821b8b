"""Known faults over HTTP, and a clinician who rings back where there is no referral."""

from typing import Any

import pytest

from tests.databases import ORGANISATION
from tests.gateway.api_house import ELSEWHERE, ICRS, V1, House

FAULT = "/devices/mqtt-main/17/fault"
HUB = "responder/hub"


async def faulty(house: House) -> Any:
    return (await house.sql("select faulty_since from device where sender = '17'"))[0][0]


async def test_a_recorded_fault_opens_its_task_at_once_and_its_end_is_the_tasks(
    house: House,
) -> None:
    said = await house.post("operator", FAULT, {"faulty": True, "text": "daughter: no light"})
    task = (await house.get("engineer", "/tasks"))["tasks"][0]
    again = await house.post("operator", FAULT, {"faulty": True, "since": "2026-11-02T06:00:00Z"})

    assert said["device"]["faulty_since"] == "2026-11-02T06:56:00Z"
    assert [step["what"] for step in said["decided"]] == ["task_made"]
    assert (task["kind"], task["due_at"]) == ("device_fault", "2026-11-03T06:56:00Z")
    assert task["text"].endswith("the technical desk")
    assert again["device"]["faulty_since"] == "2026-11-02T06:00:00Z"
    assert [step["what"] for step in again["decided"]] == ["nothing"]
    ended = await house.post("engineer", FAULT, {"faulty": False, "text": "replaced"})
    assert ended["device"]["faulty_since"] is None
    assert (await house.get("engineer", "/tasks"))["tasks"] == []
    assert await faulty(house) is None


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/devices/mqtt-main/nobody/fault", {"faulty": True}, 404),
        ("/devices/other/17/fault", {"faulty": True}, 404),
        (FAULT, {}, 422),
        (FAULT, {"faulty": False, "since": "2026-11-02T06:00:00Z"}, 422),
        (FAULT, {"faulty": True, "since": "2026-11-03T06:00:00Z"}, 422),
        (FAULT, {"faulty": True, "since": "2026-09-01T06:00:00Z"}, 422),
    ],
)
async def test_a_fault_that_cannot_be_meant_changes_nothing(
    house: House, path: str, body: dict[str, Any], expected: int
) -> None:
    answer = await house.call("operator", "POST", V1 + path, body)

    assert answer.status_code == expected, answer.text
    assert await faulty(house) is None


async def test_a_device_of_nobody_is_recorded_and_makes_no_task(house: House) -> None:
    await house.sql("update device set person_id = null where sender = '17'")
    said = await house.post("engineer", FAULT, {"faulty": True})

    assert said["decided"] == []
    assert await faulty(house) is not None


async def test_another_organisations_desk_finds_no_such_device(house: House) -> None:
    house.tokens["far"] = await house.sign_in("supervisor:far-1", ELSEWHERE)
    answer = await house.call("far", "POST", V1 + FAULT, {"faulty": True})

    assert answer.status_code == 404


async def waiting(house: House) -> dict[str, Any]:
    """Give the task of a call that a clinician is to ring back about, without any referral."""
    await house.press("18")
    alarm = (await house.get("operator", "/alarms"))["alarms"][0]["alarm"]
    path = f"/alarms/{alarm['id']}/events"
    await house.post("operator", path, {"do": "spoke"})
    await house.post("operator", path, {"do": "decide", "disposition": "clinician"})
    tasks = (await house.get("operator", "/tasks"))["tasks"]
    return next(one for one in tasks if one["kind"] == "ring_back")


async def test_the_clinician_whose_task_it_is_rings_back_without_a_referral(house: House) -> None:
    await house.sql(
        "insert into service (organisation_id, id, name, kind)"
        " values (%(organisation)s, 'hub', 'Hub', 'CLINICIAN')",
        organisation=ORGANISATION,
    )
    task = await waiting(house)
    path = f"/tasks/{task['id']}/ring_back"
    result = {"result": "spoke to her; takes it up with her GP"}

    foreign = await house.call(ICRS, "POST", V1 + path, result)
    early = await house.call(
        HUB, "POST", V1 + path, {**result, "occurred_at": "2026-11-02T08:00:00Z"}
    )
    said = await house.post(HUB, path, {**result, "occurred_at": "2026-11-02T06:50:00Z"})
    again = await house.call(HUB, "POST", V1 + path, result)
    house.later(minutes=16)
    await house.tick()
    tasks = (await house.get("operator", "/tasks"))["tasks"]

    assert (task["service"], foreign.status_code, early.status_code) == ("hub", 404, 422)
    assert (said["task"]["state"], said["notes"]) == ("done", [])
    assert said["decided"][0]["occurred_at"] == "2026-11-02T06:50:00Z"
    assert again.status_code == 409
    assert "999" not in [one["kind"] for one in tasks]


async def test_a_clinician_who_rang_back_says_999_over_an_operator(house: House) -> None:
    task = await waiting(house)
    body = {"result": "grey and clammy", "disposition": "999_task"}
    await house.post("operator", f"/tasks/{task['id']}/ring_back", body)
    kinds = [one["kind"] for one in (await house.get("operator", "/tasks"))["tasks"]]

    assert "999" in kinds
    assert "ring_back" not in kinds


async def test_a_task_that_waits_for_no_call_is_not_ended_by_one(house: House) -> None:
    await house.post("operator", FAULT, {"faulty": True})
    task = (await house.get("operator", "/tasks"))["tasks"][0]
    answer = await house.call(
        "operator", "POST", f"{V1}/tasks/{task['id']}/ring_back", {"result": "-"}
    )

    assert answer.status_code == 409
    assert "device_fault" in answer.text
