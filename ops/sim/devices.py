"""Simulated devices: each message is sent until its receipt comes, to one receiver after another.

The network between loses, doubles, delays and so reorders messages and receipts alike.
"""

import asyncio
import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from devices.decoding import families
from devices.links import native
from devices.model import Activation, Measurement, Packet, Signal
from gateway.arrivals import Verdict, understand
from ops.sim.choice import Choice
from ops.sim.population import LINE, Town
from ops.sim.process import Process

if TYPE_CHECKING:
    from ops.sim.world import World

REPEAT_S = 4.0
TURNED_AWAY_S = 0.7
MAX_SENDS = 400
CALLS_UNTIL_S = 50.0
POISON = "\x00"


@dataclass(slots=True)
class Message:
    """One message of a device, until it is told."""

    device: str
    id: str
    body: bytes
    channel: str
    poisoned: bool = False
    told: bool = False
    sends: int = 0


class Network:
    """Brings messages to processes and receipts back, as well as the weather allows."""

    def __init__(self, world: "World") -> None:
        """Start with the run's weather."""
        self._world = world
        self._choice = world.choice.named("network")

    async def keep_sending(self, message: Message) -> None:
        """Send until told; the next receiver when this one turns it away or stays silent."""
        world = self._world
        first = self._choice.whole(0, 1)
        while not message.told and message.sends < MAX_SENDS:
            to = world.names[(first + message.sends // 2) % len(world.names)]
            message.sends += 1
            world.trace.add(
                "sent", device=message.device, id=message.id, to=to, attempt=message.sends
            )
            wait_s = await self._post(message, to)
            await asyncio.sleep(wait_s + self._choice.between(0, 1))

    async def _post(self, message: Message, to: str) -> float:
        world, choice, weather = self._world, self._choice, self._world.weather
        loss = 0.9 if world.network_loses else weather.loss
        where = {"device": message.device, "id": message.id, "to": to}
        if choice.chance(loss if not world.is_calm else 0):
            world.trace.add("lost", **where)
            return REPEAT_S
        process = world.lives.living(to)
        if process is None or not process.is_ready:
            return TURNED_AWAY_S
        copies = 2 if choice.chance(weather.doubling) else 1
        if copies > 1:
            world.trace.add("doubled", **where)
        for _ in range(copies):
            delay_s = choice.between(0.002, 0.04)
            if choice.chance(weather.delay):
                delay_s = choice.between(0.5, 8)
                world.trace.add("delayed", **where, by_s=round(delay_s, 3))
            world.spawn(self._arrive(message, process, delay_s))
        return REPEAT_S

    async def _arrive(self, message: Message, process: Process, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        world = self._world
        where = {"process": process.name, "device": message.device, "id": message.id}
        if not process.thawed.is_set():
            await process.thawed.wait()
        if process.is_dead:
            return
        if process.ingest.blind:
            world.trace.add("turned_away", **where, why="blind")
            return
        world.trace.add("reached", **where)
        self._offer(message, process)

    def _offer(self, message: Message, process: Process) -> None:
        packet = self._packet(message, process)

        def done(verdict: Verdict) -> None:
            self._world.trace.add(
                "answered", process=process.name, device=message.device, id=message.id,
                line=packet.line, sender=packet.sender, key=packet.key, repeat=verdict.repeat,
            )  # fmt: skip
            self._world.spawn(self._answer(message, process.name))

        if not message.poisoned:
            process.ingest.offer(packet, done)
            return
        # As if a reader had let through what the database refuses.
        arrival = understand(packet, families(), done)
        signals = tuple(map(_spoilt, arrival.signals))
        process.ingest.put(dataclasses.replace(arrival, signals=signals))

    def _packet(self, message: Message, process: Process) -> Packet:
        return native.unwrap(
            f"lifeline/v1/{message.device}/{message.channel}",
            message.body,
            line=LINE,
            sender=message.device,
            received_at=process.clock.now(),
            authenticated=True,
            retained=False,
            peer="127.0.0.1",
        )

    async def _answer(self, message: Message, process: str) -> None:
        choice, world = self._choice, self._world
        where = {"device": message.device, "process": process, "id": message.id}
        loss = 0.9 if world.network_loses else world.weather.loss
        if choice.chance(loss if not world.is_calm else 0):
            world.trace.add("answer_lost", **where)
            return
        await asyncio.sleep(choice.between(0.002, 0.04))
        if not message.told:
            message.told = True
            world.trace.add("told", **where)


class Wearers:
    """What the people of a town do with their devices."""

    def __init__(self, world: "World", town: Town, network: Network) -> None:
        """Prepare; `start` begins."""
        self._world = world
        self._town = town
        self._network = network
        self._choice = world.choice.named("wearers")
        self._counters: dict[str, int] = {}
        self.messages: list[Message] = []

    def start(self) -> None:
        """Begin everybody's morning."""
        for plan in self._town.people.values():
            for device in plan.devices:
                self._world.spawn(self._wear(device, self._choice.named(device)))
        if self._choice.chance(0.15):
            self._world.spawn(self._smoke(self._choice.named("smoke")))

    async def _smoke(self, choice: Choice) -> None:
        await asyncio.sleep(choice.between(1, CALLS_UNTIL_S))
        self._call(self._town.smoke, "smoke")

    async def _wear(self, device: str, choice: Choice) -> None:
        self._say(device, "heartbeat", {})
        quiet_s = choice.between(1, CALLS_UNTIL_S)
        await asyncio.sleep(quiet_s)
        if choice.chance(0.25):
            self._say(device, "battery", {"status": {"battery_pct": choice.one((9, 80))}})
            await asyncio.sleep(choice.between(0, 3))
        if choice.chance(0.2):
            reading: dict[str, object] = {"vitals": {"spo2_pct": choice.whole(85, 99)}}
            self._say(device, "vitals", reading, poisoned=choice.chance(0.1))
        if not choice.chance(0.75):
            return
        if device.startswith("fall"):
            await self._fall(device, choice)
            return
        for _ in range(choice.one((1, 1, 1, 2, 3))):
            self._call(device, "pendant", poisoned=choice.chance(0.04))
            await asyncio.sleep(choice.between(0.05, 25))

    async def _fall(self, device: str, choice: Choice) -> None:
        number = self._counters.get(device, 0) + 1
        if choice.chance(0.5):
            self._call(device, "fall", still_s=choice.one((0, 20)))
            if choice.chance(0.4):
                await asyncio.sleep(choice.between(0.1, 15))
                self._call(device, "cancel", of=f"1-{number}")
            return
        # The cancel overtakes its fall.
        self._counters[device] = number
        self._call(device, "cancel", of=f"1-{number}")
        await asyncio.sleep(choice.between(0.1, 50))
        self._send(device, f"1-{number}", "call", {"activation": "fall", "still_s": 20})

    def _call(
        self, device: str, activation: str, *, poisoned: bool = False, **more: str | int
    ) -> None:
        self._send(
            device, self._next(device), "call", {"activation": activation, **more},
            poisoned=poisoned,
        )  # fmt: skip

    def _say(
        self, device: str, what: str, parts: dict[str, object], *, poisoned: bool = False
    ) -> None:
        key = self._next(device)
        self._world.trace.add("said", device=device, id=key, what=what)
        self._post(Message(device, key, _body(key, parts), "up", poisoned=poisoned))

    def _send(
        self, device: str, key: str, channel: str, parts: dict[str, object],
        *, poisoned: bool = False,
    ) -> None:  # fmt: skip
        activation = str(parts["activation"])
        of = {"of": str(parts["of"])} if "of" in parts else {}
        self._world.trace.add(
            "pressed", device=device, subject=self._town.owner(device), id=key,
            activation=activation, **of,
        )  # fmt: skip
        self._post(Message(device, key, _body(key, parts), channel, poisoned=poisoned))

    def _post(self, message: Message) -> None:
        self.messages.append(message)
        self._world.spawn(self._network.keep_sending(message))

    def _next(self, device: str) -> str:
        self._counters[device] = self._counters.get(device, 0) + 1
        return f"1-{self._counters[device]}"


def _spoilt(signal: Signal) -> Signal:
    if isinstance(signal, Activation):
        return replace(signal, key=POISON)
    if isinstance(signal, Measurement):
        return replace(signal, value=POISON)
    return signal


def _body(key: str, parts: dict[str, object]) -> bytes:
    return json.dumps({"id": key, **parts}).encode()
