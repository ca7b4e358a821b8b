"""What the service says of itself: GET /metadata and GET /MessageDefinition."""

from datetime import datetime

from gateway import __version__
from gateway.practice_receiver.answers import searchset, stamp
from gateway.practice_receiver.elements import DEFINITION
from gateway.practice_receiver.reading import CODES, Json

TAKEN = ("validation", "referral", "cancelled")
PUBLISHED = "2026-11-22"


def capability(base: str, now: datetime) -> Json:
    """Build the CapabilityStatement; FHIR R4, CapabilityStatement."""
    return {
        "resourceType": "CapabilityStatement",
        "id": "practice-receiver",
        "meta": {"lastUpdated": stamp(now)},
        "name": "PracticeReceiver",
        "status": "active",
        "date": PUBLISHED,
        "kind": "instance",
        "description": "A service to practise against. It keeps nothing and sends nobody.",
        "software": {"name": "lifeline practice-receiver", "version": __version__},
        "implementation": {"description": "Practice receiver", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "resource": [
                    {
                        "type": "ServiceRequest",
                        "interaction": [{"code": "read"}, {"code": "search-type"}],
                        "searchParam": [{"name": "patient:identifier", "type": "token"}],
                    },
                    {"type": "MessageDefinition", "interaction": [{"code": "search-type"}]},
                ],
                "operation": [
                    {
                        "name": "process-message",
                        "definition": (
                            "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message"
                        ),
                    }
                ],
            }
        ],
    }


def definitions(base: str, new_id: str, now: datetime) -> Json:
    """Build the searchset of the messages that are taken; FHIR R4, MessageDefinition."""
    return searchset([_definition(end, now) for end in TAKEN], base, new_id, now)


def _definition(end: str, now: datetime) -> Json:
    return {
        "resourceType": "MessageDefinition",
        "id": f"bars-message-servicerequest-request-{end}",
        "meta": {"lastUpdated": stamp(now)},
        "url": DEFINITION + end,
        "status": "active",
        "date": PUBLISHED,
        "eventCoding": {"system": CODES + "message-events-bars", "code": "servicerequest-request"},
        "focus": [{"code": "ServiceRequest", "min": 1, "max": "1"}],
    }
