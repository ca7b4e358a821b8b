"""What a refusal looks like: an OperationOutcome with a code of `http-error-codes`.

HTTP status, code and issue type belong together as in the examples of BaRS (OperationOutcome/SEND
and OperationOutcome/REC): SEND_ is said by the proxy in front, REC_ by the receiver itself.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

SYSTEM = "https://fhir.nhs.uk/CodeSystem/http-error-codes"
MAX_ISSUES = 50


class Refusal(Enum):
    """What is refused: (HTTP status, error code, issue type of FHIR)."""

    HEADER_MISSING = (400, "SEND_BAD_REQUEST", "required")
    HEADER_WRONG = (400, "SEND_BAD_REQUEST", "value")
    NO_TOKEN = (401, "SEND_UNAUTHORIZED", "login")
    UNKNOWN_TOKEN = (401, "SEND_UNAUTHORIZED", "unknown")
    OLD_TOKEN = (403, "SEND_FORBIDDEN", "expired")
    NOT_ACCEPTABLE = (406, "SEND_NOT_ACCEPTABLE", "processing")
    THROTTLED = (429, "SEND_TOO_MANY_REQUESTS", "throttled")
    MALFORMED = (400, "REC_BAD_REQUEST", "structure")
    BAD = (400, "REC_BAD_REQUEST", "invalid")
    INCONSISTENT = (400, "REC_BAD_REQUEST", "invariant")
    NOT_FOUND = (404, "REC_NOT_FOUND", "not-found")
    TIMEOUT = (408, "REC_TIMEOUT", "timeout")
    DUPLICATE = (409, "REC_CONFLICT", "duplicate")
    INCOMPLETE = (422, "REC_UNPROCESSABLE_ENTITY", "required")
    WRONG_VALUE = (422, "REC_UNPROCESSABLE_ENTITY", "value")
    UNKNOWN_REFERRAL = (422, "REC_UNPROCESSABLE_ENTITY", "not-found")
    NOT_SUPPORTED = (422, "REC_UNPROCESSABLE_ENTITY", "not-supported")
    TOO_LARGE = (422, "REC_UNPROCESSABLE_ENTITY", "too-costly")
    UNAVAILABLE = (503, "REC_SERVICE_UNAVAILABLE", "transient")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.value[0]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what was found, what was expected, and where.

    `where` is a FHIRPath without data, or the name of a header. No value that may be a person's
    stands in `text`, because problems are listed and logged.
    """

    refusal: Refusal
    where: str
    text: str


def operation_outcome(problems: list[Problem], new_id: str) -> dict[str, Any]:
    """Build the OperationOutcome of at least one problem; FHIR R4, OperationOutcome."""
    return {
        "resourceType": "OperationOutcome",
        "id": new_id,
        "meta": {
            "profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-OperationOutcome"]
        },
        "issue": [_issue(problem) for problem in problems[:MAX_ISSUES]],
    }


def _issue(problem: Problem) -> dict[str, Any]:
    _status, code, issue = problem.refusal.value
    return {
        "severity": "error",
        "code": issue,
        "details": {"coding": [{"system": SYSTEM, "code": code}]},
        "diagnostics": f"{problem.where}: {problem.text}",
        "expression": [problem.where],
    }


def status_of(problems: list[Problem]) -> int:
    """Give the HTTP status of several problems: the lowest, since it was found first."""
    return min(problem.refusal.status for problem in problems)
