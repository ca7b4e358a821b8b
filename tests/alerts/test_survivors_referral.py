"""Edges of referrals, their messages and their figures that a small slip could move unnoticed."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from alerts.referral.extract import csds_records
from alerts.referral.extract_codes import Coder
from alerts.referral.extract_quality import findings
from alerts.referral.extract_raw import Raw, onward
from alerts.referral.kpi_answering import Answering
from alerts.rule_rows import CodeList
from alerts.words import (
    AlarmKind,
    AlarmState,
    Disposition,
    Mechanism,
    ReferralState,
    Source,
    TaskKind,
    TaskState,
    What,
)
from tests.alerts.bars_rules import one, resources
from tests.alerts.extract_house import asked, finished, pressed, visited
from tests.alerts.houses import AT_ONCE, BY_OPERATOR, HUB, ICRS, T0, House, facts, person, rules
from tests.alerts.test_bars_message import contents
from tests.alerts.test_bars_message import person as message_about
from tests.alerts.test_kpi import answering, call, figures, with_referral

# -- what a service does -----------------------------------------------------------------------


def test_a_contact_about_a_referral_that_was_withdrawn_is_refused() -> None:
    house = pressed()
    house.operator(200, "withdraw", reason="pressed by accident")
    house.service(300, "contact", mechanism=Mechanism.TELEPHONE)

    assert house.whats()[-1] is What.REFUSED
    assert house.referral.contacts == 0


def test_a_ring_back_about_the_gps_referral_does_not_end_the_wait_for_the_alarms() -> None:
    house = House(facts(person(plan=BY_OPERATOR), (ICRS, HUB)))
    house.service(0, "receive", referral="gp-1", source=Source.GP)
    house.service(5, "accept", referral="gp-1")
    house.hear(10)
    house.operator(20, "decide", disposition=Disposition.CLINICIAN)
    house.service(30, "ring_back", referral="gp-1")

    assert house.task(TaskKind.RING_BACK).state is TaskState.OPEN


def test_a_visit_entered_after_the_end_is_counted_and_is_no_voice_on_the_alarm() -> None:
    house = finished()
    before = house.alarm
    house.service(9000, "face_to_face", by="nurse-7")

    assert house.referral.contacts == 2
    assert house.referral.state is ReferralState.CLOSED
    assert house.case.alarms[0].marks == before.marks


def test_a_second_referral_of_an_alarm_to_the_same_service_is_another_one() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    house.operator(10, "withdraw", reason="the daughter is there")
    house.operator(20, "spoke")
    house.operator(30, "decide", disposition=Disposition.UCR, need="frailty")

    first, second = house.case.referrals
    assert first.id != second.id
    assert (first.state, second.state) == (ReferralState.WITHDRAWN, ReferralState.SENT)


def test_999_for_a_referral_is_a_task_of_its_own_alarm_and_not_of_another_open_one() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0, "flood")
    flood = house.alarm
    assert flood.kind is AlarmKind.LIFE_SAFETY
    house.operator(10, "decide", disposition=Disposition.UCR, need="frailty")
    house.hear(20)
    house.service(30, "accept", disposition=Disposition.EMERGENCY_999)

    assert [task.alarm for task in house.case.tasks if task.kind is TaskKind.EMERGENCY_999][-1] == (
        flood.id
    )


@pytest.mark.parametrize(
    ("delivery", "told_by"), [("phone", "phone"), ("desk", "desk"), ("bars", "desk")]
)
def test_only_a_message_that_would_name_the_client_goes_another_way(
    delivery: str, told_by: str
) -> None:
    house = House(facts(person(plan=BY_OPERATOR), (replace(ICRS, delivery=delivery),)))
    house.hear(0)
    house.operator(5, "answer", question="who_needs_help", answer="spouse", given_by="carer")
    house.operator(10, "decide", disposition=Disposition.UCR, need="frailty")
    (request,) = [one for one in house.last.outgoing if one.what == "referral_request"]

    assert request.body["helped"] == "spouse"
    assert request.body["delivery"] == told_by


# -- what the message says ---------------------------------------------------------------------


def test_a_person_without_a_surgery_brings_no_organisation_for_one() -> None:
    names = [each["name"] for each in resources(message_about(surgery=None), "Organization")]

    assert names == ["Invented ARC", "Invented crisis service"]


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"ceiling": "not for hospital"}, "ceiling", "Ceiling of treatment: not for hospital"),
        ({"ceiling": ""}, "ceiling", None),
        ({"language": "Gujarati"}, "language", "Language: Gujarati"),
        ({"language": None}, "language", None),
    ],
)
def test_a_flag_says_what_is_on_record_and_nothing_else(
    changes: dict[str, Any], code: str, said: str | None
) -> None:
    bundle = message_about(**changes)
    coded = [each["code"]["coding"][0] for each in resources(bundle, "Flag")]

    assert [each["display"] for each in coded if each["code"] == code] == ([said] if said else [])
    spoken = one(bundle, "Patient").get("communication")
    if code == "language":
        assert spoken == ([{"language": {"text": "Gujarati"}}] if said else None)


@pytest.mark.parametrize(
    ("line", "postcode", "found"),
    [
        ("1 Row, Town", "LE1 1AA", {
            "text": "1 Row, Town, LE1 1AA", "line": ["1 Row", "Town"], "postalCode": "LE1 1AA"}),
        ("", "LE1 1AA", {"text": "LE1 1AA", "line": ["LE1 1AA"], "postalCode": "LE1 1AA"}),
        ("1 Row", None, {"text": "1 Row", "line": ["1 Row"]}),
        ("", None, None),
    ],
)  # fmt: skip
def test_an_address_is_as_much_as_is_known(
    line: str, postcode: str | None, found: dict[str, Any] | None
) -> None:
    bundle = message_about(address=line, postcode=postcode)
    wanted = None if found is None else [{"use": "home", "type": "both", **found}]
    nowhere = "Address not recorded: ring the lifeline centre"

    assert one(bundle, "Patient").get("address") == wanted
    assert one(bundle, "Location")["address"] == {
        **(found or {"text": nowhere, "line": [nowhere]}), "country": "UK",
    }  # fmt: skip


def test_a_contact_is_shown_by_name_where_one_is_known() -> None:
    shown = one(contents(), "Patient")["contact"]

    assert [each.get("name", {}).get("text") for each in shown] == [
        None, "Name not recorded", "Fictional Sam",
    ]  # fmt: skip


def test_the_first_message_tells_of_no_change() -> None:
    (plan,) = resources(contents(), "CarePlan")

    assert "Changed" not in plan["activity"][0]["outcomeCodeableConcept"][0]["text"]


# -- the month ---------------------------------------------------------------------------------


def test_withdrawn_before_and_after_a_person_confirmed_are_two_figures() -> None:
    early = [pressed(), pressed()]
    for house in early:
        house.operator(200, "withdraw", reason="accident")
    late = pressed()
    late.operator(140, "confirm")
    late.operator(200, "withdraw", reason="a relative has come")
    confirmed = pressed()
    confirmed.operator(140, "confirm")
    found = figures(*(house.raw() for house in (*early, late, confirmed)), pressed().raw())

    assert found["withdrawn_provisional"][0] == 2
    assert found["withdrawn_confirmed"][0] == 1
    assert found["never_confirmed"][0] == 1
    assert found["referrals"][0] == 2


def test_a_call_is_abandoned_when_it_ended_before_anybody_took_it() -> None:
    found = answering(
        call(1), call(2), call(3, taken_at=5), call(4, state=AlarmState.OPEN),
        call(5, state=AlarmState.TAKEN, taken_at=5),
    )  # fmt: skip

    assert found[Answering.ABANDONED] == (2, 5)


def coded(raw: Raw, which: CodeList) -> dict[str, Any]:
    """Make the record with a code for every word of a list: the word, with a mark."""
    codes = {
        key: msgspec.structs.replace(row, code=f"{row.word}!") if key[0] is which else row
        for key, row in rules().codes.items()
    }
    known = msgspec.structs.replace(rules(), codes=codes)
    (record,) = csds_records((raw,), msgspec.structs.replace(asked(), rules=known), Coder(known))
    return record


def test_whether_an_nhs_number_is_held_is_said_as_it_is() -> None:
    raw = visited().raw()
    assert raw.patient is not None
    without = msgspec.structs.replace(raw.patient, nhs_number=None)

    for patient, word in ((raw.patient, "present!"), (without, "absent!")):
        record = coded(msgspec.structs.replace(raw, patient=patient), CodeList.NHS_NUMBER_STATUS)
        assert record["CYP001"]["NHSNumberStatus"] == word


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [("remains_at_home", "home!"), ("conveyed", "conveyed!"), ("was seen", "not_coded!")],
)
def test_a_closure_is_coded_by_how_it_ended(outcome: str, reason: str) -> None:
    assert coded(finished(outcome).raw(), CodeList.CLOSURE)["CYP102"]["ClosureReason"] == reason


def test_a_telephone_task_for_a_breach_is_nothing_the_service_left_behind() -> None:
    house = pressed()
    house.due(1200)
    assert house.task(TaskKind.PHONE_REFERRAL)
    house.service(1300, "accept", tasks=("therapy",))

    assert [each.kind for each in onward(house.raw())] == ["therapy"]


def found_of(raw: Raw) -> list[tuple[str, str, str]]:
    return [(f.item, f.problem.value, f.found) for f in findings((raw,), asked(), Coder(rules()))]


def test_a_need_that_nobody_named_is_missing_and_not_free_text() -> None:
    problems = [
        problem for item, problem, _ in found_of(finished().raw()) if item.endswith("Reason")
    ]

    assert "missing" in problems
    named = with_referral(finished().raw(), need="something else")
    assert ("CYP101.PrimaryReason", "implausible", "the need is free text") in found_of(named)


def test_a_referral_that_nobody_has_visited_yet_is_looked_at_too() -> None:
    house = pressed()
    house.service(150, "accept", by="nurse-7")

    assert not [item for item, _, _ in found_of(house.raw()) if item == "CYP104.RTT_EndDate"]


def test_how_far_two_times_are_apart_is_said_in_whole_minutes() -> None:
    raw = finished().raw()
    closed_at = raw.referral.first_face_to_face_at
    assert closed_at is not None
    early = with_referral(raw, closed_at=closed_at - timedelta(minutes=61), received_at=T0)

    assert any(found.endswith("by 61 min") for _, _, found in found_of(early))
