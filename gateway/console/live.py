"""The consoles' side of a web process, put together: streams, their feed, and who is there."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from gateway import ticker
from gateway.access.organisation import OwnSessions
from gateway.console.stream.feed import Feed
from gateway.console.stream.hub import Hub
from gateway.console.stream.presence import WRITE_EVERY_S, Presence
from gateway.context import Context
from gateway.store.connect import Session, Sessions

SIGNED_IN_EVERY_S = 20.0
"""How often it is asked whether those who follow a stream are still signed in."""


class Consoles:
    """The streams of this process, with the connections they read through."""

    def __init__(self, context: Context, blind: Callable[[], bool]) -> None:
        """Prepare; nothing runs before the tasks do."""
        dsn = context.database.dsn
        self._sessions = Sessions(dsn, "console", 2)
        self._plain = Session(dsn, "console-presence")
        self._presence = Presence(context, self._plain)
        feed = Feed(context, OwnSessions(self._sessions), self._plain)
        self.hub = Hub(context, feed, self._presence, blind)

    def tasks(self) -> Mapping[str, Coroutine[Any, Any, None]]:
        """Give what must run, by name."""
        write = ticker.Round("console presence", self._presence.write, WRITE_EVERY_S)
        look = ticker.Round("console sign-ins", self.hub.end_signed_out, SIGNED_IN_EVERY_S)
        return {
            "consoles": self.hub.run(),
            "console news": self.hub.listen(),
            "console presence": ticker.repeat(write),
            "console sign-ins": ticker.repeat(look),
        }

    async def end(self) -> None:
        """Let the browsers go: an open stream would hold up the server's end."""
        self.hub.end_all()

    async def close(self) -> None:
        """Close the connections."""
        await self._sessions.close()
        await self._plain.close()
