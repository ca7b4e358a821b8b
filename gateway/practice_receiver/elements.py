"""What BaRS demands of the elements of a servicerequest-request; what fails here is answered 422.

Source: the payload page of BaRS application 4 (validation request) and its examples. Two shapes
are known. A referral carries everything. A withdrawal (ServiceRequest `revoked` or
`entered-in-error`, reason update or delete) carries MessageHeader, ServiceRequest, Patient and two
Organizations, and may carry the rest.
"""

from gateway.practice_receiver.clinical import check_people
from gateway.practice_receiver.outcomes import Problem, Refusal
from gateway.practice_receiver.reading import (
    WITHDRAWN,
    Findings,
    Json,
    Message,
    codes,
    moment,
    text,
    values,
)

PROFILE = "https://fhir.nhs.uk/StructureDefinition/BARSBundleMessage"
CDSS = "https://fhir.nhs.uk/StructureDefinition/CDSSExtension"
DEFINITION = "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-"
ONE = (1, 1)
MANY = 1_000
# Type -> (at least, at most) in a referral; None in the second table: as in the first, or none.
CARDINALITY = {
    "MessageHeader": ONE,
    "ServiceRequest": ONE,
    "Patient": ONE,
    "Encounter": ONE,
    "CarePlan": ONE,
    "Location": ONE,
    "HealthcareService": ONE,
    "Organization": (2, MANY),
    "Practitioner": (1, MANY),
    "PractitionerRole": (1, MANY),
    "Consent": (1, MANY),
}
OF_A_WITHDRAWAL = ("MessageHeader", "ServiceRequest", "Patient", "Organization")
# Element of ServiceRequest -> the type it leads to.
LINKS = {
    "basedOn": "CarePlan",
    "subject": "Patient",
    "encounter": "Encounter",
    "requester": "Practitioner",
    "performer": "HealthcareService",
    "locationReference": "Location",
}
LINKS_OF_A_WITHDRAWAL = ("subject",)


def check_elements(message: Message, target: str) -> list[Problem]:
    """Say which element rules a readable message breaks; empty when it breaks none.

    Args:
        message: What came.
        target: `system|value` of NHSD-Target-Identifier.
    """
    found = Findings()
    event = text(message.one("MessageHeader"), "eventCoding", "code")
    if event != "servicerequest-request":
        found.say(
            Refusal.NOT_SUPPORTED,
            "MessageHeader.eventCoding",
            f"found {event[:40]!r}; this service takes servicerequest-request",
        )
        return found.problems
    _check_cardinality(message, found)
    _check_meta(message, found)
    _check_header(message, found, target)
    _check_service_request(message, found)
    if not message.withdraws:
        check_people(message, found)
    return found.problems


def _check_cardinality(message: Message, found: Findings) -> None:
    for kind, (least, most) in CARDINALITY.items():
        needed = least if kind in OF_A_WITHDRAWAL or not message.withdraws else 0
        count = len(message.all(kind))
        if not needed <= count <= most:
            wanted = f"{needed}" if needed == most else f"{needed} to {most}"
            found.say(
                Refusal.INCOMPLETE if count < needed else Refusal.WRONG_VALUE,
                kind,
                f"{count} in the message, expected {wanted}",
            )


def _check_meta(message: Message, found: Findings) -> None:
    found.need("Bundle.meta.profile", PROFILE in values(message.bundle, "meta", "profile"), PROFILE)
    for where, resource in [
        ("Bundle", message.bundle),
        *((text(one, "resourceType"), one) for one in message.resources.values()),
    ]:
        if moment(text(resource, "meta", "lastUpdated")) is None:
            found.say(Refusal.INCOMPLETE, f"{where}.meta.lastUpdated", "expected an instant")
        # Only the receiver gives ids, but for the Bundle's and the Encounter's.
        if message.reason == "new" and "id" in resource and where not in ("Bundle", "Encounter"):
            found.say(Refusal.WRONG_VALUE, f"{where}.id", "given by the sender; the receiver does")


