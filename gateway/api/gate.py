"""The gate before every route: who calls, and may they. Nothing of the body is read before it.

Contract: a request that matches a route goes on only when auth.ROUTES names that route and a role
of the caller (a token's, or a signed-in browser's) stands in its row. Failed tokens are counted per
source address; above the limit an address is answered 429 without asking the database, except for
tokens that proved themselves from there before: one misconfigured client must not lock out the
colleagues behind the same address.

This process remembers addresses only to slow guessing down; a restart forgets them. Devices do not
come this way. Pages are answered with pages: who must sign in first is led there and back.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

import msgspec
from fastapi import FastAPI
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.access.cookies import cookie_of, header
from gateway.access.organisation import acting_for
from gateway.api import counters
from gateway.api.admission import Asked, by_cookie, by_token, forged, not_allowed
from gateway.api.auth import ALL, ROUTES, V1, Caller, Roles
from gateway.api.outcomes import FHIR, of_problem
from gateway.api.peers import peer
from gateway.api.problems import of_error, problem
from gateway.api.viewings import Viewings
from gateway.clock import Clock
from gateway.context import Context
from gateway.errors import StoreError
from gateway.keys import secret_sha256

FAILURES_PER_WINDOW = 10
WINDOW = timedelta(seconds=60)
MAX_ADDRESSES = 10_000
MAX_PROVED_PER_ADDRESS = 200
MAX_TOKEN_CHARACTERS = 200
SCHEME = "bearer "


@dataclass(slots=True)
class _Address:
    since: datetime
    failures: int = 0
    proved: set[bytes] = field(default_factory=set)


class FailedLogins:
    """How often each address failed to sign in lately. Bounded: the longest unseen is forgotten."""

    def __init__(self) -> None:
        self._addresses: OrderedDict[str, _Address] = OrderedDict()

    def _of(self, address: str, now: datetime) -> _Address:
        found = self._addresses.setdefault(address, _Address(now))
        self._addresses.move_to_end(address)
        while len(self._addresses) > MAX_ADDRESSES:
            self._addresses.popitem(last=False)
        if now - found.since >= WINDOW:
            found.since, found.failures = now, 0
        return found

    def barred(self, address: str, digest: bytes, now: datetime) -> bool:
        """Say whether a token may not even be looked up."""
        found = self._of(address, now)
        return found.failures >= FAILURES_PER_WINDOW and digest not in found.proved

    def failed(self, address: str, digest: bytes, now: datetime) -> None:
        """Count a failed sign-in."""
        found = self._of(address, now)
        found.failures += 1
        found.proved.discard(digest)

    def succeeded(self, address: str, digest: bytes, now: datetime) -> None:
        """Remember that a token is good at an address."""
        found = self._of(address, now)
        if len(found.proved) < MAX_PROVED_PER_ADDRESS:
            found.proved.add(digest)


class Gate:
    """ASGI middleware; see the module."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        api: FastAPI,
        context: Context,
        table: Mapping[tuple[str, str], Roles | None] = ROUTES,
    ) -> None:
        self._app = app
        self._api = api
        self._context = context
        self._table = table
        self._logins = FailedLogins()
        self._viewings = Viewings()

    @property
    def _clock(self) -> Clock:
        return self._context.clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        key, params = self._route(scope)
        if key is None:
            await self._app(scope, receive, send)  # the router answers 404 or 405
            return
        scope["lifeline.route"] = key[1]
        caller = await self._admit(scope, key, params)
        if isinstance(caller, Caller):
            asked = Asked(scope, key, ALL, params, self._clock.now())
            answer, receive = await forged(asked, caller, receive)
            caller = answer or caller
        if isinstance(caller, JSONResponse):
            await self._refused(scope, key[1], caller)(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        with acting_for(caller.organisation_id if caller is not None else None):
            await self._app(scope, receive, send)

    def _route(self, scope: Scope) -> tuple[tuple[str, str] | None, Mapping[str, object]]:
        for route in self._api.routes:
            match, child = route.matches(scope)
            if match is Match.FULL:
                method = "*" if isinstance(route, Mount) else scope["method"]
                return (method, getattr(route, "path", "")), child.get("path_params", {})
        return None, {}

    @staticmethod
    def _refused(scope: Scope, path: str, answer: JSONResponse) -> Response:
        """Say no as FHIR does, or lead a browser to where its person goes on, or by a Problem."""
        if path.startswith(FHIR):
            return of_problem(answer)
        if not wants_page(scope, path):
            return answer
        if answer.status_code == 401:
            return RedirectResponse(f"/sign-in?next={quote(scope['path'])}", 303)
        reason = msgspec.json.decode(bytes(answer.body), type=_Said).reason
        if reason == "password_must_change":
            return RedirectResponse("/password", 303)
        return answer

    async def _admit(
        self, scope: Scope, key: tuple[str, str], params: Mapping[str, object]
    ) -> Caller | JSONResponse | None:
        """Give who calls, None where anybody may, or why not."""
        if key not in self._table:
            return problem(403, "this route is in no table of roles, so nobody may use it")
        roles = self._table[key]
        if roles is None:
            return None
        asked = Asked(scope, key, roles, params, self._clock.now())
        seen = peer(scope, self._context) if key[1].startswith(FHIR) else None
        if seen is not None:
            return seen if seen.role in roles else not_allowed(asked, frozenset({seen.role}))
        try:
            return await self._identify(asked)
        except StoreError as error:
            return of_error(error) or problem(503, "who you are cannot be checked now")

    async def _identify(self, asked: Asked) -> Caller | JSONResponse:
        headers = asked.scope["headers"]
        if not any(name == b"authorization" for name, _ in headers):
            cookie, secure = cookie_of(headers)
            if cookie:
                return await by_cookie(self._context, asked, cookie, self._viewings, secure=secure)
        now = asked.now
        address = asked.scope["client"][0] if asked.scope.get("client") else ""
        token = _token(asked.scope)
        if not token:
            return problem(401, "no token was sent, and nobody is signed in")
        digest = secret_sha256(token)
        if self._logins.barred(address, digest, now):
            counters.limited_logins.inc()
            wait_s = str(int(WINDOW.total_seconds()))
            return problem(
                429,
                f"{FAILURES_PER_WINDOW} sign-ins failed from this address within a minute",
                headers={"Retry-After": wait_s},
            )
        found = await by_token(self._context, asked, digest)
        if found is None:
            self._logins.failed(address, digest, now)
            counters.failed_logins.inc()
            return problem(401, "the token is not known, or has ended")
        self._logins.succeeded(address, digest, now)
        return found


class _Said(msgspec.Struct):
    reason: str | None = None


def wants_page(scope: Scope, path: str) -> bool:
    """Say whether a person in a browser asks for a page, who can do nothing with a Problem."""
    accept = header(scope["headers"], b"accept")
    is_data = path.startswith((V1, FHIR, "/metrics"))
    return scope["method"] == "GET" and "text/html" in accept and not is_data


def _token(scope: Scope) -> str:
    """Read the bearer token; "" for none, for two, and for what cannot be one."""
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(given) != 1:
        return ""
    text = str(given[0], "latin-1")
    token = text[len(SCHEME) :].strip()
    if not text.lower().startswith(SCHEME) or len(token) > MAX_TOKEN_CHARACTERS:
        return ""
    return token
