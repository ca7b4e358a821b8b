"""Kill -9 of a site's broker and of the gateway, while pendants are pressed through the broker.

    python ops/chaos/broker.py --kills 20

Each of the two is killed and started so many times, at random moments; the devices are honest ones:
they repeat until their receipt. Then everything is counted: a press whose device was told "stored"
and that is not there, whole, is lost. Ends with 1 when any is, or when anything is there twice.
"""

import argparse
import asyncio
import json
import random
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import httpx

if __name__ == "__main__":
    # The checkout this file stands in, not a wheel that is installed beside it.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from gateway.errors import StoreError
from gateway.store.connect import Session
from ops.chaos.callers import Crowd, Person, enrol
from ops.chaos.count import Count, at, judge, read
from ops.chaos.house import HOST, LINE, House, HouseError, Program, is_ready, until
from ops.chaos.mosquitto import GATEWAY, Mosquitto, MosquittoError

PRESSES_A_KILL = 5
ROUND_S = 1.0
PRESSED_AFTER_S = 0.1
AWAY_S = 0.5
BLINDLY = 0.2
READY_LIMIT_S = 90.0
SETTLE_S = 60.0
SHOWN = 20


class Victim(StrEnum):
    """Who is killed."""

    BROKER = "broker"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class Order:
    """What to do: so many kills of each, so many presses, by which seed, in which time."""

    kills: int
    presses: int
    seed: int
    limit_s: float


@dataclass(slots=True)
class Story:
    """What happened besides the presses."""

    kills: list[tuple[Victim, datetime]] = field(default_factory=list)
    with_presses: int = 0
    own_exits: int = 0
    starts_s: list[float] = field(default_factory=list)
    took_s: float = 0.0
    trouble: str = ""

    def killed(self, victim: Victim) -> int:
        """How often it was killed."""
        return sum(who is victim for who, _ in self.kills)


async def torture(order: Order, say: Callable[[str], None]) -> tuple[Count, Story]:
    """Do it, wait until everything has settled, and count.

    Raises:
        HouseError, MosquittoError: something could not be set up, or left something behind.
    """
    chance = random.Random(order.seed)  # noqa: S311 - repeatable chance is the purpose
    began_s = time.monotonic()
    async with House(chance) as house:
        people = await enrol(house, order.presses)
        broker = _broker(house, people)
        gateway, web = _gateway(house, broker)
        await asyncio.to_thread(broker.start)
        await gateway.start()
        crowd = Crowd([broker.port], chance)
        siege = Siege(order, broker, gateway, web, crowd, chance, say)
        try:
            async with asyncio.timeout(order.limit_s):
                await siege.run(house, people)
        except (TimeoutError, HouseError, MosquittoError) as error:
            siege.story.trouble = (
                f"{error or f'not done within {order.limit_s / 60:.0f} minutes'}; "
                f"{crowd.waiting} presses without a receipt; {gateway.last_words()}"
            )
        finally:
            await crowd.leave()
            await asyncio.to_thread(broker.stop)
        count = await _counted(house, people, crowd, siege.story)
        siege.story.own_exits = len(gateway.own_exits)
    siege.story.took_s = time.monotonic() - began_s
    return count, siege.story


def _broker(house: House, people: Sequence[Person]) -> Mosquitto:
    folder = house.folder / "broker"
    folder.mkdir()
    password = secrets.token_urlsafe(16)
    users = {GATEWAY: password, **{one.name: one.secret for one in people}}
    file = house.folder / "broker-password"
    file.write_text(password)
    file.chmod(0o600)
    return Mosquitto(folder, house.free_port(), users)


def _gateway(house: House, broker: Mosquitto) -> tuple[Program, int]:
    web = house.free_port()
    brokers = [
        {"line": LINE, "host": HOST, "port": broker.port, "username": GATEWAY,
         "password_file": str(house.folder / "broker-password")}
    ]  # fmt: skip
    gateway = house.program(
        ["up"], WEB_PORT=web, MQTT_PORT=house.free_port(), MQTT_LINE="endpoint",
        BROKERS=json.dumps(brokers),
    )  # fmt: skip
    return gateway, web


async def _counted(house: House, people: list[Person], crowd: Crowd, story: Story) -> Count:
    session = Session(house.dsn, "torture")
    try:
        tables = await read(session)
    finally:
        await session.close()
    count = judge(people, crowd.presses, tables, [when for _, when in story.kills])
    if tables.waiting:
        count.lost.append(f"{tables.waiting} messages about referrals still wait in the outbox")
    return count


