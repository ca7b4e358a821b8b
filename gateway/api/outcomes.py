"""FHIR's own form of answers and errors: OperationOutcome with a BaRS error code (CLINICAL 3.3).

Contract: as gateway/api/problems.py: no personal data, no values of the request, no database text.
"""

from collections.abc import Mapping

import msgspec
from fastapi.responses import JSONResponse

MEDIA_TYPE = "application/fhir+json"
SYSTEM = "https://fhir.nhs.uk/CodeSystem/http-error-codes"
FHIR = "/fhir/"

# HTTP status -> issue type of FHIR, code of http-error-codes.
CODES: Mapping[int, tuple[str, str]] = {
    400: ("structure", "REC_BAD_REQUEST"),
    401: ("login", "REC_UNAUTHORIZED"),
    403: ("forbidden", "REC_FORBIDDEN"),
    404: ("not-found", "REC_NOT_FOUND"),
    405: ("not-supported", "REC_METHOD_NOT_ALLOWED"),
    409: ("duplicate", "REC_CONFLICT"),
    413: ("too-long", "REC_TOO_LARGE"),
    422: ("processing", "REC_UNPROCESSABLE_ENTITY"),
    429: ("throttled", "REC_TOO_MANY_REQUESTS"),
    503: ("transient", "REC_UNAVAILABLE"),
}
SERVER_ERROR = ("exception", "REC_SERVER_ERROR")
KEPT = ("Retry-After", "WWW-Authenticate")


class _Said(msgspec.Struct):
    detail: str
    what_next: str


def refused(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Make the answer to what was not taken."""
    kind, code = CODES.get(status, SERVER_ERROR)
    issue = {
        "severity": "error",
        "code": kind,
        "details": {"coding": [{"system": SYSTEM, "code": code}]},
        "diagnostics": detail,
    }
    return _answer(status, issue, headers)


def of_problem(found: JSONResponse) -> JSONResponse:
    """Say a Problem (gateway/api/problems.py) as FHIR does; status and headers stay."""
    said = msgspec.json.decode(bytes(found.body), type=_Said)
    kept = {name: found.headers[name] for name in KEPT if name in found.headers}
    return refused(found.status_code, f"{said.detail}. {said.what_next}", kept)


def accepted(detail: str, severity: str = "information") -> JSONResponse:
    """Make the answer to what was taken and committed."""
    issue = {"severity": severity, "code": "informational", "diagnostics": detail}
    return _answer(200, issue, None)


def _answer(
    status: int, issue: Mapping[str, object], headers: Mapping[str, str] | None
) -> JSONResponse:
    body = {"resourceType": "OperationOutcome", "issue": [issue]}
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)
