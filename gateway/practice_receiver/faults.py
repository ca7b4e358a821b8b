"""Answers that go wrong on the wire: cut off in the middle, and never given."""

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class CutOff(Response):
    """Announces the whole answer, sends half of it and closes the connection.

    The server closes a connection whose application ends before its answer does.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head and half the body."""
        del scope, receive
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})


class Silence(Response):
    """Says nothing until the client gives up, or the receiver is stopped."""

    def __init__(self, stopping: asyncio.Event) -> None:
        super().__init__(status_code=503)
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for the end of the connection; a stop ends it with 503."""
        leaving = asyncio.ensure_future(_left(receive))
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({leaving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            stopped.cancel()
        if self._stopping.is_set():
            await super().__call__(scope, receive, send)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
