"""A person's record over HTTP: who changes what, a death by two people, and who sees none of it."""

from typing import Any
from uuid import uuid4

import pytest

from alerts.telecare.persons import REPORTED, WELFARE
from gateway import acts
from gateway.store.cases import lock_one
from tests.gateway.api_house import ELSEWHERE, ICRS, OP, V1, WC, House, audited

RECORD = f"/persons/{OP}/record"
DECEASED = {"status": "deceased"}


async def supervisors(house: House) -> list[dict[str, Any]]:
    listed = await house.get("supervisor", "/tasks")
    return [one for one in listed["tasks"] if one["kind"] == "supervisor"]


async def test_an_operator_records_where_somebody_is_and_deciding_follows(house: House) -> None:
    """Who is in hospital is not referred by itself; who is home again is called within a day."""
    given = {"status": "in_hospital", "text": "the ward rang"}
    told = await house.post("operator", f"/persons/{WC}/record", given)
    alarm = await house.pressed("17")
    referrals = (await house.get("operator", "/referrals"))["referrals"]
    home = await house.post("operator", f"/persons/{WC}/record", {"status": "home"})

    assert told["record"]["status"] == "in_hospital"
    assert [one["says"].partition(". Why")[0] for one in told["decided"]] == [
        "operator-1 recorded: status changed: the ward rang"
    ]
    assert told["decided"][0]["reasons"][0]["inputs"]["was"] == "home"
    assert referrals == []
    why = {r["reason"] for one in (await house.get("operator", f"/alarms/{alarm['id']}"))[
        "explanation"] for r in one["reasons"]}  # fmt: skip
    assert "person_not_at_home" in why
    assert home["record"]["status"] == "home"
    tasks = (await house.get("operator", "/tasks"))["tasks"]
    calls = [one for one in tasks if one["text"] == WELFARE]
    assert [(one["kind"], one["person"], one["subject"]) for one in calls] == [
        ("call_patient", str(WC), str(WC))
    ]
    history = (await house.get("operator", f"/persons/{WC}"))["history"]
    assert [one["reasons"][0]["reason"] for one in history] == [
        "home_again", "status_changed", "status_changed",
    ]  # fmt: skip
    assert ("operator:operator-1", WC) in await audited(house, "nothing")


async def test_away_has_its_end_and_another_status_ends_it(house: House) -> None:
    until = "2026-11-09T12:00:00Z"
    away = await house.post("operator", RECORD, {"status": "away", "away_until": until})
    back = await house.post("operator", RECORD, {"status": "home"})

    assert (away["record"]["status"], away["record"]["away_until"]) == ("away", until)
    words = away["decided"][1]["reasons"][0]
    assert words["reason"] == "record_changed"
    assert words["inputs"]["away_until"] == "not known -> 2026-11-09T12:00:00+00:00"
    assert (back["record"]["status"], back["record"]["away_until"]) == ("home", None)
    assert len(back["decided"]) == 1


async def test_a_repeat_changes_nothing_and_is_no_second_act(house: House) -> None:
    given = {"status": "respite", "ceiling": "not_for_hospital", "conditions": ["frailty"]}
    first = await house.post("supervisor", RECORD, given)
    again = await house.post("supervisor", RECORD, given)

    assert len(first["decided"]) == 2
    assert again == {"record": first["record"], "decided": []}
    rows = await house.sql("select id from decision where subject_id = %(op)s", op=OP)
    assert len(rows) == 2


