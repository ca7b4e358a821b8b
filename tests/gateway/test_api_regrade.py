"""A team or a referrer decides otherwise: step up, step down, 999, and an outcome that asks."""

from typing import Any

from tests.gateway.api_house import GP_CALL, ICRS, V1, House


async def tasks_999(house: House) -> list[dict[str, Any]]:
    listed = await house.get("operator", "/tasks")
    return [one for one in listed["tasks"] if one["kind"] == "999"]


async def test_a_visit_that_finds_an_emergency_opens_a_999_task_and_keeps_the_first_clock(
    house: House,
) -> None:
    referral = await house.received()
    house.later(minutes=30)
    visit = {"disposition": "999_task", "text": "stroke signs"}
    told = await house.post(ICRS, f"/referrals/{referral['id']}/face_to_face", visit)

    (task,) = await tasks_999(house)
    assert task["person"] == referral["person"]
    assert told["referral"]["received_at"] == referral["received_at"]
    assert told["referral"]["clocks"]["minutes_elapsed"] == 30
    why = {reason["reason"] for one in told["decided"] for reason in one["reasons"]}
    assert "regraded_to_999" in why
    alarm = (await house.get("operator", "/alarms"))["alarms"][0]["alarm"]
    assert alarm["id"] == task["alarm"]


async def test_a_rejection_may_say_999_at_once(house: House) -> None:
    referral = await house.referred()
    body = {"reason": "this is not for us", "disposition": "999_task"}
    await house.post(ICRS, f"/referrals/{referral['id']}/reject", body)

    assert [one["alarm"] for one in await tasks_999(house)] == [referral["alarm"]]


async def test_another_disposition_is_refused_in_words_and_changes_nothing(house: House) -> None:
    referral = await house.received()
    path = f"{V1}/referrals/{referral['id']}/accept"
    police = await house.call(ICRS, "POST", path, {"disposition": "police"})
    unknown = await house.call(ICRS, "POST", path, {"disposition": "helicopter"})

    assert police.status_code == 409
    assert "re-grades with `standard`, or to 999_task, not to police" in police.json()["detail"]
    assert unknown.status_code == 422
    after = (await house.get(ICRS, f"/referrals/{referral['id']}"))["referral"]
    assert after["accepted_at"] is None


async def test_a_referrer_who_says_999_makes_a_referral_and_a_999_task(house: House) -> None:
    headers = {"Idempotency-Key": "gp-call-0001"}
    body = {**GP_CALL, "disposition": "999_task"}
    first = await house.call(ICRS, "POST", f"{V1}/referrals", body, headers=headers)
    again = await house.call(ICRS, "POST", f"{V1}/referrals", body, headers=headers)
    refused = await house.call(
        ICRS, "POST", f"{V1}/referrals", {**GP_CALL, "disposition": "fire"},
        headers={"Idempotency-Key": "gp-call-0002"},
    )  # fmt: skip

    assert (first.status_code, again.status_code) == (201, 200)
    assert len(await tasks_999(house)) == 1
    assert refused.status_code == 409
    assert len((await house.get(ICRS, "/referrals"))["referrals"]) == 1


async def test_a_team_steps_down_and_up_again_on_the_first_clock(house: House) -> None:
    referral = await house.received()
    path = f"/referrals/{referral['id']}"
    house.later(minutes=10)
    down = (await house.post(ICRS, f"{path}/accept", {"standard": "two_day"}))["referral"]
    up = await house.post(ICRS, f"{path}/set_out", {"standard": "two_hour"})
    again = (await house.post(ICRS, f"{path}/face_to_face", {"standard": "two_day"}))["referral"]

    assert (down["standard"], up["referral"]["standard"], again["standard"]) == (
        "two_day", "two_hour", "two_day",
    )  # fmt: skip
    assert down["clocks"]["standard_due_at"] == "2026-11-04T06:56:00Z"
    assert up["referral"]["clocks"]["standard_due_at"] == "2026-11-02T08:56:00Z"
    why = {reason["reason"] for one in up["decided"] for reason in one["reasons"]}
    assert "stepped_up" in why


async def test_an_outcome_may_ask_us_to_act(house: House) -> None:
    referral = await house.referred()
    body = {"outcome": "not_at_home", "text": "nobody opens the door", "action_needed": True}
    told = await house.post(ICRS, f"/referrals/{referral['id']}/outcome", body)

    assert told["referral"]["state"] == "closed"
    why = {reason["reason"] for one in told["decided"] for reason in one["reasons"]}
    assert "action_needed" in why
