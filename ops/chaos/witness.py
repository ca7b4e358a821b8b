"""Somebody who looks at a gateway from outside while its database is away, as an operator would."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from ops.chaos.callers import Crowd, Person
from ops.chaos.house import HOST, Program, is_ready, until

START_S = 90.0
PROBE_EVERY_S = 0.25
ANSWER_S = 10.0
CONNACK_BYTES = 4
BLIND = "\nlifeline_receiver_blind 1.0"


@dataclass(slots=True)
class Seen:
    """What was seen of the gateway from outside, in seconds since the database went."""

    began: datetime
    metric_s: float | None = None
    ready_s: float | None = None
    log_s: float | None = None
    refused: int = 0
    closed: int = 0
    silent: int = 0
    accepted: int = 0
    told: int = 0
    sighted_s: float | None = None


@dataclass(slots=True)
class Witness:
    """Looks at a gateway whose database is away."""

    client: httpx.AsyncClient
    gateway: Program
    web: int
    mqtt: int
    person: Person

    async def watch(
        self,
        take_away: Callable[[], Callable[[], None]],
        outage_s: float,
        crowd: Crowd,
        people: list[Person],
    ) -> Seen:
        """Take the database away, let people press, look, give it back; return when all see."""
        log_from = self.gateway.log.stat().st_size
        back = await asyncio.to_thread(take_away)
        seen = Seen(datetime.now(UTC))
        began_s = time.monotonic()
        for person in people:
            crowd.go(person, within_s=outage_s)
        looks = [
            asyncio.create_task(work)
            for work in (
                self._look(seen, began_s, log_from),
                self._knock(seen),
            )
        ]
        try:
            await asyncio.sleep(outage_s)
            seen.told = sum(
                one.acknowledged_at is not None and one.pressed_at > seen.began
                for one in crowd.presses
            )
        finally:
            for look in looks:
                look.cancel()
            await asyncio.gather(*looks, return_exceptions=True)
            await asyncio.to_thread(back)
        seen.sighted_s = await until(
            "the gateway sees again", lambda: is_ready(self.client, self.web), START_S
        )
        return seen

    async def _look(self, seen: Seen, began_s: float, log_from: int) -> None:
        """Ask the metric, readiness and the log again and again until each has said it."""
        while True:
            if seen.log_s is None and await asyncio.to_thread(self._shouted, log_from):
                seen.log_s = time.monotonic() - began_s
            if seen.metric_s is None and BLIND in await self._get("metrics"):
                seen.metric_s = time.monotonic() - began_s
            if seen.ready_s is None and await self._get("readyz") == "503":
                seen.ready_s = time.monotonic() - began_s
            await asyncio.sleep(0.1)

    def _shouted(self, log_from: int) -> bool:
        return b"receiver blind" in self.gateway.log.read_bytes()[log_from:]

    async def _get(self, path: str) -> str:
        """A page's text, or its status when it is not 200."""
        try:
            answer = await self.client.get(f"http://{HOST}:{self.web}/{path}", timeout=0.5)
        except httpx.HTTPError:
            return ""
        return answer.text if answer.status_code == 200 else str(answer.status_code)

    async def _knock(self, seen: Seen) -> None:
        """Try to connect as an enrolled device, again and again."""
        async with asyncio.TaskGroup() as knocks:
            while True:
                knocks.create_task(self._knock_once(seen))
                await asyncio.sleep(PROBE_EVERY_S)

    async def _knock_once(self, seen: Seen) -> None:
        try:
            reader, writer = await asyncio.open_connection(HOST, self.mqtt)
        except OSError:
            seen.closed += 1
            return
        try:
            writer.write(connect_packet(self.person.name, self.person.secret))
            answer = await asyncio.wait_for(reader.read(CONNACK_BYTES), ANSWER_S)
        except TimeoutError:
            seen.silent += 1
        except OSError:
            seen.closed += 1
        else:
            if len(answer) < CONNACK_BYTES:
                seen.closed += 1
            elif answer[3]:
                seen.refused += 1
            else:
                seen.accepted += 1
        finally:
            writer.close()


def connect_packet(name: str, secret: str) -> bytes:
    """CONNECT of MQTT 3.1.1 (section 3.1): clean session, user name and password."""

    def text(value: str) -> bytes:
        return len(value).to_bytes(2) + value.encode()

    rest = text("MQTT") + bytes((4, 0xC2, 0, 30)) + text(f"{name}-probe") + text(name)
    rest += text(secret)
    assert len(rest) < 128, "one byte of length is enough for a probe"
    return bytes((0x10, len(rest))) + rest
