"""Errors as the caller reads them: application/problem+json (RFC 9457) with what to do next.

Contract: no personal data, no request values and no database text in any of them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from gateway.casework import CannotDecide
from gateway.errors import BadData, StoreBusy, StoreUnavailable

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
MAX_NAMED_FIELDS = 10
PLAIN = re.compile(r"[A-Za-z0-9_-]{1,40}")

TITLES: Mapping[int, str] = {
    400: "The request cannot be read",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "Refused as things stand",
    413: "Too large",
    422: "The request is not as expected",
    429: "Too many failed sign-ins",
    500: "The gateway failed",
    503: "Not possible now",
}
NEXT: Mapping[int, str] = {
    400: "Correct the request; the document of the API is at /api/v1/openapi.json.",
    401: "Sign in, or send a valid token: Authorization: Bearer <token>.",
    403: "Ask a supervisor for a role that may do this.",
    404: "Check the id and the address; a record of another organisation cannot be seen.",
    405: "Check the method; the document of the API is at /api/v1/openapi.json.",
    409: "Read the record again: it may have changed, or another act must come first.",
    413: "Send at most 64 KiB.",
    422: "Correct the named fields; the document of the API is at /api/v1/openapi.json.",
    429: "Wait a minute, then send a valid token.",
    500: "Nothing is known to be kept: read the record again, use the telephone, tell an engineer.",
    503: "Nothing was acknowledged: try again in a few seconds; meanwhile use the telephone.",
}


class Problem(BaseModel):
    """What went wrong, and what to do next."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": TITLES[409],
                    "status": 409,
                    "detail": "accept is not possible when withdrawn; possible: seen",
                    "what_next": NEXT[409],
                    "reason": "refused",
                }
            ]
        }
    )

    title: str = Field(description="The kind of problem, always the same for one status")
    status: int = Field(description="The HTTP status")
    detail: str = Field(description="What was found and what was expected")
    what_next: str = Field(description="What to do now")
    reason: str | None = Field(default=None, description="The named reason of a refusal")


class ApiError(Exception):
    """Raised by routes; becomes a Problem."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        what_next: str | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.what_next = what_next
        self.reason = reason


def problem(
    status: int,
    detail: str,
    *,
    what_next: str | None = None,
    reason: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Make the answer; a 503 says when to try again, a 401 how to sign in."""
    body = Problem(
        title=TITLES.get(status, "The request failed"),
        status=status,
        detail=detail,
        what_next=what_next or NEXT.get(status, NEXT[400]),
        reason=reason,
    )
    more = dict(headers or {})
    if status == 503:
        more.setdefault("Retry-After", str(RETRY_AFTER_S))
    if status == 401:
        more.setdefault("WWW-Authenticate", "Bearer")
    return JSONResponse(
        body.model_dump(exclude_none=True), status, headers=more, media_type=MEDIA_TYPE
    )


def of_error(error: Exception) -> JSONResponse | None:
    """Give the answer to an error we know; None for a stranger."""
    if isinstance(error, ApiError):
        return problem(error.status, error.detail, what_next=error.what_next, reason=error.reason)
    if isinstance(error, StoreUnavailable):
        return problem(503, "the database cannot be used now; nothing was acknowledged")
    if isinstance(error, StoreBusy):
        return problem(503, "somebody else works on this case right now; nothing was kept")
    if isinstance(error, BadData):
        return problem(422, "the database refuses a value of this request; nothing was kept")
    if isinstance(error, CannotDecide):
        log.error("an act broke deciding", subject=str(error.subject_id))
        return problem(500, "this case cannot be decided now; nothing was kept")
    return None


def _fields(errors: Sequence[Any]) -> str:
    """Name the wrong fields and what was expected, without what was sent."""
    named = []
    for one in errors[:MAX_NAMED_FIELDS]:
        parts = (str(part) for part in one["loc"] if part != "body")
        where = ".".join(part if PLAIN.fullmatch(part) else "…" for part in parts) or "body"
        named.append(f"{where}: {one['msg'].removeprefix('Value error, ')}")
    more = len(errors) - len(named)
    return "; ".join(named) + (f"; and {more} more" if more > 0 else "")


async def _known(request: Request, error: Exception) -> JSONResponse:
    del request
    return cast("JSONResponse", of_error(error))


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    del request
    return problem(422, _fields(cast("RequestValidationError", error).errors()))


async def _http(request: Request, error: Exception) -> JSONResponse:
    found = cast("HTTPException", error)
    texts = {
        404: "no such address",
        405: f"{request.method} is not possible at this address",
        400: "the body cannot be read",
        413: "the body is longer than 64 KiB",
    }
    detail = texts.get(found.status_code, "the request failed")
    return problem(found.status_code, detail, headers=found.headers)


def install(app: FastAPI) -> None:
    """Make every error of the routes a Problem."""
    for kind in (ApiError, StoreUnavailable, StoreBusy, BadData, CannotDecide):
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
