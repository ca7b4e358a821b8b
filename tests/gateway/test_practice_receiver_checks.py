"""What the practice receiver holds a sender to: each rule has a message that breaks it."""

from typing import Any

import msgspec
import pytest

from gateway.practice_receiver.elements import check_elements
from gateway.practice_receiver.outcomes import Problem, status_of
from gateway.practice_receiver.structure import read_message
from tests.gateway.practice_house import (
    SERVICE,
    Change,
    Json,
    coded,
    fhir,
    link,
    part,
    referral,
    withdrawal,
)

TARGET = f"{SERVICE}|2000000001"


def problems_of(message: Json) -> list[Problem]:
    read, found = read_message(msgspec.json.encode(message))
    if read is None or found.problems:
        return found.problems
    return check_elements(read, TARGET)


def without(kind: str, *path: str) -> Change:
    def change(message: Json) -> None:
        if not path:
            message["entry"] = [
                one for one in message["entry"] if one["resource"]["resourceType"] != kind
            ]
            return
        node: Any = part(message, kind)
        for name in path[:-1]:
            node = node[name][0] if isinstance(node[name], list) else node[name]
        del node[path[-1]]

    return change


def with_(kind: str, **content: Any) -> Change:
    return lambda message: part(message, kind).update(content)


def twice(kind: str) -> Change:
    def change(message: Json) -> None:
        copied = dict(part(message, kind))
        message["entry"].append({"fullUrl": link("another")["reference"], "resource": copied})

    return change


@pytest.mark.parametrize("category", ["validation", "referral"])
@pytest.mark.parametrize("reason", ["new", "update"])
def test_a_good_referral_has_no_problem_and_is_fhir(category: str, reason: str) -> None:
    message = referral(category, reason=reason)
    fhir(message)

    assert problems_of(message) == []


@pytest.mark.parametrize(
    ("status", "reason"),
    [("revoked", "update"), ("entered-in-error", "update"), ("entered-in-error", "delete")],
)
def test_a_withdrawal_is_short(status: str, reason: str) -> None:
    message = withdrawal(status, reason)
    fhir(message)

    assert problems_of(message) == []


def test_a_person_without_an_nhs_number_is_accepted() -> None:
    message = referral()
    del part(message, "Patient")["identifier"][0]

    assert problems_of(message) == []


def second_first_contact(message: Json) -> None:
    contact = part(message, "Patient")["contact"]
    contact.append(contact[0])


def header_last(message: Json) -> None:
    message["entry"].append(message["entry"].pop(0))


def same_url_twice(message: Json) -> None:
    message["entry"][3]["fullUrl"] = message["entry"][2]["fullUrl"]


def early_breach(message: Json) -> None:
    period = part(message, "ServiceRequest")["occurrencePeriod"]
    period["end"] = period["start"]


def unranked(message: Json) -> None:
    del part(message, "Patient")["contact"][1]["extension"]


def no_use_case(message: Json) -> None:
    del part(message, "ServiceRequest")["category"][0]["coding"][1]


def software_without_version(message: Json) -> None:
    del part(message, "MessageHeader")["extension"][0]["extension"][1]


def wrong_check_digit(message: Json) -> None:
    part(message, "Patient")["identifier"][0]["value"] = "9990548608"


def other_flag(message: Json) -> None:
    part(message, "Flag")["category"] = [{"coding": [coded("flag-categories-bars", "SG")]}]


