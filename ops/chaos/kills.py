"""Kill -9 at random moments while pendants are pressed; then count.

One round: (mostly) wait until the gateway can store; let the round's share of people press within
a moment; kill the gateway, or in its turn the postmaster, at a random moment of that. The gateway
is started again at once, as a service manager would; the postmaster by the gateway's supervisor.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import httpx

from gateway.store.connect import Session
from ops.chaos.callers import Crowd, Person, enrol
from ops.chaos.count import Count, judge, read
from ops.chaos.house import House, HouseError, Program, is_ready, until

READY_LIMIT_S = 90.0
ROUND_S = 0.8
ROUND_OF_START = 0.4
PRESSED_AFTER_S = 0.1
BLINDLY = 0.2
AGAIN = 0.25
SETTLE_S = 60.0


class Victim(StrEnum):
    """Who is killed."""

    GATEWAY = "gateway"
    POSTGRES = "postgres"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Order:
    """What to do: so many presses, so many kills, of whom, by which seed, in which time.

    Of both: each `postgres_every`-th kill is the database's.
    """

    presses: int
    kills: int
    victim: Victim
    seed: int
    limit_s: float
    postgres_every: int = 5


@dataclass(slots=True)
class Story:
    """What happened besides the presses."""

    killed: dict[Victim, int] = field(default_factory=dict)
    kills: list[datetime] = field(default_factory=list)
    missed: int = 0
    while_starting: int = 0
    with_presses: int = 0
    in_flight: int = 0
    own_exits: list[int] = field(default_factory=list)
    starts_s: list[float] = field(default_factory=list)
    took_s: float = 0.0
    trouble: str = ""


async def torture(order: Order, say: Callable[[str], None]) -> tuple[Count, Story]:
    """Do it, wait until everything has settled, and count.

    Raises:
        HouseError: the gateway could not be set up, or left something behind.
    """
    chance = random.Random(order.seed)  # noqa: S311 - repeatable chance is the purpose
    began_s = time.monotonic()
    plan = shares(order, chance)
    async with House(chance) as house:
        people = await enrol(house, len(plan))
        web, mqtt = house.free_port(), house.free_port()
        gateway = house.program(["up"], WEB_PORT=web, MQTT_PORT=mqtt)
        await gateway.start()
        crowd = Crowd([mqtt], chance)
        siege = Siege(order, house, gateway, web, crowd, chance, say)
        try:
            async with asyncio.timeout(order.limit_s):
                await siege.run(people, plan)
        except (TimeoutError, HouseError) as error:
            siege.story.trouble = (
                f"{error or f'not done within {order.limit_s / 60:.0f} minutes'}; "
                f"{crowd.waiting} presses without a receipt; {gateway.last_words()}"
            )
        finally:
            await crowd.leave()
        count = await counted(house, people, crowd, siege.story)
        siege.story.own_exits = gateway.own_exits
    siege.story.took_s = time.monotonic() - began_s
    return count, siege.story


def shares(order: Order, chance: random.Random) -> list[int]:
    """Give how often each person presses: most once, some again, so many times in all."""
    plan: list[int] = []
    left = order.presses
    while left > 0:
        plan.append(2 if left > 1 and chance.random() < AGAIN else 1)
        left -= plan[-1]
    return plan


async def counted(house: House, people: list[Person], crowd: Crowd, story: Story) -> Count:
    """Read the tables and judge."""
    session = Session(house.dsn, "torture")
    try:
        tables = await read(session)
    finally:
        await session.close()
    count = judge(people, crowd.presses, tables, story.kills)
    if tables.waiting:
        count.lost.append(f"{tables.waiting} messages about referrals still wait in the outbox")
    return count


@dataclass(slots=True)
class Siege:
    """The rounds."""

    order: Order
    house: House
    gateway: Program
    web: int
    crowd: Crowd
    chance: random.Random
    say: Callable[[str], None]
    story: Story = field(default_factory=Story)

    async def run(self, people: list[Person], plan: list[int]) -> None:
        """Kill so many times while so many press; return when all is quiet again."""
        turns = list(zip(people, plan, strict=True))
        async with httpx.AsyncClient() as client:
            await self._ready(client)
            for number in range(self.order.kills):
                first = len(turns) * number // self.order.kills
                last = len(turns) * (number + 1) // self.order.kills
                if self.chance.random() >= BLINDLY:
                    self.story.starts_s.append(await self._ready(client))
                wait_s = self.chance.uniform(0, self._round_s())
                for person, times in turns[first:last]:
                    self.crowd.go(person, times, within_s=wait_s + PRESSED_AFTER_S)
                await asyncio.sleep(wait_s)
                await self._kill(self._victim(number), client)
                if (number + 1) % 20 == 0:
                    self.say(f"{number + 1} kills, {len(self.crowd.presses)} presses, "
                             f"{self.crowd.waiting} waiting")  # fmt: skip
            await self.crowd.settled()
            await self._ready(client)
            await until("the outbox empties", self._is_quiet, SETTLE_S)

    def _round_s(self) -> float:
        """On a busy machine everything takes longer, and so does a round: kills must hit work."""
        return max(ROUND_S, ROUND_OF_START * self.story.starts_s[-1] if self.story.starts_s else 0)

    def _victim(self, number: int) -> Victim:
        if self.order.victim is not Victim.BOTH:
            return self.order.victim
        every = self.order.postgres_every
        in_turn = number % every == every - 1
        return Victim.POSTGRES if in_turn else Victim.GATEWAY

    async def _ready(self, client: httpx.AsyncClient) -> float:
        async def ready() -> bool:
            return await is_ready(client, self.web)

        return await until("the gateway can store", ready, READY_LIMIT_S)

    async def _kill(self, victim: Victim, client: httpx.AsyncClient) -> None:
        """Kill; a postmaster that is not there just now is waited for: that kill counts too."""
        serving = await is_ready(client, self.web)
        waiting, published = self.crowd.waiting, self.crowd.published
        while not self._strike(victim):
            self.story.missed += 1
            await asyncio.sleep(0.05)
        self.story.kills.append(datetime.now(UTC))
        self.story.killed[victim] = self.story.killed.get(victim, 0) + 1
        self.story.while_starting += not serving
        self.story.with_presses += waiting > 0
        self.story.in_flight += published

    def _strike(self, victim: Victim) -> bool:
        if victim is Victim.GATEWAY:
            return self.gateway.kill()
        pid = self.house.postmaster()
        if pid is None:
            return False
        os.kill(pid, signal.SIGKILL)
        return True

    async def _is_quiet(self) -> bool:
        session = Session(self.house.dsn, "torture")
        try:
            return (await read(session)).waiting == 0
        finally:
            await session.close()
