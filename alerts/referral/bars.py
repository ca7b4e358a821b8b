"""Building a BaRS-shaped message: a referral as a FHIR R4 message Bundle, as plain dicts.

    MessageHeader -> focus    ServiceRequest -> basedOn CarePlan, subject Patient, encounter,
                  -> sender                     requester Practitioner, performer service,
                  -> receiver                   locationReference

The same case gives the same bytes, so that a retry repeats itself. Ids: we name the Bundle and our
Encounter; everything else is named by the receiver, and linked by `urn:uuid:` (CLINICAL 3.5, 3.6).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from alerts.referral import bars_codes as codes
from alerts.referral import bars_people as people
from alerts.referral.bars_case import BarsCase, Change, Flow
from alerts.referral.bars_codes import Json, coding, concept, ref
from alerts.referral.bars_words import narrative, plain
from alerts.referral.nhs_number import is_nhs_number

SHORTEST = timedelta(seconds=1)
CHANGED = frozenset({"header", "request", "plan"})
"""Entries that an update changes; the others keep the time they were made at."""


def build(case: BarsCase) -> Json:
    """Make the message Bundle of a case."""
    entries = [
        {"fullUrl": case.urn(name), "resource": _stamped(case, name, resource)}
        for name, resource in _resources(case)
    ]
    return {
        "resourceType": "Bundle",
        "id": case.bundle_id,
        "meta": {
            "lastUpdated": case.at.isoformat(timespec="milliseconds"),
            "profile": [f"{codes.PROFILES}/BARSBundleMessage"],
        },
        "type": "message",
        "timestamp": case.at.isoformat(timespec="seconds"),
        "entry": entries,
    }


def _resources(case: BarsCase) -> Iterator[tuple[str, Json]]:
    yield "header", _header(case)
    yield "request", _request(case)
    yield "service", _service(case)
    yield "encounter", _encounter(case)
    yield "plan", _plan(case)
    yield "patient", people.patient(case)
    yield "sender", people.organisation(case.sender.ods, case.sender.name)
    yield "receiver", people.organisation(case.receiver.ods, case.receiver.name)
    if case.person.surgery:
        yield "surgery", people.organisation(case.person.surgery, "GP practice")
    yield "practitioner", people.practitioner(case)
    yield "role", people.practitioner_role(case)
    yield "location", people.location(case)
    if case.on_floor_since is not None:
        yield "floor", _on_floor(case)
    yield "scene", _scene(case)
    for name, category, code, words in _flags(case):
        yield f"flag-{name}", _flag(case, category, concept(codes.FLAG_CODES, code, words))
    yield "consent", _consent(case)


PROFILES = {
    "MessageHeader": f"{codes.PROFILES}/BARSMessageHeader-servicerequest-request",
    "HealthcareService": f"{codes.UK_CORE}/UKCore-HealthcareService",
    "Flag": f"{codes.HL7_PROFILES}/Flag",
}


def _stamped(case: BarsCase, name: str, resource: Json) -> Json:
    kind = resource["resourceType"]
    profile = PROFILES.get(kind, f"{codes.UK_CORE}/UKCore-{kind}")
    if kind == "ServiceRequest":
        profile = f"{codes.PROFILES}/BARSServiceRequest-request-{case.flow}"
    at = case.at if name in CHANGED else case.sent_at
    meta = {"lastUpdated": at.isoformat(timespec="milliseconds"), "profile": [profile]}
    return {"resourceType": kind, "meta": meta, **resource}


def _header(case: BarsCase) -> Json:
    new = case.change is Change.NEW
    sender = case.sender
    software = [
        {"url": "RequesterCDSSsoftware", "valueString": sender.software},
        {"url": "RequesterCDSSversion", "valueString": sender.version},
    ]
    return {
        "resourceType": "MessageHeader",
        "extension": [{"url": f"{codes.PROFILES}/CDSSExtension", "extension": software}],
        "eventCoding": coding(codes.EVENTS, codes.REQUEST),
        "destination": [
            {
                "endpoint": f"{codes.DOS}|{case.receiver.dos_id}",
                "receiver": ref(case.urn("receiver")),
            }
        ],
        "sender": ref(case.urn("sender")),
        "source": {
            "name": sender.name,
            "software": sender.software,
            "version": sender.version,
            "contact": {"system": "phone", "value": sender.phone},
            "endpoint": f"{codes.DOS}|{sender.dos_id}",
        },
        "reason": concept(codes.REASONS, "new" if new else "update"),
        "focus": [ref(case.urn("request"))],
        "definition": f"{codes.MESSAGES}/bars-message-servicerequest-request-{case.flow}",
    }


def _request(case: BarsCase) -> Json:
    # A period ends after it starts, also where nothing is waited for any more.
    end = max(case.breach_at or case.at, case.sent_at + SHORTEST)
    kind = codes.CATEGORY_WORDS[case.flow]
    use = codes.USE_CASE_WORDS.get(case.use_case, "")
    found: Json = {
        "resourceType": "ServiceRequest",
        "basedOn": [ref(case.urn("plan"))],
        "status": case.change.value if case.change.is_cancel else "active",
        "intent": "plan",
        "category": [
            {
                "coding": [
                    coding(codes.CATEGORIES, case.flow.value, kind),
                    coding(codes.USE_CASES, case.use_case, use),
                ]
            }
        ],
        "subject": ref(case.urn("patient")),
        "encounter": ref(case.urn("encounter")),
        "occurrencePeriod": {"start": _time(case.sent_at), "end": _time(end)},
        "authoredOn": _time(case.sent_at),
        "requester": ref(case.urn("practitioner")),
        "performer": [ref(case.urn("service"))],
        "locationReference": [ref(case.urn("location"))],
    }
    if case.receivers_id is not None:
        found["id"] = case.receivers_id
    if case.change.is_cancel:
        found["reasonCode"] = [{"text": "withdrawn by the lifeline centre"}]
    return found


def _service(case: BarsCase) -> Json:
    return {
        "resourceType": "HealthcareService",
        "identifier": [{"system": codes.DOS, "value": case.receiver.dos_id}],
        "active": True,
        "providedBy": ref(case.urn("receiver")),
        "name": case.receiver.name,
    }


def _encounter(case: BarsCase) -> Json:
    validation = case.flow is Flow.VALIDATION
    classes = ("EMER", "emergency") if validation else ("VR", "virtual")
    return {
        "resourceType": "Encounter",
        "id": case.encounter_id,
        "identifier": [{"system": codes.CASE_NUMBER, "value": case.referral}],
        "status": "triaged" if validation else "finished",
        "class": coding(f"{codes.TERMINOLOGY}/v3-ActCode", *classes),
        "subject": ref(case.urn("patient")),
        # The journey: one alarm may lead to several referrals.
        "episodeOfCare": [ref(f"EpisodeOfCare/{case.alarm or case.referral}")],
        "period": {"start": _time(case.started_at)},
    }


def _plan(case: BarsCase) -> Json:
    outcomes: list[Json] = [{"text": narrative(case)}]
    standard = coding(codes.STANDARD, case.standard, plain(case.standard))
    outcomes[0]["coding"] = [standard]
    if case.need:
        outcomes[0]["coding"].append(coding(codes.NEED, case.need, plain(case.need)))
    return {
        "resourceType": "CarePlan",
        "status": "active" if case.flow is Flow.VALIDATION else "completed",
        "intent": "plan",
        "subject": ref(case.urn("patient")),
        "encounter": ref(case.urn("encounter")),
        "period": {"start": _time(case.sent_at)},
        "activity": [{"outcomeCodeableConcept": outcomes}],
    }


def _on_floor(case: BarsCase) -> Json:
    assert case.on_floor_since is not None  # asked by the caller
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "On the floor"},
        "subject": ref(case.urn("patient")),
        "effectiveDateTime": _time(case.on_floor_since),
    }


def _scene(case: BarsCase) -> Json:
    found = _flag(case, ("SS", "Scene Safety"), concept(codes.SCENE, "UNK", "Unknown"))
    return {**found, "subject": ref(case.urn("location"))}


def _flags(case: BarsCase) -> Iterator[tuple[str, tuple[str, str], str, str]]:
    """Give name, category, code and words of what else the team must know."""
    person = case.person
    if person.ceiling:
        yield "ceiling", ("RT", "ReSPECT"), "ceiling", f"Ceiling of treatment: {person.ceiling}"
    if person.bereaved:
        words = "This home is bereaved: read this before you call it"
        yield "bereaved", ("API", "Additional Patient Information"), "bereaved", words
    if person.language:
        words = f"Language: {person.language}"
        yield "language", ("RA", "Reasonable Adjustment"), "language", words
    if case.task_999_at is not None:
        yield "999", ("AC", "Agency Contacted"), "999", "A 999 call was asked of an operator"
    if person.nhs_number and not is_nhs_number(person.nhs_number):
        words = "The NHS number fails its check digit: confirm who the person is"
        yield "number", ("API", "Additional Patient Information"), "nhs-number", words


def _flag(case: BarsCase, category: tuple[str, str], code: Json) -> Json:
    return {
        "resourceType": "Flag",
        "status": "active",
        "category": [concept(codes.FLAGS, *category)],
        "code": code,
        "subject": ref(case.urn("patient")),
        "encounter": ref(case.urn("encounter")),
    }


def _consent(case: BarsCase) -> Json:
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": concept(f"{codes.TERMINOLOGY}/consentscope", "patient-privacy"),
        "category": [concept(codes.CONSENTS, "DRC", "Direct Care")],
        "patient": ref(case.urn("patient")),
        "dateTime": case.sent_at.date().isoformat(),
        "policyRule": concept(f"{codes.TERMINOLOGY}/v3-ActCode", "IMPLIED"),
    }


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
