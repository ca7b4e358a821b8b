"""Is it a FHIR message at all: Bundle, entries, ids, references. What fails here is answered 400.

Entries are linked by `fullUrl` urn:uuid: only; MessageHeader stands first (FHIR R4, 2.4.1).
"""

import msgspec

from gateway.practice_receiver.outcomes import Refusal
from gateway.practice_receiver.reading import (
    URN,
    Findings,
    Json,
    Message,
    is_uuid,
    text,
    values,
    walk,
)

MAX_ENTRIES = 500


def read_message(body: bytes) -> tuple[Message | None, Findings]:
    """Read a body; without a message, the findings say why there is none."""
    found = Findings()
    try:
        bundle = msgspec.json.decode(body, type=Json)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found.say(Refusal.MALFORMED, "Bundle", f"{len(body)} bytes that are no JSON object")
        return None, found
    resources = _resources(bundle, found)
    if found.problems:
        return None, found
    message = Message(bundle, resources)
    _check_bundle(message, found)
    _check_references(message, found)
    return message, found


def _resources(bundle: Json, found: Findings) -> dict[str, Json]:
    """Give fullUrl -> resource; an entry that cannot be told apart is a problem."""
    if bundle.get("resourceType") != "Bundle":
        found.say(Refusal.MALFORMED, "Bundle", "resourceType is not Bundle")
        return {}
    entries = bundle.get("entry")
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_ENTRIES:
        found.say(Refusal.MALFORMED, "Bundle.entry", f"expected a list of 1 to {MAX_ENTRIES}")
        return {}
    resources: dict[str, Json] = {}
    for number, entry in enumerate(entries):
        where = f"Bundle.entry[{number}]"
        url, resource = text(entry, "fullUrl"), next(iter(values(entry, "resource")), None)
        if not url.startswith(URN) or not is_uuid(url.removeprefix(URN)):
            found.say(Refusal.MALFORMED, f"{where}.fullUrl", "expected urn:uuid: and a UUID")
        elif url in resources:
            found.say(Refusal.INCONSISTENT, f"{where}.fullUrl", "stands in two entries")
        elif not isinstance(resource, dict) or not text(resource, "resourceType"):
            found.say(Refusal.MALFORMED, f"{where}.resource", "expected a FHIR resource")
        else:
            resources[url] = resource
    return resources


def _check_bundle(message: Message, found: Findings) -> None:
    if text(message.bundle, "type") != "message":
        found.say(Refusal.MALFORMED, "Bundle.type", "expected message")
    if not is_uuid(message.bundle_id):
        found.say(Refusal.MALFORMED, "Bundle.id", "expected a UUID, the sender's own for a message")
    first = next(iter(message.resources.values()))
    if first.get("resourceType") != "MessageHeader":
        found.say(Refusal.MALFORMED, "Bundle.entry[0]", "expected the MessageHeader")
    elif not text(first, "eventCoding", "code"):
        found.say(Refusal.MALFORMED, "MessageHeader.eventCoding", "missing")


def _check_references(message: Message, found: Findings) -> None:
    """Every urn:uuid: reference leads to an entry; other references name no entry."""
    for resource in message.resources.values():
        kind = text(resource, "resourceType")
        lost = [
            reference
            for node in walk(resource)
            if isinstance(reference := node.get("reference"), str)
            and reference.startswith(URN)
            and reference not in message.resources
        ]
        if lost:
            found.say(
                Refusal.INCONSISTENT,
                kind,
                f"{len(lost)} references lead to no entry of the message, the first is {lost[0]}",
            )
