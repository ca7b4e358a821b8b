"""Clinicians over HTTP: what they see, what they do, readings entered by hand."""

from typing import Any

import pytest

from gateway import enrol
from gateway.tokens import Role
from tests.databases import ORGANISATION
from tests.gateway.api_house import OP, V1, WC, House
from tests.gateway.test_api_homes import HER, PLACES, dies, lives, move_in
from tests.gateway.ward_house import measured, tick
from tests.store.messages import roll
from tests.store.vitals_house import COPD, GOOD, WARD, admit

EVENTS = f"/persons/{WC}/vitals/events"
READINGS = f"/persons/{WC}/vitals/readings"


async def test_a_red_reading_is_seen_by_person_and_ward_with_its_reasons(ward: House) -> None:
    await measured(ward, **{**GOOD, "spo2_pct": 86})
    ward.later(minutes=3)

    seen = await ward.get("clinician", f"/persons/{WC}/vitals")
    listed = await ward.get("clinician", "/wards/default/alerts")

    assert seen["newest"]["spo2_pct"] == {
        "value": 86, "quality": "ok", "at": "2026-11-02T06:56:00Z", "age_min": 3,
        "source": "device",
    }  # fmt: skip
    assert [(a["level"], a["state"], a["confirmed"]) for a in seen["alerts"]] == [
        ("red", "open", False)
    ]
    assert seen["explanation"][0]["what"] == "alarm_opened"
    assert any(one["rule"].startswith("limit.") for one in seen["explanation"][0]["reasons"])
    assert [a["id"] for a in listed["alerts"]] == [seen["alerts"][0]["id"]]
    assert (seen["is_watched"], seen["problem"]) == (True, None)
    reads = await ward.sql("select actor from audit where act = 'vitals_read'")
    assert [one.actor for one in reads] == ["clinician:clinician-1"]


async def test_an_alert_is_acknowledged_reviewed_and_closed(ward: House) -> None:
    await measured(ward, spo2_pct=86)
    done = await ward.post("clinician", EVENTS, {"do": "acknowledge", "text": "Will ring"})
    assert (done["alert"]["state"], done["alert"]["acknowledged_by"]) == (
        "acknowledged", "clinician-1",
    )  # fmt: skip
    assert done["alert"]["review_by"] == "2026-11-02T10:56:00Z"

    ward.later(hours=1)
    again = await ward.post("clinician", EVENTS, {"do": "review"})
    assert again["alert"]["review_by"] == "2026-11-02T11:56:00Z"
    closed = await ward.post("clinician", EVENTS, {"do": "close", "reason": "Well at the visit"})
    assert closed["alert"] is None
    states = await ward.sql("select state, closed_at from vitals_alert")
    assert [(one.state, one.closed_at) for one in states] == [("closed", ward.now)]
    acts = await ward.sql("select act, clinician from clinician_event order by id")
    assert [(one.act, one.clinician) for one in acts] == [
        ("acknowledge", "clinician-1"), ("review", "clinician-1"), ("close", "clinician-1"),
    ]  # fmt: skip
    audit = await ward.sql("select distinct actor from audit where act = 'alarm_closed'")
    assert [one.actor for one in audit] == ["clinician:clinician-1"]


async def test_a_snooze_is_for_amber_and_for_twelve_hours_at_most(ward: House) -> None:
    await measured(ward, heart_rate_bpm=112)
    body = {"do": "snooze", "parameter": "heart_rate_bpm", "level": "amber"}
    late = await ward.call(
        "clinician", "POST", V1 + EVENTS, {**body, "until": "2026-11-02T18:56:01Z"}
    )
    done = await ward.post("clinician", EVENTS, {**body, "until": "2026-11-02T18:56:00Z"})
    ward.later(minutes=5)
    await measured(ward, spo2_pct=80)
    red = await ward.call(
        "clinician", "POST", V1 + EVENTS,
        {"do": "snooze", "parameter": "spo2_pct", "level": "red"},
    )  # fmt: skip

    assert late.status_code == 409
    assert "expected by 2026-11-02T18:56" in late.json()["detail"]
    finding = next(one for one in done["alert"]["findings"] if one["parameter"] == "heart_rate_bpm")
    assert (finding["snoozed_until"], finding["snoozed_by"]) == (
        "2026-11-02T18:56:00Z", "clinician-1",
    )  # fmt: skip
    assert red.status_code == 409
    assert "is red" in red.json()["detail"]


