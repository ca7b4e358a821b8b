"""A small system under test: a real MQTT server on the loopback that keeps messages in memory.

It can be told to break its promises, so that a test can see the benchmark notice.
"""

import asyncio
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.bench import wire
from gateway.bench.messages import number_of
from gateway.bench.system import Device, NotHere, Shape, Stored, Target, Told

CONNACK = b"\x20\x02\x00\x00"
COMMIT_S = 0.05


class Habit(StrEnum):
    """What it does with messages."""

    HONEST = "honest"
    LOSES_ONE = "loses one"
    ACKS_EARLY = "acknowledges before its commit"
    FORGETS_ALARMS = "forgets alarms"
    STOPS = "stops acknowledging"
    HANGS_UP = "hangs up"
    NO_ALERTS = "sends no alerts"


@dataclass
class SmallSystem:
    """It takes messages as the gateway does; its habit is known to the test only."""

    habit: Habit = Habit.HONEST
    is_here: bool = True
    durable_ack: bool = True
    key: str = "small"
    name: str = "small system"
    stores: bool = True
    starts: int = 0
    commits: dict[str, float] = field(default_factory=dict)
    taken: int = 0
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self, told: Told) -> Target:
        if not self.is_here:
            raise NotHere("no small system on this machine: build one")
        assert list(told.folder.iterdir()) == []
        self.starts += 1
        self.taken = 0
        self.commits.clear()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        devices = tuple(Device(Device.named(n), "secret") for n in range(told.devices))
        return Target("127.0.0.1", port, devices, Shape.NATIVE, None, {"small": "1"})

    async def count(self) -> int:
        return len(self.commits)

    async def stored(self, step: int) -> Stored:
        commits = {k: v for k, v in self.commits.items() if number_of(k, step) is not None}
        calls = {k: v for k, v in commits.items() if k.startswith("c")}
        return Stored(
            len(self.commits), commits, {} if self.habit is Habit.FORGETS_ALARMS else calls
        )

    async def parts(self) -> Mapping[str, Sequence[int]]:
        return {"small": [os.getpid()]}

    async def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
            for writer in self._writers:
                writer.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        rest = b""
        while data := await reader.read(65_536):
            data, read = rest + data, 0
            for first, begin, end in wire.packets(data):
                read = end
                self._take(writer, first, data[begin:end])
            rest = data[read:]
        writer.close()

    def _take(self, writer: asyncio.StreamWriter, first: int, content: bytes) -> None:
        if first >> 4 == 1:
            writer.write(CONNACK)
        if first >> 4 != wire.PUBLISH:
            return
        packet_id, body = wire.told(content, first, 0, len(content))
        assert packet_id is not None
        name = json.loads(body)["id"]
        self.taken += 1
        if self.habit is Habit.STOPS and self.taken > 10:
            return
        if self.habit is Habit.HANGS_UP and self.taken > 10:
            writer.close()
            return
        late_s = COMMIT_S if self.habit is Habit.ACKS_EARLY else 0.0
        if not (self.habit is Habit.LOSES_ONE and self.taken == 5):
            self.commits[name] = time.time() + late_s
        writer.write(wire.puback(packet_id))
        if name.startswith("c") and self.habit is not Habit.NO_ALERTS:
            receipt = json.dumps({"receipt": name, "result": "stored"}, separators=(",", ":"))
            writer.write(wire.publish("down", 1, receipt.encode()))