STRUCTURE: list[tuple[Change, str]] = [
    (lambda m: m.update(resourceType="List"), "Bundle"),
    (lambda m: m.update(type="transaction"), "Bundle.type"),
    (lambda m: m.pop("id"), "Bundle.id"),
    (lambda m: m.update(id="17"), "Bundle.id"),
    (lambda m: m.update(entry=[]), "Bundle.entry"),
    (lambda m: m.update(entry="none"), "Bundle.entry"),
    (lambda m: m["entry"][2].update(fullUrl="Encounter/1"), "Bundle.entry[2].fullUrl"),
    (lambda m: m["entry"][2].update(resource=[]), "Bundle.entry[2].resource"),
    (same_url_twice, "Bundle.entry[3].fullUrl"),
    (header_last, "Bundle.entry[0]"),
    (without("MessageHeader"), "Bundle.entry[0]"),
    (without("MessageHeader", "eventCoding"), "MessageHeader.eventCoding"),
    (with_("Encounter", subject=link("nobody")), "Encounter"),
]
ELEMENTS: list[tuple[Change, str]] = [
    (lambda m: m.pop("meta"), "Bundle.meta.profile"),
    (lambda m: m["meta"].pop("profile"), "Bundle.meta.profile"),
    (without("Location", "meta"), "Location.meta.lastUpdated"),
    (with_("Patient", id="1"), "Patient.id"),
    (
        with_("MessageHeader", eventCoding=coded("message-events-bars", "booking-request")),
        "MessageHeader.eventCoding",
    ),
    (
        with_("MessageHeader", eventCoding={"code": "servicerequest-request"}),
        "MessageHeader.eventCoding.system",
    ),
    (
        without("MessageHeader", "extension"),
        "MessageHeader.extension(CDSSExtension).RequesterCDSSsoftware",
    ),
    (software_without_version, "MessageHeader.extension(CDSSExtension).RequesterCDSSversion"),
    (without("MessageHeader", "destination", "endpoint"), "MessageHeader.destination.endpoint"),
    (without("MessageHeader", "source", "endpoint"), "MessageHeader.source.endpoint"),
    (with_("MessageHeader", source={"endpoint": SERVICE}), "MessageHeader.source.endpoint"),
    (without("MessageHeader", "destination", "receiver"), "MessageHeader.destination.receiver"),
    (without("MessageHeader", "sender"), "MessageHeader.sender"),
    (with_("MessageHeader", sender=link("operator")), "MessageHeader.sender"),
    (without("MessageHeader", "focus"), "MessageHeader.focus"),
    (without("MessageHeader", "reason"), "MessageHeader.reason"),
    (without("MessageHeader", "definition"), "MessageHeader.definition"),
    (with_("MessageHeader", definition="http://a.example"), "MessageHeader.definition"),
    (with_("ServiceRequest", status="completed"), "ServiceRequest.status"),
    (with_("ServiceRequest", intent="order"), "ServiceRequest.intent"),
    (without("ServiceRequest", "category"), "ServiceRequest.category"),
    (no_use_case, "ServiceRequest.category"),
    (without("ServiceRequest", "basedOn"), "ServiceRequest.basedOn"),
    (without("ServiceRequest", "subject"), "ServiceRequest.subject"),
    (without("ServiceRequest", "encounter"), "ServiceRequest.encounter"),
    (without("ServiceRequest", "requester"), "ServiceRequest.requester"),
    (with_("ServiceRequest", requester=link("centre")), "ServiceRequest.requester"),
    (without("ServiceRequest", "performer"), "ServiceRequest.performer"),
    (without("ServiceRequest", "locationReference"), "ServiceRequest.locationReference"),
    (without("ServiceRequest", "authoredOn"), "ServiceRequest.authoredOn"),
    (
        without("ServiceRequest", "occurrencePeriod", "start"),
        "ServiceRequest.occurrencePeriod.start",
    ),
    (without("ServiceRequest", "occurrencePeriod", "end"), "ServiceRequest.occurrencePeriod.end"),
    (early_breach, "ServiceRequest.occurrencePeriod"),
    (with_("ServiceRequest", reasonCode=[{"text": "why"}]), "ServiceRequest.reasonCode"),
    (with_("Encounter", status="finished"), "Encounter.status"),
    (without("Encounter", "class"), "Encounter.class"),
    (without("Encounter", "identifier"), "Encounter.identifier"),
    (without("Encounter", "episodeOfCare"), "Encounter.episodeOfCare"),
    (without("Encounter", "period"), "Encounter.period.start"),
    (with_("CarePlan", status="completed"), "CarePlan.status"),
    (without("CarePlan", "period"), "CarePlan.period.start"),
    (without("CarePlan", "activity"), "CarePlan.activity.outcomeCodeableConcept"),
    (without("Patient", "identifier"), "Patient.identifier"),
    (
        without("Patient", "identifier", "extension"),
        "Patient.identifier(nhs-number).extension",
    ),
    (wrong_check_digit, "Patient.identifier(nhs-number).value"),
    (without("Patient", "contact"), "Patient.contact"),
    (second_first_contact, "Patient.contact"),
    (unranked, "Patient.contact.extension"),
    (without("Patient", "contact", "telecom"), "Patient.contact.telecom"),
    (with_("Patient", generalPractitioner=[link("operator")]), "Patient.generalPractitioner"),
    (without("Location", "address"), "Location"),
    (with_("Flag", subject=link("person")), "Flag.subject"),
    (other_flag, "Flag.subject"),
    (without("Flag", "category"), "Flag.category"),
    (without("Consent", "category"), "Consent.category"),
    (without("Consent", "policyRule"), "Consent.policyRule"),
    (without("PractitionerRole", "practitioner"), "PractitionerRole.practitioner"),
    (without("PractitionerRole"), "PractitionerRole"),
    (without("Consent"), "Consent"),
    (twice("Patient"), "Patient"),
    (twice("Encounter"), "Encounter"),
]


@pytest.mark.parametrize(("change", "where"), STRUCTURE)
def test_what_is_no_fhir_message_is_answered_400(change: Change, where: str) -> None:
    message = referral()
    change(message)
    found = problems_of(message)

    assert where in [one.where for one in found]
    assert status_of(found) == 400


@pytest.mark.parametrize(("change", "where"), ELEMENTS)
def test_what_breaks_a_rule_of_an_element_is_answered_422(change: Change, where: str) -> None:
    message = referral()
    change(message)
    found = problems_of(message)

    assert where in [one.where for one in found]
    assert status_of(found) == 422


@pytest.mark.parametrize(
    "kind", ["CarePlan", "Location", "HealthcareService", "Encounter", "Practitioner"]
)
def test_a_reference_to_what_is_not_in_the_message_is_answered_400(kind: str) -> None:
    message = referral()
    without(kind)(message)

    assert status_of(problems_of(message)) == 400


def test_a_message_for_another_service_than_the_header_says_is_answered_400() -> None:
    read, _found = read_message(msgspec.json.encode(referral()))
    assert read is not None
    found = check_elements(read, f"{SERVICE}|2000000009")

    assert [one.where for one in found] == ["MessageHeader.destination.endpoint"]
    assert status_of(found) == 400


@pytest.mark.parametrize("reason", ["new", ""])
def test_a_withdrawal_is_an_update(reason: str) -> None:
    message = withdrawal("revoked", reason)

    assert "MessageHeader.reason" in [one.where for one in problems_of(message)]


def test_no_value_of_a_person_stands_in_a_problem() -> None:
    message = referral()
    wrong_check_digit(message)
    part(message, "Patient")["name"] = "Ada Fictional"
    told = " ".join(one.text for one in problems_of(message))

    assert "9990548608" not in told
    assert "Ada" not in told
