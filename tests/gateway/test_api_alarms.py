"""The alarm desk: the worst first, why, and what operators do."""

from typing import Any
from uuid import UUID

from alerts.case import Entry, Reason
from alerts.words import Disposition, TaskKind, What
from gateway.api.words import DISPOSITIONS, SENTENCES, TASKS, refusal, say
from gateway.store.cases import encode
from gateway.store.save import audit_code
from tests.databases import MORNING
from tests.gateway.api_house import V1, WC, House
from tests.store.messages import arrival


async def test_the_worst_alarm_comes_first_and_then_the_oldest(house: House) -> None:
    await house.press("17")
    house.later(seconds=1)
    await house.press("18")
    house.later(seconds=1)
    await house.press("nobody-knows-it")
    house.later(seconds=1)
    await house.press("18", activation="fall")

    listed = await house.get("operator", "/alarms")
    found = [(one["alarm"]["priority"], one["alarm"]["alarm_at"]) for one in listed["alarms"]]

    assert len(found) == 3
    assert found == sorted(found)
    assert listed["alarms"][0]["alarm"]["what"] == "fall"
    kinds = {one["subject_kind"]: one for one in listed["alarms"]}
    assert kinds["unknown_device"]["label"] == "nobody-knows-it"
    assert kinds["unknown_device"]["alarm"]["known"] is False
    assert listed["more"] is False
    first = await house.get("operator", "/alarms", limit=1)
    assert first == {"alarms": listed["alarms"][:1], "more": True}


async def test_a_list_shows_the_states_that_were_asked_for(house: House) -> None:
    alarm = await house.pressed("18")
    await house.post("operator", f"/alarms/{alarm['id']}/events", {"do": "take"})

    taken = await house.get("operator", "/alarms", state="taken")
    left = await house.get("operator", "/alarms", state="open")

    assert [one["alarm"]["id"] for one in taken["alarms"]] == [alarm["id"]]
    assert left["alarms"] == []


async def test_an_alarm_is_explained_step_by_step_with_rule_and_version(house: House) -> None:
    alarm = await house.pressed("17")

    found = await house.get("operator", f"/alarms/{alarm['id']}")

    whats = [one["what"] for one in found["explanation"]]
    assert whats[0] == "alarm_opened"
    assert "referral_made" in whats
    for one in found["explanation"]:
        assert one["reasons"]
        for reason in one["reasons"]:
            assert f"rule {reason['rule']}, version {reason['version']}" in one["says"]
    assert found["explanation_cut"] is False
    assert found["referrals"][0]["provisional"] is True
    assert found["referrals"][0]["alarm"] == alarm["id"]
    assert found["card"]["name"] == "Fictional WC"
    assert found["person"] == str(WC)


async def test_each_reading_of_a_person_is_audited_and_only_some_roles_read_it(
    house: House,
) -> None:
    alarm = await house.pressed("17")
    for who in ("operator", "supervisor", "manager", "auditor"):
        found = await house.get(who, f"/alarms/{alarm['id']}")
        assert (found["card"] is not None) is (who in ("operator", "supervisor"))

    rows = await house.sql("select * from audit where act = 'person_read' order by id")

    assert [one.actor for one in rows] == ["operator:operator-1", "supervisor:supervisor-1"]
    for one in rows:
        assert one.about == UUID(alarm["id"])
        assert one.code == audit_code(
            house.context.desk.audit_key, one.actor, one.act, one.about, one.digest
        )
    assert "Fictional" not in str(rows)


async def test_an_engineer_sees_technical_alarms_only(house: House) -> None:
    alarm = await house.pressed("17")
    await house.send(arrival(b'{"id": "1-9", "status": 5}', channel="up", at=house.now))

    listed = await house.get("engineer", "/alarms")
    assert len((await house.get("operator", "/alarms"))["alarms"]) > len(listed["alarms"])
    hidden = await house.call("engineer", "GET", f"{V1}/alarms/{alarm['id']}")

    assert {one["alarm"]["kind"] for one in listed["alarms"]} == {"technical"}
    assert hidden.status_code == 404


async def test_an_operator_takes_speaks_and_closes_and_each_step_is_kept(house: House) -> None:
    alarm = await house.pressed("18")
    path = f"/alarms/{alarm['id']}/events"

    taken = await house.post("operator", path, {"do": "take"})
    spoke = await house.post("operator", path, {"do": "spoke"})
    closed = await house.post("operator", path, {"do": "close", "reason": "reassured"})

    assert taken["alarm"]["taken_by"] == "operator-1"
    assert taken["alarm"]["state"] == "taken"
    assert spoke["alarm"]["spoke_at"] is not None
    assert closed["alarm"]["state"] == "closed"
    assert closed["alarm"]["close_reason"] == "reassured"
    assert "operator-1 recorded: take" in taken["decided"][-1]["says"]
    after = await house.get("supervisor", f"/alarms/{alarm['id']}")
    assert after["alarm"] == closed["alarm"]
    rows = await house.sql(
        "select distinct actor from audit where act <> 'person_read' and act not like 'GET%%'"
    )
    assert {one.actor for one in rows} == {"gateway", "operator:operator-1"}


