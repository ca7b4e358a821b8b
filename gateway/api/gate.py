"""The gate before every route: who calls, and may they. Nothing of the body is read before it.

Contract: a request that matches a route goes on only when auth.ROUTES names that route and the
token's role stands in its row. Failed sign-ins are counted per source address; above the limit an
address is answered 429 without asking the database, except for tokens that proved themselves from
there before: one misconfigured client must not lock out the colleagues behind the same address.

This process remembers addresses only to slow guessing down; a restart forgets them. Devices do not
come this way.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api import counters
from gateway.api.auth import ROUTES, Caller, Roles
from gateway.api.outcomes import FHIR, of_problem
from gateway.api.peers import peer
from gateway.api.problems import of_error, problem
from gateway.clock import Clock
from gateway.context import Context
from gateway.errors import StoreError
from gateway.keys import secret_sha256
from gateway.store.connect import row
from gateway.tokens import Role

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
        key = self._route(scope)
        if key is None:
            await self._app(scope, receive, send)  # the router answers 404 or 405
            return
        scope["lifeline.route"] = key[1]
        answer = await self._admit(scope, key)
        if answer is not None and key[1].startswith(FHIR):
            answer = of_problem(answer)
        if answer is not None:
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _route(self, scope: Scope) -> tuple[str, str] | None:
        for route in self._api.routes:
            match, _ = route.matches(scope)
            if match is Match.FULL:
                method = "*" if isinstance(route, Mount) else scope["method"]
                return method, getattr(route, "path", "")
        return None

    async def _admit(self, scope: Scope, key: tuple[str, str]) -> JSONResponse | None:
        if key not in self._table:
            return problem(403, "this route is in no table of roles, so nobody may use it")
        roles = self._table[key]
        if roles is None:
            return None
        seen = peer(scope, self._context) if key[1].startswith(FHIR) else None
        caller = seen or await self._identify(scope)
        if isinstance(caller, JSONResponse):
            return caller
        if caller.role not in roles:
            may = ", ".join(sorted(roles)) or "nobody"
            return problem(403, f"your role is {caller.role}; this is for: {may}")
        scope.setdefault("state", {})["caller"] = caller
        return None

    async def _identify(self, scope: Scope) -> Caller | JSONResponse:
        now = self._clock.now()
        address = scope["client"][0] if scope.get("client") else ""
        token = _token(scope)
        if not token:
            return problem(401, "no token was sent")
        digest = secret_sha256(token)
        if self._logins.barred(address, digest, now):
            counters.limited_logins.inc()
            wait_s = str(int(WINDOW.total_seconds()))
            return problem(
                429,
                f"{FAILURES_PER_WINDOW} sign-ins failed from this address within a minute",
                headers={"Retry-After": wait_s},
            )
        try:
            found = await self._look_up(digest, now)
        except StoreError as error:
            return of_error(error) or problem(503, "tokens cannot be checked now")
        if found is None:
            self._logins.failed(address, digest, now)
            counters.failed_logins.inc()
            return problem(401, "the token is not known, or has ended")
        self._logins.succeeded(address, digest, now)
        return found

    async def _look_up(self, digest: bytes, now: datetime) -> Caller | None:
        async with self._context.sessions.transaction() as connection:
            found = await row(connection, "token", sha256=digest, now=now)
        if found is None:
            return None
        return Caller(found.organisation_id, found.name, Role(found.role), found.service_id)


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