@dataclass(slots=True)
class Siege:
    """The rounds: people press, and one of the two is killed at a random moment of that."""

    order: Order
    broker: Mosquitto
    gateway: Program
    web: int
    crowd: Crowd
    chance: random.Random
    say: Callable[[str], None]
    story: Story = field(default_factory=Story)

    async def run(self, house: House, people: list[Person]) -> None:
        """Kill each so many times; return when all is quiet again."""
        victims = [*Victim] * self.order.kills
        self.chance.shuffle(victims)
        async with httpx.AsyncClient() as client:
            await self._ready(client)
            for number, victim in enumerate(victims):
                first = len(people) * number // len(victims)
                last = len(people) * (number + 1) // len(victims)
                if self.chance.random() >= BLINDLY:
                    self.story.starts_s.append(await self._ready(client))
                wait_s = self.chance.uniform(0, ROUND_S)
                for person in people[first:last]:
                    self.crowd.go(person, within_s=wait_s + PRESSED_AFTER_S)
                await asyncio.sleep(wait_s)
                await self._kill(victim)
                if (number + 1) % 10 == 0:
                    self.say(f"{number + 1} kills, {len(self.crowd.presses)} presses, "
                             f"{self.crowd.waiting} waiting")  # fmt: skip
            await self.crowd.settled()
            await self._ready(client)
            await until("the outbox empties", lambda: _is_quiet(house), SETTLE_S)

    async def _ready(self, client: httpx.AsyncClient) -> float:
        async def ready() -> bool:
            return await is_ready(client, self.web)

        return await until("the gateway can store", ready, READY_LIMIT_S)

    async def _kill(self, victim: Victim) -> None:
        waiting = self.crowd.waiting
        if victim is Victim.BROKER:
            await asyncio.to_thread(self.broker.kill)
        else:
            while not self.gateway.kill():  # noqa: ASYNC110 - no event tells of a started process
                await asyncio.sleep(0.05)
        self.story.kills.append((victim, datetime.now(UTC)))
        self.story.with_presses += waiting > 0
        if victim is Victim.BROKER:
            await asyncio.sleep(self.chance.uniform(0, AWAY_S))
            await asyncio.to_thread(self.broker.start)


async def _is_quiet(house: House) -> bool:
    session = Session(house.dsn, "torture")
    try:
        return (await read(session)).waiting == 0
    finally:
        await session.close()


def lines(order: Order, count: Count, story: Story) -> list[tuple[str, object]]:
    """What the table shows."""
    return [
        ("presses made", count.presses),
        ("presses acknowledged", count.acknowledged),
        ("acknowledged and lost", len(count.lost)),
        ("second referrals, presses counted twice", len(count.double)),
        ("referrals at the receiver", count.referrals),
        (f"kills of the broker (seed {order.seed})", story.killed(Victim.BROKER)),
        ("kills of the gateway", story.killed(Victim.GATEWAY)),
        ("  kills while presses were waiting", story.with_presses),
        ("committed before a kill, told after it", count.answered_after_a_kill),
        ("presses published more than once", count.repeated),
        ("gateway ended by itself, started again", story.own_exits),
        ("wait for the receipt p50 / p99 / most, s", _three(count.wait_s)),
        ("killed to ready again p50 / p99 / most, s", _three(sorted(story.starts_s))),
        ("minutes", f"{story.took_s / 60:.1f}"),
    ]


def _three(figures: Sequence[float]) -> str:
    return " / ".join(f"{at(figures, share):.2f}" for share in (0.5, 0.99, 1.0))


async def command(order: Order) -> int:
    """Torture, print the table; 0 when nothing was lost or doubled and everybody was answered.

    Raises:
        HouseError, MosquittoError, StoreError: it could not be done.
    """
    from ops.chaos.command import table  # noqa: PLC0415 - that one may come to import this one

    count, story = await torture(order, lambda text: print(text, flush=True))
    print(table(lines(order, count, story)))
    for word, found in (("LOST", count.lost), ("DOUBLE", count.double)):
        for one in found[:SHOWN]:
            print(f"{word}: {one}")
    if story.trouble:
        print(f"NOT SETTLED: {story.trouble}")
    good = count.good and not story.trouble and len(story.kills) == 2 * order.kills
    print("passed" if good else "FAILED")
    return 0 if good else 1


def main(arguments: Sequence[str]) -> int:
    """Read the command line and do it."""
    import uvloop  # noqa: PLC0415 - as below

    from ops.chaos.command import _hush  # noqa: PLC0415 - that one may come to import this one

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20, help="of the broker, and of the gateway")
    parser.add_argument("--presses", type=int, help=f"default: {PRESSES_A_KILL} for each kill")
    parser.add_argument("--seed", type=int, help="repeats a run's choices; printed when not given")
    parser.add_argument("--minutes", type=float, default=15.0, help="give up after so long")
    given = parser.parse_args(arguments)
    seed = given.seed if given.seed is not None else secrets.randbelow(1_000_000)
    presses = given.presses or 2 * given.kills * PRESSES_A_KILL
    print(f"seed {seed}")
    _hush()
    try:
        return uvloop.run(command(Order(given.kills, presses, seed, given.minutes * 60)))
    except (HouseError, MosquittoError, StoreError) as error:
        print(f"broker: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
