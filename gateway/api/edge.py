"""The outermost layer: bounds on body and time, security headers, counting, and no bare errors.

Contract: every request is answered within REQUEST_S; an error nobody expected becomes a 500 with
words, and the log gets its class and place only. An answer that has begun is not changed.
"""

import asyncio
import time

import structlog
from fastapi import HTTPException
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api import counters
from gateway.api.outcomes import FHIR, of_problem
from gateway.api.problems import of_error, problem
from gateway.log import place

log = structlog.get_logger()

MAX_BODY_BYTES = 64 * 1024
# Longer than all tries of an act together (gateway/acts.py): 6 x (1 s lock wait + 0.2 s).
REQUEST_S = 10.0
NO_ROUTE = "none"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: browsers would then send no Origin with a form, by which forgeries are told.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
CACHEABLE = frozenset({"/page.css"})
# Answers that go on for as long as a console is open.
STREAMS = frozenset({"/console/stream"})


class TooLarge(HTTPException):
    """The body is longer than the bound; of the kind that passes through whoever reads the body."""

    def __init__(self) -> None:
        super().__init__(413)


class Edge:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, *, request_s: float = REQUEST_S) -> None:
        self._app = app
        self._request_s = request_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request within the bounds."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send)
        started_s = time.monotonic()
        try:
            await self._serve(exchange)
        finally:
            route = str(scope.get("lifeline.route", NO_ROUTE))
            if route not in STREAMS:
                counters.request_s.labels(route=route).observe(time.monotonic() - started_s)
            counters.requests.labels(
                route=route, method=_method(scope), status=str(exchange.status)
            ).inc()

    async def _serve(self, exchange: "_Exchange") -> None:
        try:
            endless = exchange.scope["path"] in STREAMS
            async with asyncio.timeout(None if endless else self._request_s):
                exchange.refuse_announced()
                await self._app(exchange.scope, exchange.receive, exchange.send)
        except TooLarge:
            await exchange.answer(problem(413, "the body is longer than 64 KiB"))
        except TimeoutError:
            log.error("a request took too long", path=exchange.scope.get("lifeline.route"))
            detail = f"no answer within {self._request_s:g} s; it is not known what was kept"
            next_step = "Read the record again before you repeat the act; use the telephone."
            await exchange.answer(problem(503, detail, what_next=next_step))
        except Exception as error:  # noqa: BLE001 - nothing may leave without an answer
            found = of_error(error)
            if found is None:
                route = exchange.scope.get("lifeline.route")
                log.error("a request failed", path=route, error=place(error))
                found = problem(500, "an error nobody expected; engineers can see it in the log")
            await exchange.answer(found)


def _method(scope: Scope) -> str:
    method = scope["method"]
    return method if method in ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE") else "other"


class _Exchange:
    """One request: counts what comes in, adds headers to what goes out, knows if it began."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.status = 0
        self._receive = receive
        self._send = send
        self._read = 0

    def refuse_announced(self) -> None:
        """Refuse a body that says it is too long, before reading it.

        Raises:
            TooLarge: it says so.
        """
        for name, value in self.scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > MAX_BODY_BYTES:
                raise TooLarge

    async def receive(self) -> Message:
        """Pass the body on, up to the bound.

        Raises:
            TooLarge: above it.
        """
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > MAX_BODY_BYTES:
            raise TooLarge
        return message

    async def send(self, message: Message) -> None:
        """Pass the answer on, with the headers every answer carries."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            if self.scope["path"] not in CACHEABLE and "Cache-Control" not in headers:
                headers["Cache-Control"] = "no-store"
        await self._send(message)

    async def answer(self, response: JSONResponse) -> None:
        """Answer in place of the application, when it has not begun to."""
        if self.scope["path"].startswith(FHIR):
            response = of_problem(response)
        if self.status == 0:
            await response(self.scope, self._receive, self.send)
