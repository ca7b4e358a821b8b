"""The element rules of a BaRS-shaped request (CLINICAL 3.6), checked apart from who builds it."""

from collections import Counter
from datetime import datetime
from typing import Any

EXACTLY_ONE = (
    "MessageHeader", "ServiceRequest", "Patient", "Encounter", "CarePlan", "Location",
    "HealthcareService",
)  # fmt: skip
AT_LEAST = {"Organization": 2, "Practitioner": 1, "PractitionerRole": 1, "Consent": 1}
KNOWN = {*EXACTLY_ONE, *AT_LEAST, "Observation", "Flag"}
STATUS = {"validation": ("triaged", "active", "EMER"), "referral": ("finished", "completed", "VR")}
Json = dict[str, Any]


def resources(bundle: Json, kind: str) -> list[Json]:
    found = (entry["resource"] for entry in bundle["entry"])
    return [one for one in found if one["resourceType"] == kind]


def one(bundle: Json, kind: str) -> Json:
    (found,) = resources(bundle, kind)
    return found


def at(written: str) -> datetime:
    found = datetime.fromisoformat(written)
    assert found.tzinfo is not None
    return found


def check(bundle: Json, flow: str) -> None:
    """Check every rule; fail on the first that is broken."""
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "message")
    assert bundle["meta"]["profile"] == [
        "https://fhir.nhs.uk/StructureDefinition/BARSBundleMessage"
    ]
    kinds = Counter(entry["resource"]["resourceType"] for entry in bundle["entry"])
    assert set(kinds) <= KNOWN
    assert [kinds[kind] for kind in EXACTLY_ONE] == [1] * len(EXACTLY_ONE)
    assert all(kinds[kind] >= least for kind, least in AT_LEAST.items())
    check_links(bundle)
    check_header(bundle, flow)
    check_request(bundle, flow)
    check_case(bundle, flow)
    check_patient(one(bundle, "Patient"))
    check_rest(bundle)


def check_links(bundle: Json) -> None:
    """Entries are told apart by urn:uuid:, and what is named in the message is in it."""
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    assert all(url.startswith("urn:uuid:") for url in urls)
    assert bundle["entry"][0]["resource"]["resourceType"] == "MessageHeader"
    waiting: list[Any] = [bundle]
    while waiting:
        found = waiting.pop()
        if isinstance(found, list):
            waiting.extend(found)
        elif isinstance(found, dict):
            waiting.extend(found.values())
            reference = found.get("reference", "")
            assert not reference.startswith("urn:") or reference in urls, reference
    for entry in bundle["entry"]:
        resource = entry["resource"]
        assert at(resource["meta"]["lastUpdated"])
        assert resource["meta"]["profile"]
        if "id" in resource:
            assert resource["resourceType"] in ("Encounter", "ServiceRequest")


def check_header(bundle: Json, flow: str) -> None:
    header = one(bundle, "MessageHeader")
    assert header["eventCoding"]["code"] == "servicerequest-request"
    (software,) = header["extension"]
    named = {part["url"]: part["valueString"] for part in software["extension"]}
    assert set(named) == {"RequesterCDSSsoftware", "RequesterCDSSversion"}
    assert all(named.values())
    (destination,) = header["destination"]
    for endpoint in (destination["endpoint"], header["source"]["endpoint"]):
        system, _, value = endpoint.partition("|")
        assert system == "https://fhir.nhs.uk/Id/dos-service-id"
        assert value.isdigit()
    assert destination["receiver"]["reference"] != header["sender"]["reference"]
    assert header["reason"]["coding"][0]["code"] in ("new", "update")
    assert header["focus"] == [{"reference": url_of(bundle, "ServiceRequest")}]
    assert header["definition"].endswith(f"bars-message-servicerequest-request-{flow}")


def url_of(bundle: Json, kind: str) -> str:
    found = [e["fullUrl"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]
    return str(found[0])


def check_request(bundle: Json, flow: str) -> None:
    request, header = one(bundle, "ServiceRequest"), one(bundle, "MessageHeader")
    new = header["reason"]["coding"][0]["code"] == "new"
    assert request["basedOn"] == [{"reference": url_of(bundle, "CarePlan")}]
    assert request["status"] in ("active", "revoked", "entered-in-error")
    assert not new or (request["status"] == "active" and "id" not in request)
    assert request["intent"] == "plan"
    codes = [coding["code"] for coding in request["category"][0]["coding"]]
    assert codes[0] == flow
    assert len(codes) == 2
    period = request["occurrencePeriod"]
    assert at(period["start"]) < at(period["end"])
    assert at(request["authoredOn"])
    assert request["requester"] == {"reference": url_of(bundle, "Practitioner")}
    assert request["performer"] == [{"reference": url_of(bundle, "HealthcareService")}]
    assert request["locationReference"] == [{"reference": url_of(bundle, "Location")}]
    assert ("reasonCode" in request) is (request["status"] != "active")


def check_case(bundle: Json, flow: str) -> None:
    encounter, plan = one(bundle, "Encounter"), one(bundle, "CarePlan")
    encounter_status, plan_status, code = STATUS[flow]
    assert (encounter["status"], encounter["class"]["code"]) == (encounter_status, code)
    assert encounter["episodeOfCare"]
    assert at(encounter["period"]["start"])
    assert encounter["identifier"][0]["value"]
    assert plan["status"] == plan_status
    assert at(plan["period"]["start"])
    (outcome,) = plan["activity"][0]["outcomeCodeableConcept"]
    assert outcome["text"]
    assert outcome["coding"]


def check_patient(patient: Json) -> None:
    assert patient["identifier"]
    for identifier in patient["identifier"]:
        if identifier["system"] == "https://fhir.nhs.uk/Id/nhs-number":
            (extension,) = identifier["extension"]
            status = extension["valueCodeableConcept"]["coding"][0]["code"]
            assert status == "number-present-but-not-traced"
    ranks = [contact["extension"][0]["valuePositiveInt"] for contact in patient["contact"]]
    assert ranks == list(range(1, len(ranks) + 1))
    assert patient["contact"][0]["telecom"][0]["system"] == "phone"
    assert all(contact["relationship"] for contact in patient["contact"])


def check_rest(bundle: Json) -> None:
    place, person = url_of(bundle, "Location"), url_of(bundle, "Patient")
    scenes = 0
    for flag in resources(bundle, "Flag"):
        is_scene = flag["category"][0]["coding"][0]["code"] == "SS"
        scenes += is_scene
        assert flag["subject"]["reference"] == (place if is_scene else person)
    assert scenes == 1
    assert one(bundle, "Location")["address"]["line"]
    (consent,) = resources(bundle, "Consent")
    assert consent["category"][0]["coding"][0]["code"] == "DRC"
    assert consent["policyRule"]["coding"][0]["code"] == "IMPLIED"
