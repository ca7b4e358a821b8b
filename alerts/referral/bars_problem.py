"""What a refused request means: try again, never again, or in truth delivered (CLINICAL 3.3).

| answer                                            | verdict    |
|---------------------------------------------------|------------|
| 409, issue `duplicate`                            | delivered  |
| 401, 403                                          | token      |
| 400, 422                                          | never      |
| 408, 429, 503                                     | again      |
| PROXY_* in an OperationOutcome                    | again      |
| no OperationOutcome, or none with an error code   | again      |
| 5xx                                               | again      |
| any other                                         | never      |

Words are for the operator with the phone task: made from codes alone, because what a receiver
writes in `diagnostics` may name the person.
"""

import re
from enum import StrEnum

import msgspec

from alerts.referral.bars_read import codes, dicts, text

ERROR_CODES = "http-error-codes"
PLAIN_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,59}")
DUPLICATE = "duplicate"
NOT_FOUND = "not-found"
NEVER_STATUS = frozenset({400, 422})
TOKEN_STATUS = frozenset({401, 403})
AGAIN_STATUS = frozenset({408, 425, 429})
TELEPHONE = "Telephone the service now."
ENGINEER = f"{TELEPHONE} Then tell an engineer the code."

# Code without its SEND_, REC_ or PROXY_ -> what happened, what to do.
MEANINGS = {
    "BAD_REQUEST": ("could not read our message", ENGINEER),
    "UNAUTHORIZED": ("does not know who we are", ENGINEER),
    "FORBIDDEN": ("does not let us refer to it", ENGINEER),
    "NOT_FOUND": ("is not at the address we have for it", ENGINEER),
    "METHOD_NOT_ALLOWED": ("does not take this kind of message", ENGINEER),
    "NOT_ACCEPTABLE": ("does not speak our version", ENGINEER),
    "TIMEOUT": ("took too long to answer", TELEPHONE),
    "CONFLICT": ("has something that contradicts our message", ENGINEER),
    "TOO_LARGE": ("found our message too long", ENGINEER),
    "UNPROCESSABLE_ENTITY": ("cannot use what our message says", ENGINEER),
    "TOO_MANY_REQUESTS": ("has too many messages at once", TELEPHONE),
    "SERVER_ERROR": ("had an error of its own", TELEPHONE),
    "NOT_IMPLEMENTED": ("does not take this kind of message", ENGINEER),
    "BAD_GATEWAY": ("cannot be reached behind its proxy", TELEPHONE),
    "UNAVAILABLE": ("is out of order for now", TELEPHONE),
    "SERVICE_UNAVAILABLE": ("is out of order for now", TELEPHONE),
    "GATEWAY_TIMEOUT": ("took too long to answer its proxy", TELEPHONE),
}
BY_STATUS = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    408: "TIMEOUT",
    409: "CONFLICT",
    413: "TOO_LARGE",
    422: "UNPROCESSABLE_ENTITY",
    429: "TOO_MANY_REQUESTS",
    500: "SERVER_ERROR",
    501: "NOT_IMPLEMENTED",
    502: "BAD_GATEWAY",
    503: "UNAVAILABLE",
    504: "GATEWAY_TIMEOUT",
}


class Verdict(StrEnum):
    """What follows from an answer that is no success."""

    DELIVERED = "delivered"
    AGAIN = "again"
    NEVER = "never"
    TOKEN = "token"  # noqa: S105 - a verdict: get a fresh one


class Refused(msgspec.Struct, frozen=True):
    """A verdict with its words for an operator."""

    verdict: Verdict
    words: str


class Issues(msgspec.Struct, frozen=True):
    """The error codes and issue types of an OperationOutcome."""

    codes: tuple[str, ...]
    types: tuple[str, ...]


def read_outcome(body: object) -> Issues | None:
    """Read an OperationOutcome; None when it is none, or one without an error code we can read."""
    if not isinstance(body, dict) or body.get("resourceType") != "OperationOutcome":
        return None
    issues = dicts(body.get("issue"))
    found = [code for one in issues for code in codes(one.get("details"), ERROR_CODES)]
    plain = tuple(code for code in found if PLAIN_CODE.fullmatch(code))
    if not plain:
        return None
    return Issues(plain, tuple(text(one.get("code")) for one in issues))


def judge(status: int, body: object) -> Refused:
    """Say what follows from an answer of another status than 2xx."""
    issues = read_outcome(body)
    return Refused(_verdict(status, issues), explain(status, issues))


def _verdict(status: int, issues: Issues | None) -> Verdict:
    if status in TOKEN_STATUS:
        return Verdict.TOKEN
    if status in NEVER_STATUS:
        return Verdict.NEVER
    if issues is None or status in AGAIN_STATUS or status >= 500:
        return Verdict.AGAIN
    if status == 409 and DUPLICATE in issues.types:
        return Verdict.DELIVERED
    proxied = any(code.startswith("PROXY_") for code in issues.codes)
    return Verdict.AGAIN if proxied else Verdict.NEVER


def explain(status: int, issues: Issues | None) -> str:
    """Say in plain words what happened and what to do."""
    code = issues.codes[0] if issues is not None else ""
    if issues is not None and NOT_FOUND in issues.types:
        return (
            f"The service has no such referral (code {code}, HTTP {status}). Telephone the service "
            "now; what it knows by telephone only must be changed by telephone."
        )
    meaning = MEANINGS.get(code.partition("_")[2]) or MEANINGS.get(BY_STATUS.get(status, ""))
    what, then = meaning or ("refused our message", ENGINEER)
    named = f"code {code}, HTTP {status}" if code else f"HTTP {status} without a code"
    return f"The service {what} ({named}). {then}"