async def test_a_ceiling_is_for_responders_and_supervisors_and_names_a_known_line(
    house: House,
) -> None:
    given = {"ceiling": "comfort_only", "anticipatory_line": "icrs", "text": "ReSPECT form seen"}
    operator = await house.call("operator", "POST", V1 + RECORD, given)
    nowhere = await house.call(
        "supervisor", "POST", V1 + RECORD, {**given, "anticipatory_line": "nowhere"}
    )
    told = await house.post("supervisor", RECORD, given)
    cleared = await house.post("supervisor", RECORD, {"anticipatory_line": None})

    assert operator.status_code == 403
    assert "anticipatory_line and ceiling: for responders" in operator.json()["detail"]
    assert nowhere.status_code == 422
    assert "anticipatory_line" in nowhere.json()["detail"]
    inputs = told["decided"][0]["reasons"][0]["inputs"]
    assert inputs["ceiling"] == "none -> comfort_only"
    assert inputs["anticipatory_line"] == "not known -> icrs"
    assert (cleared["record"]["anticipatory_line"], cleared["record"]["ceiling"]) == (
        None, "comfort_only",
    )  # fmt: skip


async def test_a_ceiling_that_was_recorded_is_what_the_next_call_is_decided_by(
    house: House,
) -> None:
    await house.post("supervisor", RECORD, {"ceiling": "comfort_only", "anticipatory_line": "icrs"})
    alarm = await house.pressed("18")
    stumble = {"do": "stumble", "answers": {"M": "yes"}, "given_by": "patient"}
    told = await house.post("operator", f"/alarms/{alarm['id']}/events", stumble)

    assert told["alarm"]["disposition"] == "clinician"


async def test_a_death_takes_two_different_people(house: House) -> None:
    first = await house.post("operator", RECORD, {**DECEASED, "text": "her daughter rang"})
    again = await house.post("operator", RECORD, DECEASED)
    same_name = await house.post("supervisor:Operator-1", RECORD, DECEASED)
    asked = await supervisors(house)
    second = await house.post("supervisor", RECORD, DECEASED)

    assert (first["record"]["status"], first["record"]["death_reported_by"]) == (
        "home", "operator-1",
    )  # fmt: skip
    assert first["record"]["death_reported_at"] == "2026-11-02T06:56:00Z"
    assert again["decided"] == same_name["decided"] == []
    assert same_name["record"]["status"] == "home"
    assert [(one["text"], one["person"], one["warning"]) for one in asked] == [
        (REPORTED, str(OP), "death_reported")
    ]
    assert second["record"]["status"] == "deceased"
    assert second["record"]["death_confirmed_by"] == "supervisor-1"
    reason = second["decided"][0]["reasons"][0]
    assert (reason["inputs"]["by"], reason["inputs"]["second"]) == ("operator-1", "supervisor-1")
    assert await supervisors(house) == []
    actors = [actor for actor, about in await audited(house, "nothing") if about == OP]
    assert actors == ["operator:operator-1", "supervisor:supervisor-1"]


async def test_a_report_of_a_death_is_taken_back_by_another_status(house: House) -> None:
    await house.post("operator", RECORD, DECEASED)
    back = await house.post("operator", RECORD, {"status": "home"})
    alone = await house.post("supervisor", RECORD, DECEASED)

    assert back["record"]["death_reported_by"] is None
    assert len(back["decided"]) == 1
    assert (alone["record"]["status"], alone["record"]["death_reported_by"]) == (
        "home", "supervisor-1",
    )  # fmt: skip


async def test_a_death_that_was_none_is_corrected_by_one_person(house: House) -> None:
    for who in ("operator", "supervisor"):
        await house.post(who, RECORD, DECEASED)
    back = await house.post("operator", RECORD, {"status": "home", "text": "wrong Mrs A"})

    names = ("status", "death_reported_by", "death_reported_at", "death_confirmed_by")
    assert [back["record"][name] for name in names] == ["home", None, None, None]


