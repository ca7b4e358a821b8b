"""The HTTP headers of a BaRS request, and what is wrong with them.

Every request: X-Request-Id and X-Correlation-Id (UUIDs; the proxy answers 400 without them),
NHSD-Target-Identifier (base64 of a JSON object with system and value), Accept with the version.
A message also: Content-Type, NHSD-End-User-Organisation (a FHIR Organization) and
NHSD-Requesting-Software (a Device); NHSD-Requesting-Practitioner (a PractitionerRole) where known.
"""

import base64
import binascii
import re
from collections.abc import Mapping

import msgspec

from gateway.practice_receiver.outcomes import Refusal
from gateway.practice_receiver.reading import Findings, Json, is_uuid, text

FHIR_JSON = "application/fhir+json"
VERSIONED = re.compile(r"application/fhir\+json\s*;\s*version=\"?1\.\d+(\.\d+)?\"?(?=\s*(,|;|$))")
MAX_HEADER = 8_192
DOS_SERVICE = "https://fhir.nhs.uk/Id/dos-service-id"


def check_headers(headers: Mapping[str, str], *, message: bool) -> Findings:
    """Say what is wrong with the headers of a request.

    Args:
        headers: By name in small letters.
        message: Whether a message is posted; it needs three headers more.
    """
    found = Findings()
    for name in ("X-Request-Id", "X-Correlation-Id"):
        _uuid(found, name, headers.get(name.lower(), ""))
    _target(found, headers.get("nhsd-target-identifier", ""))
    if not VERSIONED.search(headers.get("accept", "")):
        found.say(Refusal.NOT_ACCEPTABLE, "Accept", f"expected {FHIR_JSON}; version=1.x.0")
    if message:
        if headers.get("content-type", "").partition(";")[0].strip().lower() != FHIR_JSON:
            found.say(Refusal.HEADER_WRONG, "Content-Type", f"expected {FHIR_JSON}")
        _resource(found, headers, "NHSD-End-User-Organisation", "Organization", needed=True)
        _resource(found, headers, "NHSD-Requesting-Software", "Device", needed=True)
        _resource(found, headers, "NHSD-Requesting-Practitioner", "PractitionerRole", needed=False)
    return found


def target_of(headers: Mapping[str, str]) -> str:
    """Give `system|value` of NHSD-Target-Identifier; empty when it cannot be read."""
    target = _decoded(headers.get("nhsd-target-identifier", "")) or {}
    return f"{text(target, 'system')}|{text(target, 'value')}" if target else ""


def encoded(resource: Json) -> str:
    """Write an object as these headers carry it: base64 of JSON."""
    return base64.b64encode(msgspec.json.encode(resource)).decode()


def _uuid(found: Findings, name: str, value: str) -> None:
    if not value:
        found.say(Refusal.HEADER_MISSING, name, "missing; expected a UUID")
    elif not is_uuid(value):
        found.say(Refusal.HEADER_WRONG, name, f"{len(value)} characters, expected a UUID")


def _decoded(value: str) -> Json | None:
    """Read base64 of a JSON object; None when it is neither."""
    if len(value) > MAX_HEADER:
        return None
    try:
        return msgspec.json.decode(base64.b64decode(value, validate=True), type=Json)
    except (binascii.Error, ValueError, RecursionError):
        return None


def _target(found: Findings, value: str) -> None:
    name = "NHSD-Target-Identifier"
    if not value:
        found.say(Refusal.HEADER_MISSING, name, "missing; expected base64 of system and value")
        return
    target = _decoded(value)
    if target is None:
        found.say(Refusal.HEADER_WRONG, name, "no base64 of a JSON object with system and value")
    elif not (text(target, "system") and text(target, "value")):
        found.say(Refusal.HEADER_WRONG, name, "the JSON object lacks system or value")


def _resource(
    found: Findings, headers: Mapping[str, str], name: str, kind: str, *, needed: bool
) -> None:
    value = headers.get(name.lower(), "")
    if not value:
        if needed:
            found.say(Refusal.HEADER_MISSING, name, f"missing; expected base64 of a FHIR {kind}")
        return
    if text(_decoded(value), "resourceType") != kind:
        found.say(Refusal.HEADER_WRONG, name, f"no base64 of a FHIR {kind} in JSON")
