"""The OpenAPI document, finished: sign-in, roles and the error model on every operation.

Roles and sign-in are read from the one table (auth.py), so that the document cannot say otherwise.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gateway import __version__
from gateway.api.auth import ROUTES
from gateway.api.problems import MEDIA_TYPE, NEXT, TITLES, Problem

DESCRIPTION = (
    "The built-in desk for urgent community response, operators' acts, health and metrics.\n\n"
    "An answer of 2xx to a POST means: committed. Errors are application/problem+json with "
    "`what_next`. Times are RFC 3339 in UTC. Every reading of a person's details is audited.\n\n"
    "Programs send a token. Browsers of people who are signed in send their cookie instead, and\n"
    "with every act the header X-CSRF-Token, from GET /api/v1/me."
)
ALWAYS = (422, 500)
WITHOUT_TOKEN = (500,)
WITH_TOKEN = (401, 403, 429, 503)
BY_ID = (404,)
ACTS = (400, 404, 409, 413)
PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
Json = dict[str, Any]


def describe(app: FastAPI) -> Json:
    """Make the document of an application."""
    found = get_openapi(
        title="Lifeline gateway",
        version=__version__,
        description=DESCRIPTION,
        routes=app.routes,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    found["components"]["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "256 random bits, bound to an organisation, a role and, for a "
            "responder, a service",
        }
    }
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _finish(operation, method.upper(), path)
    return found


def _finish(operation: Json, method: str, path: str) -> None:
    roles = ROUTES[(method, path)]
    if roles is None:
        operation["security"] = []
    else:
        operation["security"] = [{"token": []}]
        names = ", ".join(sorted(roles))
        operation["description"] = f"{operation['description']}\n\nRoles: {names}."
        operation["x-roles"] = sorted(roles)
    for status in _statuses(method, path, open_to_all=roles is None):
        operation["responses"][str(status)] = _error(status)


def _statuses(method: str, path: str, *, open_to_all: bool) -> list[int]:
    statuses = set(WITHOUT_TOKEN if open_to_all else (*ALWAYS, *WITH_TOKEN))
    if path == "/readyz":
        statuses.add(503)
    if "{" in path or path.endswith(("/referrals", "/tasks", "/mdt")):
        statuses.update(BY_ID)
    if method != "GET":
        statuses.update(ACTS)
    return sorted(statuses)


def _error(status: int) -> Json:
    example = {
        "title": TITLES[status],
        "status": status,
        "detail": "what was found and what was expected",
        "what_next": NEXT[status],
    }
    return {
        "description": TITLES[status],
        "content": {MEDIA_TYPE: {"schema": PROBLEM_REF, "example": example}},
    }
