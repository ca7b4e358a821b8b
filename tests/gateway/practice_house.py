"""A practice receiver on loopback with a sender's messages: a fictional referral of our own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import httpx
import msgspec
from fhir.resources.R4B import get_fhir_model_class

from gateway.practice_receiver.headers import FHIR_JSON, encoded
from gateway.practice_receiver.receiver import PracticeReceiver, PracticeSettings

Json = dict[str, Any]
NHS = "https://fhir.nhs.uk"
UK = "https://fhir.hl7.org.uk/StructureDefinition/"
SERVICE = f"{NHS}/Id/dos-service-id"
AT = "2026-11-22T06:58:10+00:00"
BREACH = "2026-11-22T07:18:10+00:00"
MESSAGE = "/FHIR/R4/$process-message"
CASE = "TC-0042"


def url(name: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, name)}"


def link(name: str) -> Json:
    return {"reference": url(name)}


def coded(system: str, code: str) -> Json:
    return {"system": f"{NHS}/CodeSystem/{system}", "code": code}


def entry(name: str, kind: str, /, **content: Any) -> Json:
    stamped = {"resourceType": kind, "meta": {"lastUpdated": AT}, **content}
    return {"fullUrl": url(name), "resource": stamped}


def header(reason: str, definition: str, source: str) -> Json:
    return entry(
        "header",
        "MessageHeader",
        extension=[
            {
                "url": f"{NHS}/StructureDefinition/CDSSExtension",
                "extension": [
                    {"url": "RequesterCDSSsoftware", "valueString": "rules of the gateway"},
                    {"url": "RequesterCDSSversion", "valueString": "7"},
                ],
            }
        ],
        eventCoding=coded("message-events-bars", "servicerequest-request"),
        destination=[{"endpoint": f"{SERVICE}|2000000001", "receiver": link("team")}],
        sender=link("centre"),
        source={"name": "A monitoring centre", "endpoint": source},
        reason={"coding": [coded("message-reason-bars", reason)]},
        focus=[link("request")],
        definition=f"{NHS}/MessageDefinition/bars-message-servicerequest-request-{definition}",
    )


def request(category: str, status: str, **content: Any) -> Json:
    codings = [
        coded("message-category-servicerequest", category),
        coded("usecases-categories-bars", "a4t3"),
    ]
    return entry(
        "request",
        "ServiceRequest",
        status=status,
        intent="plan",
        category=[{"coding": codings}],
        subject=link("person"),
        occurrencePeriod={"start": AT, "end": BREACH},
        **content,
    )


def person() -> Json:
    rank = f"{UK}Extension-UKCore-ContactRank"
    status = f"{UK}Extension-UKCore-NHSNumberVerificationStatus"
    not_traced = {"code": "number-present-but-not-traced"}
    return entry(
        "person",
        "Patient",
        identifier=[
            {
                "extension": [{"url": status, "valueCodeableConcept": {"coding": [not_traced]}}],
                "system": f"{NHS}/Id/nhs-number",
                "value": "9990548609",
            },
            {"system": "https://centre.example/Id/client", "value": "C-17"},
        ],
        name=[{"family": "Fictional", "given": ["Ada"]}],
        contact=[
            {
                "extension": [{"url": rank, "valuePositiveInt": 1}],
                "telecom": [{"system": "phone", "value": "01160000017"}],
            },
            {
                "extension": [{"url": rank, "valuePositiveInt": 2}],
                "telecom": [{"system": "phone", "value": "07700900017"}],
            },
        ],
        generalPractitioner=[link("surgery")],
    )


def bundle(*entries: Json) -> Json:
    return {
        "resourceType": "Bundle",
        "id": str(uuid4()),
        "meta": {
            "lastUpdated": AT,
            "profile": [f"{NHS}/StructureDefinition/BARSBundleMessage"],
        },
        "type": "message",
        "timestamp": AT,
        "entry": list(entries),
    }


def around() -> list[Json]:
    """Give the person and everything about the people and the place."""
    about = {"subject": link("person"), "encounter": link("encounter")}
    safety = {"coding": [coded("flag-categories-bars", "SS")]}
    return [
        person(),
        entry("surgery", "Organization", name="A surgery"),
        entry("team", "Organization", name="A team"),
        entry("centre", "Organization", name="A monitoring centre"),
        entry("service", "HealthcareService", name="A team", providedBy=link("team")),
        entry("operator", "Practitioner", identifier=[{"value": "OP-3"}]),
        entry(
            "role", "PractitionerRole", practitioner=link("operator"), organization=link("centre")
        ),
        entry("home", "Location", name="Home", address={"line": ["1 Nowhere Street"]}),
        entry("seen", "Observation", status="final", code={"text": "speaks"}, **about),
        entry(
            "scene",
            "Flag",
            status="active",
            category=[safety],
            code={"coding": [coded("scene-safety-codes-bars", "UNK")]},
            subject=link("home"),
        ),
        entry(
            "consent",
            "Consent",
            status="active",
            scope={"coding": [{"code": "patient-privacy"}]},
            category=[{"coding": [coded("consent-categories-bars", "DRC")]}],
            patient=link("person"),
            policyRule={"coding": [{"code": "IMPLIED"}]},
        ),
    ]


def referral(
    category: str = "validation", source: str = f"{SERVICE}|2000000002", reason: str = "new"
) -> Json:
    """Build a whole referral; each call is a new message (Bundle.id)."""
    triaged, active = (
        ("triaged", "active") if category == "validation" else ("finished", "completed")
    )
    act = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "EMER"}
    about = {"subject": link("person"), "encounter": link("encounter")}
    return bundle(
        header(reason, category, source),
        request(
            category,
            "active",
            basedOn=[link("plan")],
            encounter=link("encounter"),
            authoredOn=AT,
            requester=link("operator"),
            performer=[link("service")],
            locationReference=[link("home")],
        ),
        entry(
            "encounter",
            "Encounter",
            id=str(uuid5(NAMESPACE_URL, "encounter")),
            identifier=[{"system": "https://centre.example/Id/case", "value": CASE}],
            status=triaged,
            **{"class": act},
            subject=link("person"),
            episodeOfCare=[{"reference": f"EpisodeOfCare/{uuid5(NAMESPACE_URL, 'journey')}"}],
            period={"start": AT},
        ),
        entry(
            "plan",
            "CarePlan",
            status=active,
            intent="plan",
            **about,
            period={"start": AT},
            activity=[
                {"outcomeCodeableConcept": [{"text": "Fell at home, not hurt, cannot rise"}]}
            ],
        ),
        *around(),
    )


def withdrawal(status: str = "revoked", reason: str = "update") -> Json:
    """Build a withdrawal of the referral: the short form."""
    return bundle(
        header(reason, "cancelled", f"{SERVICE}|2000000002"),
        request("validation", status),
        person(),
        entry("surgery", "Organization", name="A surgery"),
        entry("team", "Organization", name="A team"),
        entry("centre", "Organization", name="A monitoring centre"),
    )


def part(message: Json, kind: str) -> Json:
    """Give the first resource of a type."""
    found: Json = next(
        one["resource"] for one in message["entry"] if one["resource"]["resourceType"] == kind
    )
    return found


def fhir(resource: Json) -> None:
    """Let fhir.resources check a resource; raises where R4B does not allow it."""
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def headers(**other: str) -> dict[str, str]:
    """Give the headers of a new message of a new case; others by their name with underscores."""
    plain = {
        "X-Request-Id": str(uuid4()),
        "X-Correlation-Id": str(uuid4()),
        "NHSD-Target-Identifier": encoded({"system": SERVICE, "value": "2000000001"}),
        "NHSD-End-User-Organisation": encoded({"resourceType": "Organization"}),
        "NHSD-Requesting-Software": encoded({"resourceType": "Device"}),
        "Accept": f"{FHIR_JSON}; version=1.1.0",
        "Content-Type": FHIR_JSON,
    }
    return {**plain, **{name.replace("_", "-"): value for name, value in other.items()}}


class Sender:
    """One case at a sender: a correlation id for all, a request id for each message."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.correlation_id = str(uuid4())

    def ids(self) -> dict[str, str]:
        return headers(X_Correlation_Id=self.correlation_id)

    async def send(self, message: Json, ids: dict[str, str] | None = None) -> httpx.Response:
        """Post a message; the same message and ids are a repeat."""
        return await self.client.post(
            MESSAGE, content=msgspec.json.encode(message), headers=ids or self.ids()
        )


@asynccontextmanager
async def practising(
    **settings: Any,
) -> AsyncIterator[tuple[PracticeReceiver, Sender]]:
    """Run a practice receiver on a free port, and a sender that knows it."""
    receiver = PracticeReceiver(PracticeSettings(**settings))
    await receiver.start()
    try:
        async with httpx.AsyncClient(
            base_url=receiver.address,
            trust_env=False,
            verify=False,  # noqa: S501 - plain HTTP
        ) as client:
            yield receiver, Sender(client)
    finally:
        await receiver.stop()


def issue(answer: httpx.Response) -> tuple[int, str, str]:
    """Give (HTTP status, error code, issue type) of a refusal, checked as FHIR."""
    outcome = answer.json()
    fhir(outcome)
    first = outcome["issue"][0]
    coding = first["details"]["coding"][0]
    assert coding["system"].lower() == f"{NHS}/codesystem/http-error-codes".lower()
    return answer.status_code, coding["code"], first["code"]


Change = Callable[[Json], object]
