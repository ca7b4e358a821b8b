"""The built-in UCR desk: a referral from the press to its outcome, with both clocks."""

from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from gateway import acts
from tests.gateway.api_house import ICRS, V1, House, deliver


async def test_case_study_2_from_the_press_to_the_outcome(house: House) -> None:
    """06:56 press, accepted within minutes, 07:40 at the door, equipment in 24 h (CLINICAL 1.4)."""
    referral = await house.referred()
    path = f"/referrals/{referral['id']}"
    assert referral["provisional"] is True
    house.later(seconds=2)
    await deliver(house)
    assert (await house.get(ICRS, path))["referral"]["state"] == "received"

    house.later(minutes=1)
    await house.post(ICRS, f"{path}/seen", {})
    house.later(minutes=1)
    accepted = (await house.post(ICRS, f"{path}/accept", {}))["referral"]
    await house.post(ICRS, f"{path}/set_out", {"eta": "2026-11-02T07:40:00Z"})
    house.clock.forward_to(datetime(2026, 11, 2, 7, 55, tzinfo=UTC))
    visit = {"occurred_at": "2026-11-02T07:40:00Z", "text": "red leg", "tasks": ["equipment"]}
    visited = (await house.post(ICRS, f"{path}/face_to_face", visit))["referral"]
    done = (await house.post(ICRS, f"{path}/outcome", {"outcome": "remains_at_home"}))["referral"]

    assert accepted["provisional"] is False
    assert accepted["clocks"]["minutes_running"] == 2
    assert visited["first_face_to_face_at"] == "2026-11-02T07:40:00Z"
    assert visited["clocks"]["minutes_press_to_arrival"] == 44
    assert visited["clocks"]["minutes_elapsed"] == 43  # received seconds after the press
    assert visited["clocks"]["standard_met"] is True
    assert visited["clocks"]["minutes_running"] is None
    assert (done["state"], done["outcome"]) == ("closed", "remains_at_home")
    tasks = (await house.get(ICRS, "/tasks"))["tasks"]
    assert [(one["kind"], one["referral"]) for one in tasks] == [("equipment", referral["id"])]
    timeline = (await house.get(ICRS, path))["timeline"]
    says = "responder-1 recorded: face to face: red leg; it happened at 07:40:00 UTC"
    assert any(says in one["says"] for one in timeline)
    assert timeline[0]["what"] == "alarm_opened"


async def test_an_unseen_provisional_referral_is_due_and_then_breached(house: House) -> None:
    referral = await house.referred()
    path = f"/referrals/{referral['id']}"
    before = referral["clocks"]
    house.later(minutes=3)
    due = (await house.get("operator", path))["referral"]["clocks"]
    await house.tick()
    after = (await house.get("operator", path))["referral"]

    assert before["breach_due"] is False
    assert before["breach_due_at"] == "2026-11-02T06:59:00Z"
    assert due["breach_due"] is True
    assert after["state"] == "breached"
    assert after["breached_at"] is not None


async def test_a_time_that_cannot_be_meant_is_refused(house: House) -> None:
    referral = await house.received()
    for occurred_at in ("2026-11-02T07:56:00Z", "2026-09-02T06:56:00Z", "2026-11-02T06:56:00"):
        answer = await house.call(
            ICRS,
            "POST",
            f"{V1}/referrals/{referral['id']}/face_to_face",
            {"occurred_at": occurred_at},
        )
        assert answer.status_code == 422, occurred_at
        assert "occurred_at" in answer.json()["detail"]


async def test_a_rejection_needs_a_reason_and_goes_back_to_an_operator(house: House) -> None:
    referral = await house.referred()
    path = f"/referrals/{referral['id']}"

    bare = await house.call(ICRS, "POST", f"{V1}{path}/reject", {})
    rejected = await house.post(ICRS, f"{path}/reject", {"reason": "no longer in our area"})
    late = await house.call(ICRS, "POST", f"{V1}{path}/accept", {})

    assert bare.status_code == 422
    assert rejected["referral"]["rejected_at"] is not None
    tasks = (await house.get("operator", "/tasks"))["tasks"]
    assert "phone_referral" in {one["kind"] for one in tasks}
    assert late.status_code in (200, 409)


async def test_an_operator_confirms_or_withdraws_a_provisional_referral(house: House) -> None:
    referral = await house.referred()
    path = f"/referrals/{referral['id']}"

    confirmed = await house.post("operator", f"{path}/confirm", {})
    without = await house.call("operator", "POST", f"{V1}{path}/withdraw", {})
    withdrawn = await house.post("operator", f"{path}/withdraw", {"reason": "neighbour is there"})
    late = await house.call(ICRS, "POST", f"{V1}{path}/accept", {})

    assert confirmed["referral"]["provisional"] is False
    assert confirmed["referral"]["confirmed_at"] is not None
    assert without.status_code == 422
    assert withdrawn["referral"]["state"] == "withdrawn"
    assert late.status_code == 409
    assert "not possible when withdrawn" in late.json()["detail"]


async def test_a_responder_neither_confirms_nor_withdraws(house: House) -> None:
    referral = await house.referred()
    for act in ("confirm", "withdraw"):
        answer = await house.call(
            ICRS, "POST", f"{V1}/referrals/{referral['id']}/{act}", {"reason": "no"}
        )
        assert answer.status_code == 403


async def test_the_card_is_there_while_open_and_thirty_days_after(house: House) -> None:
    referral = await house.received()
    path = f"/referrals/{referral['id']}"
    await house.post(ICRS, f"{path}/outcome", {"outcome": "remains_at_home"})
    house.later(days=30)
    last_day = await house.get(ICRS, path)
    house.later(seconds=1)
    after = await house.get(ICRS, path)
    manager = await house.get("manager", path)

    assert last_day["card"]["name"] == "Fictional Mrs A"
    assert last_day["card_withheld"] is None
    assert after["card"] is None
    assert "30 days" in after["card_withheld"]
    assert manager["card"] is None
    reads = await house.sql("select actor, about from audit where act = 'person_read'")
    assert [(one.actor, one.about) for one in reads] == [
        ("service:icrs:responder-1", UUID(referral["id"]))
    ]


async def test_no_card_without_its_audit_row(house: House) -> None:
    referral = await house.received()
    await house.sql("alter table audit add constraint full_up check (act <> 'person_read')")

    answer = await house.call(ICRS, "GET", f"{V1}/referrals/{referral['id']}")

    assert answer.status_code >= 400
    assert "Fictional" not in answer.text


async def test_a_case_somebody_holds_is_503_and_nothing_is_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "TRIES", 1)
    referral = await house.referred()
    async with house.session.transaction() as connection:
        await connection.execute("select from subject for no key update")
        answer: httpx.Response = await house.call(
            ICRS, "POST", f"{V1}/referrals/{referral['id']}/accept", {}
        )

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    after = await house.get(ICRS, f"/referrals/{referral['id']}")
    assert after["referral"]["accepted_at"] is None