async def test_the_database_itself_refuses_a_death_by_one_person(house: House) -> None:
    for second in (None, "operator-1"):
        answer = "none"
        try:
            await house.sql(
                "update person set status = 'deceased', death_reported_by = 'operator-1',"
                " death_confirmed_by = %(second)s where id = %(id)s", second=second, id=OP,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - its class is what is looked at
            answer = type(error).__name__
        assert answer == "BadData"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "at least one part"),
        ({"text": "only words"}, "at least one part"),
        ({"status": None}, "status cannot be null"),
        ({"conditions": None, "care_home": None}, "conditions and care_home cannot be null"),
        ({"away_until": "2026-11-09T12:00:00Z"}, "needs status away"),
        ({"status": "home", "away_until": "2026-11-09T12:00:00Z"}, "needs status away"),
        ({"status": "away", "away_until": "2026-11-02T06:56:00Z"}, "away_until has passed"),
        ({"status": "dead"}, "status"),
        ({"name": "Another"}, "name"),
        ({"conditions": ["a\x00b"]}, "conditions"),
    ],
)
async def test_what_cannot_be_meant_is_422_and_changes_nothing(
    house: House, body: dict[str, Any], words: str
) -> None:
    answer = await house.call("supervisor", "POST", V1 + RECORD, body)

    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert await house.sql("select id from decision") == []


async def test_a_responder_works_with_persons_of_their_own_service_only(house: House) -> None:
    path = f"/persons/{WC}"
    before = await house.call(ICRS, "GET", V1 + path)
    referral = await house.referred()
    during = await house.get(ICRS, path)
    told = await house.post(ICRS, f"{path}/record", {"anticoagulants": True})
    stranger = await house.call("responder/icrs:second", "GET", f"{V1}/persons/{OP}")
    other = await house.call(ICRS, "POST", V1 + RECORD, {"status": "in_hospital"})
    await house.post(ICRS, f"/referrals/{referral['id']}/outcome", {"outcome": "at home"})
    house.later(days=30)
    last_day = await house.call(ICRS, "GET", V1 + path)
    house.later(seconds=1)
    after = await house.call(ICRS, "GET", V1 + path)

    assert before.status_code == stranger.status_code == other.status_code == 404
    assert during["card"]["name"] == "Fictional WC"
    assert told["record"]["anticoagulants"] is True
    assert (last_day.status_code, after.status_code) == (200, 404)
    assert ("service:icrs:responder-1", WC) in await audited(house, "nothing")


async def test_each_reading_of_a_person_is_audited(house: House) -> None:
    detail = await house.get("operator", f"/persons/{OP}")

    assert detail["card"]["name"] == "Fictional OP"
    assert (detail["warning"], detail["history"]) == (None, [])
    assert await audited(house, "person_read") == [("operator:operator-1", OP)]


async def test_nobody_of_another_organisation_reads_or_changes_a_record(house: House) -> None:
    house.tokens["far"] = await house.sign_in("supervisor:far-1", ELSEWHERE)

    for method, path, body in [
        ("GET", f"/persons/{OP}", None),
        ("POST", RECORD, {"status": "away"}),
        ("POST", "/services/icrs/capacity", {"capacity": 3}),
    ]:
        answer = await house.call("far", method, V1 + path, body)
        assert answer.status_code == 404, path
    assert (await house.get("operator", f"/persons/{OP}"))["record"]["status"] == "home"
    assert (await house.get("far", "/devices/untested"))["devices"] == []
    nobody = await house.call("operator", "POST", f"{V1}/persons/{uuid4()}/record", DECEASED)
    assert nobody.status_code == 404


async def test_a_record_somebody_holds_is_503_and_nothing_is_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "TRIES", 1)
    async with house.session.transaction() as connection:
        await lock_one(connection, OP)
        answer = await house.call("operator", "POST", V1 + RECORD, {"status": "away"})

    assert answer.status_code == 503
    assert (await house.get("operator", f"/persons/{OP}"))["record"]["status"] == "home"


async def test_nothing_is_answered_2xx_when_the_record_was_not_kept(house: House) -> None:
    await house.sql("alter table person add constraint full_up check (status <> 'away')")

    answer = await house.call("operator", "POST", V1 + RECORD, {"status": "away"})

    assert answer.status_code == 422
    assert await house.sql("select id from decision") == []
    assert await house.sql("select id from audit") == []
