"""One run of the demo: start, header, steps, figures, summary, and everything gone at the end.

Exit codes: 0 when every step happened in time; 1 when one is missing or late, or the gateway did
not start or died; 130 when it was told to stop before the end of the story (143 for SIGTERM).
"""

import asyncio
import os
import platform
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta

from gateway.clock import StoryClock
from gateway.demo import closing, figures
from gateway.demo.acting import Stage
from gateway.demo.desk import Desk
from gateway.demo.house import Folder, House, folder, opened
from gateway.demo.missing import Missing
from gateway.demo.observe import Observer
from gateway.demo.parts import Step, Story
from gateway.demo.passing import Passage
from gateway.demo.pendant import Pendant
from gateway.demo.people import ORGANISATION, cast_of
from gateway.demo.screen import Screen
from gateway.demo.stories import STORIES
from gateway.enrol import enrol, person_id
from gateway.errors import GatewayError
from gateway.tokens import Role, new_token

FAILED = 1
BEFORE = timedelta(minutes=6)  # the gateway is up for a while when the story begins
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NAMES = {Role.OPERATOR: "operator-1", Role.RESPONDER: "icrs-desk"}
SERVICE_OF = {Role.RESPONDER: "icrs"}


async def play(story: int, *, speed: float, once: bool) -> int:
    """Play a case study; give the exit code.

    Args:
        speed: Story seconds a second while nothing happens; at least 1.
        once: End after the story; otherwise stay up until told to stop.

    Raises:
        GatewayError, EmbeddedError, OSError: the gateway cannot start; says what to do.
    """
    return await perform(STORIES[story], Screen(), speed=speed, once=once)


async def perform(story: Story, screen: Screen, *, speed: float, once: bool) -> int:
    """Play a story on a screen; as `play`."""
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    work = asyncio.ensure_future(_run(story, screen, told, speed=speed, once=once))
    with _listening(told):
        await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            with suppress(asyncio.CancelledError):
                return await work
            return 128 + told.result()
    return await work
