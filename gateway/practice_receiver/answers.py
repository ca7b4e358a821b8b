"""The answers of the receiver, as plain FHIR JSON: acknowledgement, interim, rejection, outcome.

The acknowledgement (HTTP 200) mirrors the message with the receiver's ids and adds a new Encounter:
status `planned`, with the receiver's own reference for people. Each later answer is a message of
its own (servicerequest-response) that carries that Encounter on: `in-progress` is accepted,
`cancelled` with reasonCode is rejected, `finished` with a CarePlan is done (status completed: no
further action; active: action needed). Sources: BaRS examples VALRESP01, 01A, 01B, 04, 05.

Sender and receiver are exchanged in a later answer: who referred is its destination.
"""

import copy
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gateway.practice_receiver.reading import CODES, URN, Json, Message, text, values, walk

STRUCTURES = "https://fhir.nhs.uk/StructureDefinition/"
UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"
MESSAGES = "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-response-"
CASE_NUMBERS = "https://practice-receiver.example/Id/case-number"
NAME = "Practice urgent community response"
# What a later answer leaves out: it speaks of the Encounter and the plan only.
LEFT_OUT = ("Flag", "Observation", "Consent", "MedicationStatement", "AllergyIntolerance")
REJECTIONS = {
    "RRNA": "Not available in the time required",
    "FC": "Failed contact",
    "OTH": "Other",
}


class Later(StrEnum):
    """What the service says some time after its acknowledgement; the status of its Encounter."""

    IN_PROGRESS = "in-progress"
    CANCELLED = "cancelled"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the service tells of a rejection or of an end.

    Attributes:
        reason: Code of rejected-reasons-bars, for a rejection.
        action_needed: Whether the sender still has to act, for an end.
        told: The narrative, for an end.
    """

    reason: str = "FC"
    action_needed: bool = False
    told: str = "The person was lifted and checked over at home. No transport was needed."


@dataclass(frozen=True, slots=True)
class Saying:
    """One later answer: what it says, how, and whether it is the case's first (reason new)."""

    kind: Later
    outcome: Outcome
    first: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A referral as the receiver opened it: the mirrored message and its own Encounter.

    Attributes:
        message: The latest message of the case, with the receiver's ids.
        encounter_url: fullUrl of the receiver's Encounter.
        reference: The receiver's case number, for people.
        original_id: Bundle.id of the message that opened it; later answers name it.
    """

    message: Message
    encounter_url: str
    reference: str
    original_id: str

    @property
    def referral_id(self) -> str:
        """The id the receiver gave the ServiceRequest."""
        return text(self.message.one("ServiceRequest"), "id")


def stamp(at: datetime) -> str:
    """Write a FHIR instant."""
    return at.isoformat(timespec="milliseconds")


def opened(message: Message, reference: str, now: datetime, ids: list[str]) -> Opened:
    """Mirror a referral with the receiver's ids and add its Encounter.

    Args:
        message: What came and was found good.
        reference: The receiver's case number, for people.
        now: When it was taken.
        ids: New UUIDs, two more than the message has resources.
    """
    resources = _with_ids(message, ids)
    url = URN + ids[-1]
    encounter = _encounter(message, reference, now, ids[-2])
    ordered: dict[str, Json] = {}
    for entry_url, resource in resources.items():
        ordered[entry_url] = resource
        if resource["resourceType"] == "Encounter":
            ordered[url] = encounter
    ordered.setdefault(url, encounter)
    bundle = _bundle(message.bundle_id, now, ordered)
    return Opened(Message(bundle, ordered), url, reference, message.bundle_id)


def updated(before: Opened, message: Message, now: datetime, ids: list[str]) -> Opened:
    """Mirror an update of a referral: same id, same Encounter and reference of the receiver."""
    resources = _with_ids(message, ids)
    encounter = copy.deepcopy(before.message.resources[before.encounter_url])
    encounter["meta"]["lastUpdated"] = stamp(now)
    if message.withdraws:
        encounter["status"] = Later.CANCELLED.value
    encounter["subject"] = {"reference": message.url_of("Patient")}
    ordered = {**resources, before.encounter_url: encounter}
    ordered[message.url_of("ServiceRequest")]["id"] = before.referral_id
    bundle = _bundle(message.bundle_id, now, ordered)
    return replace(before, message=Message(bundle, ordered))


def later(case: Opened, saying: Saying, now: datetime, bundle_id: str) -> Json:
    """Build a later answer, to be posted to whoever referred; `bundle_id` is a new UUID."""
    kind, outcome = saying.kind, saying.outcome
    resources = {
        url: copy.deepcopy(resource)
        for url, resource in case.message.resources.items()
        if resource["resourceType"] not in LEFT_OUT
    }
    header_url = case.message.url_of("MessageHeader")
    resources[header_url] = _header(case, saying, now)
    encounter = resources[case.encounter_url]
    encounter["status"] = kind.value
    if kind is Later.FINISHED:
        encounter["period"] = {**encounter["period"], "end": stamp(now)}
    encounter["meta"]["lastUpdated"] = stamp(now)
    encounter["reasonCode"] = [_reason(kind, outcome)]
    plan_url = case.message.url_of("CarePlan")
    if kind is Later.FINISHED and plan_url:
        resources[plan_url] = _plan(case, outcome, now)
    elif plan_url:
        del resources[plan_url]
        resources[case.message.url_of("ServiceRequest")].pop("basedOn", None)
    return _bundle(bundle_id, now, resources)


def alone(case: Opened) -> Json:
    """Give the ServiceRequest by itself: what it leads to is named by type and id."""
    request = copy.deepcopy(case.message.one("ServiceRequest"))
    for node in walk(request):
        there = case.message.resources.get(text(node, "reference"))
        if there is not None:
            node["reference"] = f"{text(there, 'resourceType')}/{text(there, 'id')}"
    return request


def searchset(resources: list[Json], base: str, new_id: str, now: datetime) -> Json:
    """Build the answer to a search."""
    return {
        "resourceType": "Bundle",
        "id": new_id,
        "meta": {"lastUpdated": stamp(now)},
        "type": "searchset",
        "total": len(resources),
        "entry": [
            {
                "fullUrl": f"{base}/{one['resourceType']}/{one['id']}",
                "resource": one,
                "search": {"mode": "match"},
            }
            for one in resources
        ],
    }


def _with_ids(message: Message, ids: list[str]) -> dict[str, Json]:
    """Copy the resources; each gets an id of the receiver's, but an Encounter keeps its own."""
    copies = {}
    for (url, resource), new_id in zip(message.resources.items(), ids, strict=False):
        keeps = resource["resourceType"] == "Encounter" and text(resource, "id")
        copies[url] = {**copy.deepcopy(resource), "id": keeps or new_id}
    return copies


