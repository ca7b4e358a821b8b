"""Errors as pages, for a person whose browser asked for one; programs read problem+json as ever.

Contract: whatever of the application answered with a problem becomes a page when the request was a
browser going to a page. The status and the headers stay; nothing the request said is repeated. The
page needs no database, so that it can say that the database does not answer.
"""

from collections.abc import Mapping, MutableMapping
from typing import Any, cast

import msgspec
from fastapi import FastAPI, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api.problems import MEDIA_TYPE
from gateway.console.pages import render

PAGES = ("/console", "/sign-in", "/password")
MAX_PROBLEM_BYTES = 64 * 1024

WORDS: Mapping[int, tuple[str, str]] = {
    401: ("You are not signed in", "Sign in to go on."),
    403: ("You may not open this", "Your role does not allow this page. Ask a supervisor."),
    404: ("This page was not found", "The address is wrong, or what it was about is not yours."),
    405: ("That cannot be done here", "Go back and use the buttons of the page."),
    413: ("Too much text", "Shorten what you typed and send it again."),
    429: ("Too many tries", "Wait a minute, then try again. Alarms are not affected."),
    500: (
        "Something went wrong here",
        "What you did last may not have been kept. Open the record again before you repeat it.",
    ),
    503: (
        "The database does not answer",
        "Nothing can be shown or kept now. Use the telephone; try again in a few seconds.",
    ),
}
ELSE = ("This did not work", "Go back and try again; if it happens twice, tell an engineer.")


def is_navigation(scope: Scope) -> bool:
    """Say whether a browser goes to one of our pages."""
    if scope["type"] != "http" or not scope["path"].startswith(PAGES):
        return False
    accepts = Headers(scope=scope).get("accept", "")
    return "text/html" in accepts


class ErrorPages:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, *, api: FastAPI) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; turn a problem into a page."""
        if not is_navigation(scope):
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(self._api, scope, send)
        await self._app(scope, receive, exchange.send)


class _Exchange:
    """One answer: held back while it is a problem, and replaced when it is whole."""

    def __init__(self, api: FastAPI, scope: Scope, send: Send) -> None:
        self._api = api
        self._scope = scope
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Pass an answer on, or hold it back."""
        if message["type"] == "http.response.start":
            if Headers(raw=message["headers"]).get("content-type", "").startswith(MEDIA_TYPE):
                self._start = message
                return
        elif self._start is not None:
            self._body = (self._body + message.get("body", b""))[:MAX_PROBLEM_BYTES]
            if not message.get("more_body", False):
                await self._replace(self._start)
            return
        await self._send(message)

    async def _replace(self, start: Message) -> None:
        status = int(start["status"])
        problem = cast("MutableMapping[str, Any]", msgspec.json.decode(self._body))
        title, what_next = WORDS.get(status, ELSE)
        scope = {**self._scope, "app": self._api}
        page = render(
            Request(scope),
            "error.html",
            title=title,
            status=status,
            live=False,
            heading=title,
            detail=str(problem.get("detail", "")),
            what_next=what_next,
        )
        headers = MutableHeaders(raw=list(start["headers"]))
        headers["content-type"] = page.headers["content-type"]
        headers["content-length"] = str(len(page.body))
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": page.body})
