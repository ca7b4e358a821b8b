"""A BaRS-shaped message has every element, is FHIR R4 in shape, and is the same when repeated."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.referral.bars import build
from alerts.referral.bars_case import (
    BarsCase,
    Change,
    Contact,
    Flow,
    PersonCard,
    Receiver,
    Sender,
    correlation_id,
    request_id,
)
from alerts.referral.bars_words import narrative
from alerts.referral.nhs_number import is_nhs_number
from tests.alerts.bars_rules import check, one, resources

T0 = datetime(2026, 7, 2, 6, 56, tzinfo=UTC)
WC = PersonCard(
    id="5eed0000-0000-4000-8000-00000000000a",
    name="Fictional Wanda Crane",
    born=date(1951, 5, 1),
    nhs_number="9476719931",
    address="1 Invented Row, Leicester",
    postcode="LE1 1AA",
    phone_home="0116 496 0001",
    phone_mobile="07700 900001",
    contacts=(Contact(name="Fictional Sam", relationship="son"), Contact(phone="07700 900002")),
    ceiling="not for hospital",
    language="Gujarati",
    uprn="100000000000",
    surgery="C82001",
)
CASE = BarsCase(
    referral="5eed0000-0000-5000-8000-000000000001",
    flow=Flow.VALIDATION,
    change=Change.NEW,
    number=1,
    use_case="a4t3",
    person=WC,
    receiver=Receiver("Invented crisis service", "2000099999", "ZZ001"),
    sender=Sender("Invented ARC", "2000011111", "ZZ999", "0116 496 0000", "lifeline", "0.1.0"),
    at=T0 + timedelta(seconds=1),
    sent_at=T0 + timedelta(seconds=1),
    started_at=T0,
    breach_at=T0 + timedelta(minutes=3),
    alarm="5eed0000-0000-5000-8000-000000000002",
    provisional=True,
    what="pendant",
)


def contents(case: BarsCase = CASE, **changes: Any) -> dict[str, Any]:
    """Build, and check rules and shape."""
    case = replace(case, **changes)
    bundle = build(case)
    check(bundle, case.flow.value)
    Bundle.model_validate(bundle)
    return bundle


def person(**changes: Any) -> dict[str, Any]:
    return contents(person=replace(WC, **changes))


people = st.builds(
    PersonCard,
    id=st.uuids().map(str),
    name=st.sampled_from(["", "One", "Fictional Two Names"]),
    born=st.none() | st.dates(),
    nhs_number=st.none() | st.sampled_from(["9476719931", "4857773456", "12", "x" * 10]),
    address=st.sampled_from(["", "  ", "1 Row", "1 Row, , Town"]),
    postcode=st.none() | st.just("LE1 1AA"),
    phone_home=st.none() | st.just("0116 496 0001"),
    phone_mobile=st.none() | st.just("07700 900001"),
    contacts=st.lists(
        st.builds(Contact, name=st.sampled_from(["", "A B"]), phone=st.sampled_from(["", "1"])),
        max_size=25,
    ).map(tuple),
    ceiling=st.sampled_from(["", "comfort only"]),
    language=st.none() | st.just("Polish"),
    uprn=st.none() | st.just("1"),
    surgery=st.none() | st.just("C82001"),
    bereaved=st.booleans(),
)
moments = st.none() | st.integers(-600, 600).map(lambda s: T0 + timedelta(seconds=s))


@settings(deadline=None)  # the library checks slowly, the first time most
@given(
    who=people,
    flow=st.sampled_from(Flow),
    change=st.sampled_from(Change),
    breach_at=moments,
    on_floor_since=moments,
    task_999_at=moments,
    spoken_to=st.booleans(),
    provisional=st.booleans(),
    need=st.none() | st.just("reduced_function"),
)
def test_every_message_keeps_the_rules_and_is_fhir(
    who: PersonCard, change: Change, **fields: Any
) -> None:
    receivers_id = None if change is Change.NEW else "r-1"
    contents(person=who, change=change, receivers_id=receivers_id, **fields)


def test_a_retry_says_the_same_under_the_same_request_id() -> None:
    first, again = str(build(CASE)).encode(), str(build(CASE)).encode()

    assert request_id(first) == request_id(again)
    assert request_id(first) != request_id(first + b" ")


def test_messages_of_one_case_share_encounter_and_correlation_but_not_their_id() -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"change": Change.UPDATE, "number": 2},
        {"change": Change.UPDATE, "number": 3},
        {"change": Change.REVOKED, "number": 4},
        {"change": Change.ENTERED_IN_ERROR, "number": 4},
    ]
    bundles = [contents(**one) for one in changes]

    assert len({bundle["id"] for bundle in bundles}) == 5
    assert len({one(bundle, "Encounter")["id"] for bundle in bundles}) == 1
    assert correlation_id("a") != correlation_id("b")


def test_the_period_ends_when_we_act_ourselves() -> None:
    request = one(contents(), "ServiceRequest")

    assert request["occurrencePeriod"]["end"] == "2026-07-02T06:59:00+00:00"
    assert "id" not in request


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        (Change.UPDATE, "active", "update"),
        (Change.REVOKED, "revoked", "update"),
        (Change.ENTERED_IN_ERROR, "entered-in-error", "update"),
    ],
)
def test_a_change_names_the_receivers_referral(change: Change, status: str, reason: str) -> None:
    bundle = contents(change=change, receivers_id="r-1", at=T0 + timedelta(seconds=60))
    request = one(bundle, "ServiceRequest")

    assert (request["id"], request["status"]) == ("r-1", status)
    assert one(bundle, "MessageHeader")["reason"]["coding"][0]["code"] == reason
    changed = {
        entry["resource"]["resourceType"]
        for entry in bundle["entry"]
        if entry["resource"]["meta"]["lastUpdated"].startswith("2026-07-02T06:57:00")
    }
    assert changed == {"MessageHeader", "ServiceRequest", "CarePlan"}


def test_a_bereaved_home_is_flagged_and_no_other_is() -> None:
    for bereaved in (True, False):
        flags = resources(person(bereaved=bereaved), "Flag")
        codes = [coded["code"] for flag in flags for coded in flag["code"]["coding"]]
        assert ("bereaved" in codes) is bereaved


def test_a_number_that_fails_its_check_is_kept_apart_and_flagged() -> None:
    bundle = person(nhs_number="4857773456")
    systems = {i["system"]: i["value"] for i in one(bundle, "Patient")["identifier"]}
    flags = [flag["code"]["coding"][0].get("display", "") for flag in resources(bundle, "Flag")]

    assert systems["urn:lifeline-gateway:nhs-number-failing-its-check"] == "4857773456"
    assert "https://fhir.nhs.uk/Id/nhs-number" not in systems
    assert any("fails its check digit" in words for words in flags)


def test_a_person_without_number_or_name_is_referred() -> None:
    patient = one(person(nhs_number=None, name=""), "Patient")

    assert [i["system"] for i in patient["identifier"]] == ["urn:lifeline-gateway:person"]
    assert patient["name"] == [{"use": "official", "text": "Not known"}]


def test_nothing_says_that_the_number_was_verified() -> None:
    assert "number-present-and-verified" not in str(contents())


def test_whoever_can_be_rung_comes_first() -> None:
    without = person(phone_home=None, phone_mobile=None)
    nobody = person(phone_home=None, phone_mobile=None, contacts=(Contact(name="Fictional Sam"),))
    first = one(without, "Patient")["contact"][0]
    centre = one(nobody, "Patient")["contact"][0]

    assert first["telecom"][0]["value"] == "07700 900002"
    assert centre["telecom"][0]["value"] == "0116 496 0000"
    assert one(contents(), "Patient")["contact"][0]["relationship"][0]["coding"][0]["code"] == (
        "ONESELF"
    )


def test_who_asks_is_the_operator_or_nobody_yet() -> None:
    nobody, operator = contents(), contents(requester="op1")

    assert one(nobody, "Practitioner")["identifier"][0]["value"] == "automatic"
    assert one(operator, "Practitioner")["identifier"][0]["value"] == "op1"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ("Lifeline alarm (pendant) at 07:56:00 on 02 Jul 2026 (BST). "
             "PROVISIONAL: nobody has spoken to this person yet. Asked for: two-hour response. "
             "Without an answer by 07:59:00 on 02 Jul 2026 (BST) the lifeline centre acts by "
             "itself.")),
        ({"spoken_to": True}, "PROVISIONAL: no operator has confirmed it yet."),
        ({"provisional": False, "spoken_to": True}, "Spoken to."),
        ({"provisional": False}, "Nobody has spoken to this person yet."),
        ({"on_floor_since": T0}, "On the floor since 07:56:00"),
        ({"task_999_at": T0}, "A 999 call was asked of an operator at 07:56:00"),
        ({"need": "urgent_catheter_care"}, "Need: urgent catheter care."),
        ({"breach_at": None, "standard": "two_day"}, "Asked for: two-day response."),
        ({"what": None}, "Lifeline alarm (call for help)"),
        ({"change": Change.UPDATE, "changed": "confirmed"}, "An operator has confirmed this"),
        ({"change": Change.UPDATE, "changed": "new_thing"}, "Changed: new thing."),
        ({"change": Change.UPDATE}, "Changed: details."),
        ({"change": Change.REVOKED}, "WITHDRAWN at 07:56:01"),
        ({"change": Change.REVOKED}, "Please send nobody for this referral."),
    ],
)  # fmt: skip
def test_the_narrative_says_what_the_team_must_know(changes: dict[str, Any], words: str) -> None:
    assert words in narrative(replace(CASE, **changes))


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("9476719931", True),
        ("9449305552", True),
        ("9990548609", True),
        ("9000000009", True),
        ("3478526985", False),
        ("4857773456", False),
        ("947671993", False),
        ("947671993x", False),
        ("٩٤٧٦٧١٩٩٣١", False),
    ],
)
def test_the_check_digit_of_an_nhs_number(number: str, good: bool) -> None:  # noqa: FBT001
    assert is_nhs_number(number) is good