def _bundle(bundle_id: str, now: datetime, resources: dict[str, Json]) -> Json:
    return {
        "resourceType": "Bundle",
        "id": bundle_id,
        "meta": {"lastUpdated": stamp(now), "profile": [STRUCTURES + "BARSBundleMessage"]},
        "type": "message",
        "timestamp": stamp(now),
        "entry": [{"fullUrl": url, "resource": one} for url, one in resources.items()],
    }


def _encounter(message: Message, reference: str, now: datetime, new_id: str) -> Json:
    theirs = message.one("Encounter")
    return {
        "resourceType": "Encounter",
        "id": new_id,
        "meta": {"lastUpdated": stamp(now), "profile": [UK_CORE + "Encounter"]},
        "identifier": [{"system": CASE_NUMBERS, "value": reference}],
        "status": "planned",
        "class": copy.deepcopy(theirs["class"]),
        "subject": {"reference": message.url_of("Patient")},
        "episodeOfCare": copy.deepcopy(values(theirs, "episodeOfCare")),
        "period": {"start": stamp(now)},
    }


def _header(case: Opened, saying: Saying, now: datetime) -> Json:
    theirs = case.message.one("MessageHeader")
    full = "full" if saying.kind is Later.FINISHED else "interim"
    destination = values(theirs, "destination")[0]
    return {
        "resourceType": "MessageHeader",
        "meta": {
            "lastUpdated": stamp(now),
            "profile": [STRUCTURES + "BARSMessageHeader-servicerequest-response"],
        },
        "extension": [
            {
                "url": STRUCTURES + "CDSSExtension",
                "extension": [
                    {"url": "RequesterCDSSsoftware", "valueString": "none (practice receiver)"},
                    {"url": "RequesterCDSSversion", "valueString": "0"},
                ],
            }
        ],
        "eventCoding": {"system": CODES + "message-events-bars", "code": "servicerequest-response"},
        "destination": [
            {"endpoint": text(theirs, "source", "endpoint"), "receiver": theirs["sender"]}
        ],
        "sender": destination["receiver"],
        "source": {"name": NAME, "endpoint": destination["endpoint"]},
        "reason": {
            "coding": [
                {
                    "system": CODES + "message-reason-bars",
                    "code": "new" if saying.first else "update",
                }
            ]
        },
        "response": {"identifier": case.original_id, "code": "ok"},
        "focus": [{"reference": case.encounter_url}],
        "definition": f"{MESSAGES}{case.message.category}-{full}",
    }


def _reason(kind: Later, outcome: Outcome) -> Json:
    if kind is Later.CANCELLED:
        words = REJECTIONS.get(outcome.reason, "Other")
        coding = {"system": CODES + "rejected-reasons-bars", "code": outcome.reason}
        return {"coding": [{**coding, "display": words}], "text": words}
    coding = {"system": CODES + "message-reason-encounter", "code": "validation-triage-outcome"}
    return {"coding": [{**coding, "display": "Validation of triage outcome"}]}


def _plan(case: Opened, outcome: Outcome, now: datetime) -> Json:
    theirs = case.message.one("CarePlan")
    found = [
        {"system": CODES + "arp-priority-codes", "code": "C5"},
        {"system": CODES + "response-outcome-codes", "code": "PATLIFT"},
    ]
    concepts: list[Json] = [{"coding": [one]} for one in found]
    return {
        "resourceType": "CarePlan",
        "id": theirs["id"],
        "meta": {"lastUpdated": stamp(now), "profile": [UK_CORE + "CarePlan"]},
        "status": "active" if outcome.action_needed else "completed",
        "intent": "plan",
        "subject": copy.deepcopy(theirs["subject"]),
        "encounter": {"reference": case.encounter_url},
        "period": {"start": text(theirs, "period", "start"), "end": stamp(now)},
        "activity": [{"outcomeCodeableConcept": [*concepts, {"text": outcome.told}]}],
    }
