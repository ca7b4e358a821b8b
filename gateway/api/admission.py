"""What the gate finds out about one request: who it is from, and why they may not go on.

A bearer token or the cookie of a signed-in browser; who sends a token is judged by it alone. The
look-up, and the audit row of a route that shows personal data, are one transaction, before the
route reads anything: no row, no reading.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi.responses import JSONResponse
from starlette.types import Message, Receive, Scope

from gateway.access import cookies
from gateway.access.logins import SignedIn
from gateway.access.organisation import owner_of
from gateway.api.auth import BEFORE_OWN_PASSWORD, PERSONAL_READS, PRECEDENCE, Caller, Roles
from gateway.api.problems import problem
from gateway.api.viewings import REFRESHED, Viewings
from gateway.audit.rows import Act, add
from gateway.context import Context
from gateway.store.connect import Connection, row
from gateway.tokens import OF_A_SERVICE, Role

BACKGROUND = b"x-lifeline-background"  # sent by what a page does without its person
SIGN_IN_NEXT = "Sign in again; what you have typed is kept."


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the gate sees it: where it goes, and who may go there."""

    scope: Scope
    key: tuple[str, str]
    roles: Roles
    params: Mapping[str, object]
    now: datetime


async def by_token(context: Context, asked: Asked, digest: bytes) -> Caller | JSONResponse | None:
    """Give who a token belongs to, or why they may not; None for a token nobody has.

    Raises:
        StoreError: it cannot be looked up, or the reading cannot be written down.
    """
    async with owner_of(context.sessions).transaction() as connection:
        found = await row(connection, "token", sha256=digest, now=asked.now)
        if found is None:
            return None
        role = Role(found.role)
        if role not in asked.roles:
            return not_allowed(asked, frozenset({role}))
        caller = Caller(found.organisation_id, found.name, role, found.service_id)
        await _note_reading(connection, context, asked, caller)
    return caller


async def by_cookie(
    context: Context, asked: Asked, cookie: str, viewings: Viewings, *, secure: bool
) -> Caller | JSONResponse:
    """Give who is signed in at a browser, or why they may not.

    Raises:
        StoreError: as `by_token`.
    """
    headers = asked.scope["headers"]
    acts = not cookies.header(headers, BACKGROUND)
    async with owner_of(context.sessions).transaction() as connection:
        found = await context.logins.find(connection, cookie, asked.now, secure=secure, acts=acts)
        if found is None:
            return problem(401, "the sign-in is over", what_next=SIGN_IN_NEXT, reason="signed_out")
        caller = _acting(found, asked.roles)
        if caller is None:
            return not_allowed(asked, found.roles)
        if found.must_change and asked.key[1] not in BEFORE_OWN_PASSWORD:
            return problem(
                403,
                "somebody else has set your password",
                what_next="Choose a password of your own first.",
                reason="password_must_change",
            )
        query = bytes(asked.scope.get("query_string", b""))
        viewing = (found.sha256, str(asked.scope.get("path", "")))
        if viewings.goes_on(viewing, query, asked.now):
            return caller
        await _note_reading(connection, context, asked, caller)
    if asked.key == REFRESHED:
        viewings.written(viewing, asked.now)
    return caller


def not_allowed(asked: Asked, roles: Roles) -> JSONResponse:
    """Say which roles would be needed."""
    may = ", ".join(sorted(asked.roles)) or "nobody"
    are = ", ".join(sorted(roles))
    return problem(403, f"your role is {are}; this is for: {may}")


def _acting(found: SignedIn, allowed: Roles) -> Caller | None:
    """Give the caller in the first of their roles that the route allows."""
    role = next((one for one in PRECEDENCE if one in found.roles and one in allowed), None)
    if role is None:
        return None
    service = found.service_id if role in OF_A_SERVICE else None
    return Caller(found.organisation_id, found.name, role, service, found.roles, found)


async def _note_reading(
    connection: Connection, context: Context, asked: Asked, caller: Caller
) -> None:
    method, path = asked.key
    if method != "GET" or path not in PERSONAL_READS:
        return
    query = bytes(asked.scope.get("query_string", b""))
    act = Act(
        caller.organisation_id, asked.now, caller.actor, f"GET {path}", _about(asked.params), query
    )
    await add(connection, context.desk.audit_key, act)


def _about(params: Mapping[str, object]) -> UUID | None:
    """Give the id in an address that a reading is about."""
    for value in params.values():
        with suppress(ValueError):
            return UUID(str(value))
    return None


async def forged(
    asked: Asked, caller: Caller, receive: Receive
) -> tuple[JSONResponse | None, Receive]:
    """Say why an act may not be this person's own will; and give the body for whoever reads next.

    Only for browsers: no other page can make one send a token. A form's body is read here, up to
    the edge's bound, when the token stands in no header.
    """
    signed_in = caller.signed_in
    if signed_in is None or asked.scope["method"] in cookies.SAFE_METHODS:
        return None, receive
    headers = asked.scope["headers"]
    why = cookies.from_elsewhere(headers)
    given = cookies.header(headers, cookies.CSRF_HEADER)
    if why is None and not given and cookies.is_form(headers):
        body, receive = await _read(receive)
        with suppress(ValueError):
            given = cookies.fields(body).get(cookies.CSRF_FIELD, "")
    if why is None and not cookies.is_token(given, signed_in.csrf):
        why = "the request bears no token of one of our pages"
    if why is None:
        return None, receive
    answer = problem(403, why, what_next="Load the page again, then repeat the act.", reason="csrf")
    return answer, receive


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """Read a body whole; give it, and a way to read it once more."""
    parts, more = [], True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(parts)
    is_told = False

    async def again() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, again