async def test_what_the_tables_refuse_is_409_with_words_and_stays_explained(house: House) -> None:
    alarm = await house.pressed("18")
    path = f"{V1}/alarms/{alarm['id']}/events"
    await house.call("operator", "POST", path, {"do": "spoke"})
    await house.call("operator", "POST", path, {"do": "close", "close_reason": "reassured"})

    refused = await house.call("operator", "POST", path, {"do": "take"})

    assert refused.status_code == 409
    problem = refused.json()
    assert "not possible when closed" in problem["detail"]
    assert problem["reason"] == "refused"
    assert problem["what_next"]
    found = await house.get("operator", f"/alarms/{alarm['id']}")
    assert found["explanation"][-1]["what"] == "refused"
    assert "not possible when closed" in found["explanation"][-1]["says"]


async def test_a_silent_alarm_is_closed_by_two_people(house: House) -> None:
    alarm = await house.pressed("18")
    path = f"/alarms/{alarm['id']}/events"
    body = {"do": "close", "close_reason": "accident"}
    await house.post("operator", path, {"do": "no_reply"})

    first = await house.call("operator", "POST", V1 + path, body)
    again = await house.call("operator", "POST", V1 + path, body)
    second = await house.call("supervisor", "POST", V1 + path, body)

    assert [first.status_code, again.status_code, second.status_code] == [409, 409, 200]
    assert first.json()["reason"] == "second_person_must_confirm"
    assert "second person must confirm" in first.json()["detail"]


async def test_script_answers_lead_to_a_999_task_that_a_call_claims(house: House) -> None:
    alarm = await house.pressed("18")
    path = f"/alarms/{alarm['id']}/events"

    stumble = {"do": "stumble", "answers": {"M": "yes"}, "given_by": "patient"}
    told = await house.post("operator", path, stumble)
    tasks = (await house.get("operator", "/tasks"))["tasks"]
    called = await house.post("operator", path, {"do": "call", "to": "999"})

    assert told["alarm"]["disposition"] == "999_task"
    assert any("a 999 call by a person" in one["says"] for one in told["decided"])
    assert [one["kind"] for one in tasks] == ["999"]
    assert called["alarm"]["taken_by"] == "operator-1"
    claimed = (await house.get("operator", "/tasks"))["tasks"]
    assert claimed[0]["claimed_by"] == "operator-1"


async def test_an_act_on_nothing_is_404(house: House) -> None:
    answer = await house.call(
        "operator", "POST", f"{V1}/alarms/{UUID(int=5)}/events", {"do": "take"}
    )

    assert answer.status_code == 404


async def test_nothing_is_answered_2xx_when_it_was_not_kept(house: House) -> None:
    """The commit itself fails here: a deferred constraint of the test's own refuses the row."""
    alarm = await house.pressed("18")
    await house.sql(
        "create function refuse() returns trigger language plpgsql as"
        " 'begin raise serialization_failure; end'"
    )
    await house.sql(
        "create constraint trigger refuse after insert on audit deferrable initially deferred"
        " for each row execute function refuse()"
    )

    answer = await house.call(
        "operator", "POST", f"{V1}/alarms/{alarm['id']}/events", {"do": "take"}
    )

    assert answer.status_code == 503
    await house.sql("drop trigger refuse on audit")
    after = await house.get("operator", f"/alarms/{alarm['id']}")
    assert after["alarm"] == alarm


def entry(what: What, **fields: Any) -> Entry:
    reason = Reason("nobody_has_it", "figure.after_untaken", "1", {})
    return Entry(at=MORNING, what=what, reasons=(reason,), **fields)


def test_every_step_disposition_and_task_has_its_words() -> None:
    assert set(SENTENCES) == set(What)
    assert set(DISPOSITIONS) == set(Disposition)
    assert set(TASKS) == set(TaskKind)
    for what in What:
        for one in (
            entry(what),
            entry(what, due_at=MORNING, service="icrs", provisional=True, text="told"),
            entry(what, task=TaskKind.EQUIPMENT, disposition=Disposition.UCR),
        ):
            says = say(one)
            assert says.endswith("taken the alarm yet (rule figure.after_untaken, version 1).")
            assert "None" not in says
            assert "_" not in says.partition("Why:")[0]


def test_the_last_refusal_counts_and_a_step_that_was_not_refused_is_none() -> None:
    early, late = entry(What.REFUSED, text="early"), entry(What.REFUSED)

    assert refusal((entry(What.NOTHING),)) is None
    assert refusal((early, entry(What.NOTHING))) == ("nobody_has_it", "early")
    assert refusal((early, late)) == ("nobody_has_it", "nobody has it")


def test_a_step_reads_the_same_from_the_store() -> None:
    """What is shown is made from the stored entry: encoding must lose nothing that is said."""
    one = entry(What.REFERRAL_MADE, due_at=MORNING, service="icrs", provisional=True)

    assert b"due_at" in encode(one)
    assert "provisional referral" in say(one)
