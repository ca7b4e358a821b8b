"""Fictional people with pendants, who press and are told; the devices are honest ones.

Contract: every press gets an id that never comes twice; a device repeats it until its receipt
comes. What each was told, and when, stands in `Press`; nothing here looks into the database.
"""

import asyncio
import csv
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from firmware_stubs.native import NativeDevice
from firmware_stubs.words import Address, Timing
from gateway.enrol import person_id
from gateway.settings import Settings
from ops.chaos.house import HOST, LINE, LOOK_EVERY_S, House

ORGANISATION = Settings.model_fields["organisation"].default
SERVICE = "crisis"
MAX_CONNECTED = 100
PATIENCE = Timing(
    repeat_s=1.0, repeats=3, interval_s=1e6, connect_s=2.0, pause_first_s=0.1, pause_max_s=0.6
)


@dataclass(slots=True)
class Press:
    """One press: who, when, and what became of it; times are the machine's, aware UTC."""

    sender: str
    pressed_at: datetime
    key: str | None = None
    delivered_at: datetime | None = None
    acknowledged_at: datetime | None = None
    sends: int = 0

    @property
    def waited_s(self) -> float | None:
        """From the press to its receipt."""
        if self.acknowledged_at is None:
            return None
        return (self.acknowledged_at - self.pressed_at).total_seconds()


@dataclass(slots=True)
class Person:
    """Somebody with a pendant."""

    number: int
    secret: str = ""
    boots: int = 0

    @property
    def name(self) -> str:
        """The name of person and pendant alike."""
        return f"torture-{self.number:05d}"

    @property
    def subject(self) -> str:
        """The id of the person's case."""
        return str(person_id(ORGANISATION, self.name))


def roll(count: int, now: datetime) -> dict[str, object]:
    """An enrolment file: people whose press is referred at once, and one service that takes all."""
    people = [Person(number) for number in range(count)]
    return {
        "organisation": str(ORGANISATION),
        "name": "Fictional crisis organisation",
        "services": [
            {
                "id": SERVICE, "name": "Fictional crisis service", "catchment": ["LE"],
                "capacity": 1_000_000, "capacity_at": now.isoformat(),
                "automatic_per_hour": 1_000_000,
            }
        ],
        "persons": [
            {"id": one.name, "name": f"Fictional {one.number}", "postcode": "LE1 1AA",
             "plan": {"press": "at_once"}}
            for one in people
        ],
        "devices": [
            {"line": LINE, "sender": one.name, "person": one.name, "interval_s": 86_400}
            for one in people
        ],
    }  # fmt: skip


async def enrol(house: House, count: int) -> list[Person]:
    """Enrol people through the command line, as an engineer would; needs a free database.

    Raises:
        HouseError: the command failed.
    """
    file, secrets = house.folder / "roll.json", house.folder / "secrets.tsv"
    file.write_text(json.dumps(roll(count, datetime.now(UTC))))
    await house.once(["import", str(file), "--secrets-to", str(secrets)])
    found = read_secrets(secrets)
    return [Person(number, found[Person(number).name]) for number in range(count)]


def read_secrets(file: Path) -> dict[str, str]:
    """Read what `lifeline import` wrote: line, sender, secret."""
    with file.open() as rows:
        return {sender: secret for _, sender, secret in csv.reader(rows, delimiter="\t")}


@dataclass(slots=True)
class Crowd:
    """Presses under way: at most MAX_CONNECTED devices stand connected at a time."""

    ports: Sequence[int]
    chance: random.Random
    timing: Timing = PATIENCE
    presses: list[Press] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _doors: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONNECTED))
    _live: set[NativeDevice] = field(default_factory=set)

    def go(
        self, person: Person, times: int = 1, within_s: float = 0.0, *, connected: bool = False
    ) -> None:
        """Let a person press so many times, the first time within so many seconds from now.

        `connected`: the device connects at once and waits for its press.
        """
        wait_s = self.chance.uniform(0, within_s)
        before_s, after_s = (0.0, wait_s) if connected else (wait_s, 0.0)
        task = asyncio.create_task(self._call(person, times, before_s, after_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def waiting(self) -> int:
        """Presses without a receipt."""
        return sum(one.acknowledged_at is None for one in self.presses)

    @property
    def published(self) -> int:
        """Presses without a receipt on a connection that stands: a kill now hits them."""
        standing = {one.name for one in self._live if one.connected.is_set()}
        return sum(one.acknowledged_at is None and one.sender in standing for one in self.presses)

    async def settled(self) -> None:
        """Return when every press has its receipt."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def leave(self) -> None:
        """Disconnect all devices, answered or not."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _call(self, person: Person, times: int, before_s: float, after_s: float) -> None:
        await asyncio.sleep(before_s)
        async with self._doors:
            device = self._device(person)
            async with device:
                self._live.add(device)
                try:
                    await asyncio.sleep(after_s)
                    for _ in range(times):
                        await self._press(device)
                finally:
                    self._live.discard(device)

    def _device(self, person: Person) -> NativeDevice:
        person.boots += 1
        addresses = [Address(HOST, port) for port in self.ports]
        return NativeDevice(addresses, person.name, person.secret, person.boots, timing=self.timing)

    async def _press(self, device: NativeDevice) -> None:
        press = Press(device.name, datetime.now(UTC))
        self.presses.append(press)
        watch = asyncio.create_task(_watch(device, press))
        try:
            receipt = await device.press()
        finally:
            watch.cancel()
        press.acknowledged_at = datetime.now(UTC)
        press.key, press.sends = receipt.id, receipt.sends


async def _watch(device: NativeDevice, press: Press) -> None:
    """Note when the press went out on the connection that is open now: at once when it opened."""
    while True:
        await device.connected.wait()
        press.delivered_at = datetime.now(UTC)
        while device.connected.is_set():  # noqa: ASYNC110 - no event tells of a lost line
            await asyncio.sleep(LOOK_EVERY_S)
