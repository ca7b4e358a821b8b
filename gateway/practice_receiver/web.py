"""Reading requests and writing answers, for all routes of the practice receiver."""

from uuid import uuid4

import msgspec
from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from gateway.practice_receiver.headers import FHIR_JSON
from gateway.practice_receiver.outcomes import Problem, operation_outcome, status_of
from gateway.practice_receiver.reading import Json

MAX_BODY = 1 << 20


async def read_body(request: Request) -> bytes | None:
    """Read a body, at most one byte more than MAX_BODY; None when the client went away."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            if len(body) <= MAX_BODY:
                body += chunk
    except ClientDisconnect:
        return None
    return bytes(body)


def fhir_answer(resource: Json, status: int = 200) -> Response:
    """Answer with a resource."""
    return Response(msgspec.json.encode(resource), status, media_type=FHIR_JSON)


def outcome_answer(problems: list[Problem]) -> Response:
    """Answer with an OperationOutcome."""
    return fhir_answer(operation_outcome(problems, str(uuid4())), status_of(problems))


def json_answer(content: object, status: int = 200) -> Response:
    """Answer with plain JSON."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")