def _check_header(message: Message, found: Findings, target: str) -> None:
    header = message.one("MessageHeader")
    events = codes(header, "eventCoding", system="message-events-bars")
    found.need("MessageHeader.eventCoding.system", events, "the system message-events-bars")
    _check_software(header, found)
    for element in ("destination", "source"):
        written = text(header, element, "endpoint")
        if not all(written.partition("|")):
            found.say(
                Refusal.INCOMPLETE if not written else Refusal.WRONG_VALUE,
                f"MessageHeader.{element}.endpoint",
                "expected the system, a bar and the service's id",
            )
    addressed = text(header, "destination", "endpoint")
    if all(addressed.partition("|")) and addressed.lower() != target.lower():
        found.say(
            Refusal.INCONSISTENT,
            "MessageHeader.destination.endpoint",
            "names another service than the header NHSD-Target-Identifier",
        )
    _check_link(message, found, header, ("destination", "receiver"), "Organization")
    _check_link(message, found, header, ("sender",), "Organization")
    _check_link(message, found, header, ("focus",), "ServiceRequest")
    found.among("MessageHeader.reason", message.reason, _reasons(message))
    _check_definition(message, found, text(header, "definition"))


def _reasons(message: Message) -> tuple[str, ...]:
    return ("update", "delete") if message.withdraws else ("new", "update")


def _check_definition(message: Message, found: Findings, definition: str) -> None:
    ends = (message.category or "validation", "cancelled" if message.withdraws else "referral")
    if not definition and message.withdraws:
        return
    allowed = tuple(dict.fromkeys(DEFINITION + end for end in ends))
    if definition not in allowed:
        found.say(
            Refusal.WRONG_VALUE if definition else Refusal.INCOMPLETE,
            "MessageHeader.definition",
            f"expected {' or '.join(allowed)}",
        )


def _check_software(header: Json, found: Findings) -> None:
    extensions = [one for one in values(header, "extension") if text(one, "url") == CDSS]
    named = {
        text(part, "url")
        for part in values(extensions, "extension")
        if text(part, "valueString").strip()
    }
    for part in ("RequesterCDSSsoftware", "RequesterCDSSversion"):
        where = f"MessageHeader.extension(CDSSExtension).{part}"
        found.need(where, part in named, "a text: which decision support was used, and its version")


def _check_link(
    message: Message, found: Findings, resource: Json, path: tuple[str, ...], kind: str
) -> None:
    """Check that a reference is there and leads to a resource of the type."""
    where = ".".join((text(resource, "resourceType"), *path))
    references = [one for one in values(resource, *path, "reference") if isinstance(one, str)]
    found.need(where, references, f"a reference to the {kind}")
    if references and kind not in map(message.kind_at, references):
        found.say(Refusal.WRONG_VALUE, where, f"expected a reference to the {kind}")


def _check_service_request(message: Message, found: Findings) -> None:
    request = message.one("ServiceRequest")
    found.among(
        "ServiceRequest.status",
        message.status,
        ("active",) if message.reason == "new" else ("active", *WITHDRAWN),
    )
    found.among("ServiceRequest.intent", text(request, "intent"), ("plan",))
    found.among("ServiceRequest.category", message.category, ("validation", "referral"))
    for element, kind in LINKS.items():
        if element in LINKS_OF_A_WITHDRAWAL or not message.withdraws:
            _check_link(message, found, request, (element,), kind)
    _check_breach(request, found)
    if message.withdraws:
        return
    use_case = codes(request, "category", "coding", system="usecases-categories-bars")
    found.need("ServiceRequest.category", use_case, "a second coding, of usecases-categories-bars")
    found.need("ServiceRequest.authoredOn", moment(text(request, "authoredOn")), "a dateTime")
    if "reasonCode" in request:
        found.say(Refusal.WRONG_VALUE, "ServiceRequest.reasonCode", "expected on a withdrawal only")


def _check_breach(request: Json, found: Findings) -> None:
    """The period begins now and ends at the breach time: by then the sender acts itself."""
    start, end = (moment(text(request, "occurrencePeriod", one)) for one in ("start", "end"))
    found.need("ServiceRequest.occurrencePeriod.start", start, "a dateTime with its offset")
    found.need("ServiceRequest.occurrencePeriod.end", end, "the breach time with its offset")
    if start and end and end <= start:
        found.say(
            Refusal.WRONG_VALUE,
            "ServiceRequest.occurrencePeriod",
            f"ends {(start - end).total_seconds():.0f} s before it starts, or at its start",
        )