async def test_a_confirmation_makes_a_referral_that_is_not_provisional(ward: House) -> None:
    await measured(ward, spo2_pct=86)
    await ward.post("clinician", EVENTS, {"do": "confirm", "need": "confusion"})
    await tick(ward)

    referrals = await ward.sql("select state, provisional, record from referral")
    assert len(referrals) == 1
    assert not referrals[0].provisional
    alarms = await ward.sql("select kind, taken_by from alarm")
    assert [(one.kind, one.taken_by) for one in alarms] == [("health", "clinician-1")]


async def test_what_happens_on_the_pathway_is_recorded_and_shown(ward: House) -> None:
    for event in ("rescue_pack_started", "oxygen_flow_changed", "diuretic_changed"):
        await ward.post("clinician", EVENTS, {"do": "record", "event": event, "text": "by phone"})

    seen = await ward.get("clinician", f"/persons/{WC}/vitals")
    assert [one["event"] for one in seen["events"]] == [
        "rescue_pack_started", "oxygen_flow_changed", "diuretic_changed",
    ]  # fmt: skip
    told = await ward.sql("select recipient from outbox")
    assert [one.recipient for one in told] == ["ward"]


async def test_readings_entered_by_hand_say_who_gave_them_and_count_once(ward: House) -> None:
    body = {"source": "carer", "vitals": {"spo2_pct": 86, "consciousness": "A"}}
    key = {"Idempotency-Key": "carer-call-0001"}
    first = await ward.post("operator", READINGS, body, 200, **key)
    ward.later(minutes=1)
    again = await ward.call("operator", "POST", V1 + READINGS, body, headers=key)
    other = await ward.call(
        "operator", "POST", V1 + READINGS, {**body, "vitals": {"spo2_pct": 99}}, headers=key
    )

    assert first["alert"]["level"] == "red"
    assert (again.status_code, again.headers["Idempotent-Replay"]) == (200, "true")
    assert (other.status_code, other.json()["reason"]) == (409, "key_reused")
    stored = await ward.sql("select code, value, word, source from measurement order by code")
    assert [(one.code, one.value, one.word, one.source) for one in stored] == [
        ("consciousness", None, "A", "carer"), ("spo2_pct", 86.0, None, "carer"),
    ]  # fmt: skip
    seen = await ward.get("clinician", f"/persons/{WC}/vitals")
    assert seen["newest"]["spo2_pct"]["source"] == "carer"


async def test_answers_entered_by_staff_fill_their_questionnaire(ward: House) -> None:
    await admit(ward.context.sessions, ward.context.desk.rules, COPD)
    await tick(ward)
    rules = ward.context.desk.rules.vitals
    mine = next(one for one in rules.questionnaires.values() if "copd" in one.pathways)
    answers = {
        question.name: max(question.scores, key=question.scores.__getitem__)
        if question.scores
        else question.highest
        for question in mine.questions
    }
    done = await ward.post("clinician", READINGS, {"source": "clinician", "answers": answers})

    assert done["alert"] is not None
    assert mine.name in [one["parameter"] for one in done["alert"]["findings"]]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (READINGS, {"source": "device", "vitals": {"spo2_pct": 95}}, "a device speaks for itself"),
        (READINGS, {"source": "carer"}, "neither vitals nor answers"),
        (READINGS, {"source": "carer", "vitals": {"mood": 3}}, "vitals.mood: not known"),
        (READINGS, {"source": "carer", "vitals": {"spo2_pct": 140}}, "vitals.spo2_pct"),
        (EVENTS, {"do": "status"}, "stands on their record"),
        (EVENTS, {"do": "snooze"}, "snooze needs parameter and level"),
        (EVENTS, {"do": "record"}, "record needs event"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    ward: House, path: str, body: dict[str, Any], said: str
) -> None:
    answer = await ward.call("clinician", "POST", V1 + path, body)

    assert answer.status_code == 422
    assert said in answer.json()["detail"]


async def test_an_act_without_an_open_alert_is_refused_and_says_so(ward: House) -> None:
    answer = await ward.call("clinician", "POST", V1 + EVENTS, {"do": "acknowledge"})

    assert answer.status_code == 409
    assert "not open for this person" in answer.json()["detail"]


async def test_who_is_no_clinician_acts_on_no_ward_and_an_engineer_reads_nothing(
    ward: House,
) -> None:
    for who in ("operator", "supervisor", "manager"):
        answer = await ward.call(who, "POST", V1 + EVENTS, {"do": "acknowledge"})
        assert answer.status_code == 403
    answer = await ward.call("engineer", "GET", f"{V1}/persons/{WC}/vitals")
    assert answer.status_code == 403


