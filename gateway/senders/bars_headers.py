"""The HTTP headers of a BaRS request (CLINICAL 3.2), and our addresses within a service."""

import base64
from collections.abc import Mapping

import msgspec

from alerts.referral import bars_codes as codes
from alerts.referral.bars_case import BarsCase, Sender, correlation_id, request_id

ACCEPT = "application/fhir+json; version=1.1.0"
FHIR_JSON = "application/fhir+json"
PROCESS = "/$process-message"


def headers(case: BarsCase, what: bytes, token: str | None) -> dict[str, str]:
    """Make the headers of one request.

    Args:
        case: The message.
        what: What is asked: the body, or the address of a GET. The same gives the same
            X-Request-Id, so that a retry says that it is one.
        token: The bearer token, where the service wants one.
    """
    target = {"system": codes.DOS, "value": case.receiver.dos_id}
    found = {
        "Accept": ACCEPT,
        "NHSD-Target-Identifier": _header(target),
        "X-Request-Id": request_id(what),
        "X-Correlation-Id": correlation_id(case.referral),
        "NHSD-End-User-Organisation": _header(_organisation(case.sender)),
        "NHSD-Requesting-Software": _header(_software(case.sender)),
    }
    if case.requester is not None:
        found["NHSD-Requesting-Practitioner"] = _header(_role(case))
    if token is not None:
        found["Authorization"] = f"Bearer {token}"
    return found


def _header(value: Mapping[str, object]) -> str:
    return base64.b64encode(msgspec.json.encode(value)).decode("ascii")


def _organisation(sender: Sender) -> dict[str, object]:
    return {
        "resourceType": "Organization",
        "identifier": [{"system": codes.ODS, "value": sender.ods}],
        "name": sender.name,
    }


def _software(sender: Sender) -> dict[str, object]:
    name = {"name": sender.software, "type": "manufacturer-name"}
    version = {"value": sender.version}
    arrays = sender.device_arrays
    return {
        "resourceType": "Device",
        "identifier": [{"system": f"{codes.LOCAL}:software", "value": sender.software}],
        "deviceName": [name] if arrays else name,
        "version": [version] if arrays else version,
    }


def _role(case: BarsCase) -> dict[str, object]:
    who = {"system": codes.OPERATOR_ID, "value": case.requester}
    organisation = {"system": codes.ODS, "value": case.sender.ods}
    return {
        "resourceType": "PractitionerRole",
        "practitioner": {"identifier": who},
        "organization": {"identifier": organisation},
    }
