"""Referrals that come to the desk from elsewhere: once each, about the right person."""

from uuid import uuid4

from tests.gateway.api_house import GP_CALL, ICRS, OP, V1, WC, House


async def test_a_referral_of_a_gp_is_received_once_however_often_it_is_sent(house: House) -> None:
    headers = {"Idempotency-Key": "gp-call-0001"}
    first = await house.call(ICRS, "POST", f"{V1}/referrals", GP_CALL, headers=headers)
    house.later(minutes=2)
    again = await house.call(ICRS, "POST", f"{V1}/referrals", GP_CALL, headers=headers)
    listed = await house.get(ICRS, "/referrals")

    assert (first.status_code, again.status_code) == (201, 200)
    assert "idempotent-replay" not in first.headers
    assert again.headers["idempotent-replay"] == "true"
    assert first.json()["referral"]["id"] == again.json()["referral"]["id"]
    assert len(listed["referrals"]) == 1
    referral = listed["referrals"][0]
    assert (referral["source"], referral["standard"]) == ("gp", "two_hour")
    assert referral["provisional"] is False
    assert referral["received_at"] == "2026-11-02T06:56:00Z"
    assert referral["seen_at"] is not None
    assert (referral["need"], referral["text"]) == ("fall", GP_CALL["text"])
    card = (await house.get(ICRS, f"/referrals/{referral['id']}"))["card"]
    assert card["name"] == "Fictional Mrs A"
    assert card["nhs_number"] is None
    assert len(await house.sql("select id from person where name = 'Fictional Mrs A'")) == 1


async def test_a_key_that_made_another_referral_is_refused(house: House) -> None:
    await house.received()

    for change in ({"person": str(OP)}, {"source": "hvs"}):
        answer = await house.call(
            ICRS,
            "POST",
            f"{V1}/referrals",
            {**GP_CALL, **change},
            headers={"Idempotency-Key": "gp-call-0001"},
        )
        assert answer.status_code == 409
        assert answer.json()["reason"] == "key_reused"


async def test_without_a_key_or_with_a_wrong_one_nothing_is_received(house: House) -> None:
    for headers in ({}, {"Idempotency-Key": "short"}, {"Idempotency-Key": "x" * 129}):
        answer = await house.call(ICRS, "POST", f"{V1}/referrals", GP_CALL, headers=headers)
        assert answer.status_code == 422
        assert "Idempotency-Key" in answer.json()["detail"]
    assert (await house.get(ICRS, "/referrals"))["referrals"] == []


async def test_an_operator_who_enters_a_referral_has_not_seen_it_for_the_service(
    house: House,
) -> None:
    made = await house.post(
        "operator", "/referrals", {**GP_CALL, "person": str(OP)}, 201,
        **{"Idempotency-Key": "call-0001"},
    )  # fmt: skip

    assert made["referral"]["seen_at"] is None
    assert made["referral"]["person"] == str(OP)
    seen = await house.call("operator", "POST", f"{V1}/referrals/{made['referral']['id']}/seen", {})
    assert seen.status_code == 403


async def test_a_known_person_is_not_made_twice(house: House) -> None:
    number = "9434765919"
    await house.sql("update person set nhs_number = %(number)s where id = %(id)s", number=number,
                    id=OP)  # fmt: skip
    person = {"name": "Fictional OP", "nhs_number": number}

    known = await house.call(
        ICRS, "POST", f"{V1}/referrals", {**GP_CALL, "person": person},
        headers={"Idempotency-Key": "call-0001"},
    )  # fmt: skip
    nobody = await house.call(
        ICRS, "POST", f"{V1}/referrals", {**GP_CALL, "person": str(uuid4())},
        headers={"Idempotency-Key": "call-0002"},
    )  # fmt: skip

    assert known.status_code == 409
    assert str(OP) in known.json()["what_next"]
    assert nobody.status_code == 404
    assert number not in known.text


async def test_one_person_has_one_open_referral_with_a_service(house: House) -> None:
    referral = await house.referred()

    answer = await house.call(
        ICRS, "POST", f"{V1}/referrals", {**GP_CALL, "person": str(WC)},
        headers={"Idempotency-Key": "call-0001"},
    )  # fmt: skip

    assert answer.status_code == 409
    assert referral["id"] in answer.json()["detail"]


async def test_a_video_stops_no_clock_and_a_second_visit_does_not_move_it(house: House) -> None:
    """Case studies 1 and 3 (CLINICAL 1.4)."""
    referral = await house.received()
    path = f"/referrals/{referral['id']}"
    house.later(minutes=20)
    video = await house.post(ICRS, f"{path}/contact", {"mechanism": "video"})
    house.later(minutes=11)
    first = await house.post(ICRS, f"{path}/contact", {"mechanism": "face_to_face"})
    house.later(hours=4)
    second = await house.post(ICRS, f"{path}/face_to_face", {})

    assert video["referral"]["first_face_to_face_at"] is None
    assert video["referral"]["clocks"]["minutes_running"] == 20
    assert first["referral"]["clocks"]["minutes_elapsed"] == 31
    assert second["referral"]["clocks"]["minutes_elapsed"] == 31
    assert second["referral"]["contacts"] == 3
