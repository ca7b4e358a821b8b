"""Forced disconnects while alarms open and close: what the console shows at the end must be true.

The stream's requests are broken at the gateway's side of the wire, by a little relay between the
browser and the gateway that drops every connection it holds, at random moments. After each round
the console must show exactly the alarms that are open in the database, by its own doing: nothing
is reloaded.
"""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass

from playwright.async_api import Page

from ops.console.house import House
from ops.console.program import HOST

SETTLE_S = 30.0
LOOK_EVERY_S = 0.1
PAUSE_S = (0.0, 0.35)
CHUNK_BYTES = 65_536
# Of people without a plan that refers by itself: an alarm can be dropped, a referral cannot.
UNITS = tuple(str(1000 + number) for number in range(1, 9))
# The page's own module, as every part of the page sees it.
SHOWN = """async () => {
  const release = document.body.dataset.release;
  const {stream} = await import(`/console/static/${release}/console/stream.js`);
  return [...stream.alarms.keys()];
}"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a torture found: how often it broke the wire, what it opened, what was not shown."""

    disconnects: int
    alarms: int
    missed: tuple[str, ...]


class Relay:
    """A wire that can be cut: forwards connections to a port, and drops all of them when told."""

    def __init__(self, to_port: int) -> None:
        """Prepare; `start` listens."""
        self._to_port = to_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.cuts = 0

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
        self.cut()

    def cut(self) -> int:
        """Drop every connection without a word; give how many there were."""
        found = len(self._writers)
        for writer in list(self._writers):
            transport = writer.transport
            if isinstance(transport, asyncio.Transport):
                transport.abort()
        self._writers.clear()
        self.cuts += found > 0
        return found

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self._to_port)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, far_writer}
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        self._writers -= {writer, far_writer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    with suppress(OSError):
        writer.close()


async def torture(house: House, *, disconnects: int, alarms: int, seed: int = 7) -> Told:
    """Break the wire so often while alarms open; give what the console then did not show."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    relay = Relay(house.port)
    await relay.start()
    page = await house.page("operator:wire")
    await page.goto(f"http://{HOST}:{relay.port}/console/guide")
    try:
        await _settled(house, page)
        due = sorted(chance.randrange(disconnects) for _ in range(alarms))
        opened = 0
        for number in range(disconnects):
            while due and due[0] <= number:
                due.pop(0)
                opened += 1
                await _happen(house, opened, chance)
            await asyncio.sleep(chance.uniform(*PAUSE_S))
            before = relay.cuts
            while relay.cuts == before:
                relay.cut()
                await asyncio.sleep(LOOK_EVERY_S / 2)
        missed = await _settled(house, page)
    finally:
        await relay.stop()
        await page.context.close()
    return Told(relay.cuts, opened, missed)


async def _happen(house: House, number: int, chance: random.Random) -> None:
    """Open an alarm, or let an open one ring again; sometimes one ends."""
    unit = chance.choice(UNITS)
    alarm = await house.press(unit)
    if number % 3 == 0:
        await house.drop(alarm)


async def _settled(house: House, page: Page) -> tuple[str, ...]:
    """Wait until the console shows what is open; give what it lacks when it does not."""
    until_s = asyncio.get_running_loop().time() + SETTLE_S
    wrong: set[str] = {"the page did not come"}
    while asyncio.get_running_loop().time() < until_s:
        rows = await house.sql("select id from alarm where state <> 'closed'")
        open_now = {str(one["id"]) for one in rows}
        shown = await page.evaluate(SHOWN)
        wrong = open_now.symmetric_difference(shown)
        if not wrong:
            return ()
        await asyncio.sleep(LOOK_EVERY_S)
    return tuple(sorted(wrong))
