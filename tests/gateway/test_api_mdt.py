"""The daily meeting: joint responses, 72 h of support, tasks left, and the look after 91 days."""

from typing import Any

from tests.databases import ORGANISATION
from tests.gateway.api_house import ICRS, V1, House

THERAPY = "responder/therapy"
DAY_AFTER_91 = "2027-02-01"


async def meeting(house: House, who: str = ICRS, **day: str) -> dict[str, dict[str, Any]]:
    service = who.partition("/")[2]
    listed = await house.get(who, "/mdt", service=service, **day)
    return {one["referral"]["id"]: one for one in listed["entries"]}


async def attended(house: House, **visit: Any) -> str:
    """Refer, visit 44 minutes after the press, and give the referral's id."""
    referral = await house.referred()
    path = f"/referrals/{referral['id']}"
    await house.post("operator", f"/alarms/{referral['alarm']}/events", {"do": "spoke"})
    house.later(minutes=44)
    await house.post(ICRS, f"{path}/face_to_face", visit)
    found: str = referral["id"]
    return found


async def test_a_joint_response_shows_what_the_other_service_does(house: House) -> None:
    await house.sql(
        "insert into service (organisation_id, id, name, kind, position)"
        " values (%(organisation)s, 'therapy', 'Therapy', 'UCR', 5)", organisation=ORGANISATION,
    )  # fmt: skip
    first = await house.referred()
    events = f"/alarms/{first['alarm']}/events"
    await house.post("operator", events, {"do": "spoke"})
    await house.post(
        "operator", events, {"do": "decide", "disposition": "ucr", "service": "therapy"}
    )
    (second,) = (await house.get(THERAPY, "/referrals"))["referrals"]
    house.later(minutes=5)
    await house.post(THERAPY, f"/referrals/{second['id']}/accept", {})
    entry = (await meeting(house))[first["id"]]
    theirs = (await meeting(house, THERAPY))[second["id"]]

    assert entry["referral"]["joint_with"] == [second["id"]]
    assert entry["joint"] == [
        {
            "referral": second["id"],
            "service": "therapy",
            "state": "accepted",
            "accepted_at": "2026-11-02T07:01:00Z",
            "first_face_to_face_at": None,
        }
    ]
    assert [one["service"] for one in theirs["joint"]] == ["icrs"]
    other = await house.call(ICRS, "GET", f"{V1}/referrals/{second['id']}")
    assert other.status_code == 404, "what they do is shown, their referral is not"


async def test_72_hours_of_support_stay_on_the_list_after_the_referral_is_closed(
    house: House,
) -> None:
    referral = await attended(house)
    await house.post(ICRS, f"/referrals/{referral}/outcome", {"outcome": "remains_at_home"})
    days = {
        day: (await meeting(house, date=f"2026-11-0{day}")).get(referral, {}).get("because")
        for day in range(1, 8)
    }

    assert days == {
        1: None,
        2: ["made", "attended", "ended", "in_support"],
        3: ["in_support"],
        4: ["in_support"],
        5: ["in_support"],
        6: None,
        7: None,
    }, "support ends on the 5th at 07:40"


async def test_tasks_that_are_left_keep_a_closed_referral_on_the_list_until_they_are_done(
    house: House,
) -> None:
    referral = await attended(house, tasks=["equipment"])
    await house.post(ICRS, f"/referrals/{referral}/outcome", {"outcome": "remains_at_home"})
    house.later(days=7)
    left = (await meeting(house))[referral]
    (task,) = [one for one in left["tasks"] if one["kind"] == "equipment"]
    await house.post(ICRS, f"/tasks/{task['id']}/done", {"text": "delivered"})
    yesterday = (await meeting(house, date="2026-11-08"))[referral]

    assert (left["because"], task["overdue"]) == (["tasks_left"], True)
    assert await meeting(house) == {}
    assert yesterday["because"] == ["tasks_left"], "it was open at the end of that day"


async def test_on_the_91st_day_somebody_looks_whether_the_person_is_at_home(house: House) -> None:
    referral = await attended(house)
    told = await house.post(ICRS, f"/referrals/{referral}/outcome", {"outcome": "remains_at_home"})
    entry = (await meeting(house, date=DAY_AFTER_91))[referral]
    house.later(days=91)
    that_day = (await meeting(house))[referral]
    house.later(days=1)

    assert told["referral"]["follow_up_on"] == DAY_AFTER_91
    assert (entry["because"], that_day["because"]) == (["follow_up"], ["follow_up"])
    assert that_day["card"] is None
    assert "30 days" in that_day["card_withheld"]
    assert await meeting(house) == {}


async def test_an_open_referral_is_there_for_being_open_and_its_card_is_given(
    house: House,
) -> None:
    referral = await house.received()
    today = (await meeting(house))[referral["id"]]
    house.later(days=2)
    later = (await meeting(house))[referral["id"]]
    unread = await house.call("manager", "GET", f"{V1}/mdt", params={"service": "icrs"})

    assert (today["because"], later["because"]) == (["open", "made"], ["open"])
    assert (later["card"]["name"], later["card_withheld"]) == ("Fictional Mrs A", None)
    assert later["joint"] == []
    assert unread.status_code == 403