async def test_another_organisations_people_are_nobody(ward: House) -> None:
    from tests.gateway.api_house import ELSEWHERE  # noqa: PLC0415

    token = await ward.token(Role.CLINICIAN, "far-1", organisation=ELSEWHERE)
    head = {"Authorization": f"Bearer {token}"}
    await measured(ward, spo2_pct=86)
    for method, path, body in (
        ("GET", f"{V1}/persons/{WC}/vitals", None),
        ("POST", V1 + EVENTS, {"do": "acknowledge"}),
        ("POST", V1 + READINGS, {"source": "carer", "vitals": {"spo2_pct": 95}}),
    ):
        answer = await ward.call(None, method, path, body, headers=head)
        assert answer.status_code == 404
    listed = await ward.call(None, "GET", f"{V1}/wards/default/alerts", headers=head)
    assert listed.json()["alerts"] == []
    assert str(ORGANISATION) != str(ELSEWHERE)


async def test_a_call_to_the_patient_is_on_the_list_and_is_done_once(ward: House) -> None:
    await measured(ward, spo2_pct=86)
    ward.later(minutes=10)
    await tick(ward)
    tasks = (await ward.get("clinician", "/tasks"))["tasks"]
    assert [one["kind"] for one in tasks] == ["call_patient"]
    path = f"/tasks/{tasks[0]['id']}/done"

    hidden = await ward.call("engineer", "POST", V1 + path, {})
    done = await ward.post("clinician", path, {"text": "Spoke to her, she is well"})
    again = await ward.call("clinician", "POST", V1 + path, {})

    assert hidden.status_code == 404
    assert (done["task"]["state"], done["task"]["text"]) == ("done", "Spoke to her, she is well")
    assert again.status_code == 409
    assert (await ward.get("clinician", "/tasks"))["tasks"] == []
    audit = await ward.sql("select actor from audit where act = 'task_done'")
    assert [one.actor for one in audit] == ["clinician:clinician-1"]


async def test_a_call_to_a_bereaved_home_is_on_the_list_with_the_warning(ward: House) -> None:
    """She has never called: nothing but her readings is known of her here."""
    await move_in(ward, lives("her"), lives("him"))
    await dies(ward)
    await measured(ward, "her", spo2_pct=86)
    ward.later(minutes=10)
    await tick(ward)

    (task,) = (await ward.get("clinician", "/tasks"))["tasks"]
    done = await ward.post("clinician", f"/tasks/{task['id']}/done", {})

    assert (task["person"], task["warning"]) == (str(HER), "bereaved")
    assert done["task"]["warning"] == "bereaved"


async def test_a_discharge_says_who_and_why_and_holds_until_monitoring_begins_anew(
    ward: House,
) -> None:
    persons = {"wards": [WARD], "persons": [lives("her")], "places": PLACES, "devices": []}
    plan = {"person": "her", "ward": "east", "pathway": "covid"}
    rules, sessions = ward.context.desk.rules, ward.context.sessions
    await enrol.enrol(sessions, roll(**persons, monitoring=[plan]), ward.now, rules)
    events = f"/persons/{HER}/vitals/events"
    bare = await ward.call("clinician", "POST", V1 + events, {"do": "discharge"})
    assert bare.status_code == 422

    await ward.post("clinician", events, {"do": "discharge", "reason": "Well for a week"})
    again = await ward.call(
        "clinician", "POST", V1 + events, {"do": "discharge", "reason": "Once more"}
    )
    assert again.status_code == 409
    ended = await ward.sql("select ended_at, ended_by, end_reason from monitoring_plan")
    assert [tuple(one) for one in ended] == [(ward.now, "clinician-1", "Well for a week")]
    begun = ward.now

    ward.later(days=1)
    await enrol.enrol(sessions, roll(**persons, monitoring=[plan]), ward.now, rules)
    await tick(ward)
    seen = await ward.get("clinician", f"/persons/{HER}/vitals")
    assert seen["ended_at"] == begun.isoformat().replace("+00:00", "Z")

    anew = {**plan, "started_at": ward.now.isoformat()}
    await enrol.enrol(sessions, roll(**persons, monitoring=[anew]), ward.now, rules)
    await tick(ward)
    assert (await ward.get("clinician", f"/persons/{HER}/vitals"))["ended_at"] is None


async def test_with_the_vitals_half_off_acts_say_so(house: House) -> None:
    answer = await house.call("clinician", "POST", V1 + EVENTS, {"do": "acknowledge"})
    seen = await house.get("clinician", f"/persons/{OP}/vitals")

    assert (answer.status_code, answer.json()["reason"]) == (409, "vitals_off")
    assert seen["is_watched"] is False
