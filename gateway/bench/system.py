"""A system under test: how it is started, where messages go, what it has stored.

Theory of operation. The core (gateway/bench/climb.py) does, for each round and each system:

    target = await system.start(Told(...))          a fresh folder, a fresh database, each time
    for each rate:                                  rising, until two rates in a row do not hold
        the load program publishes through target   open loop, one connection a device
        await system.count()                        half-way and at the end of offering; only where
                                                    nothing is stored: is it falling behind? (where
                                                    rows are kept, their commits' times say so)
        await system.count()                        again and again until all is there, or until
                                                    it stands still for STILL_S: the rest is lost
        await system.stored(step)                   ids, alarm rows, the times of their commits
    await system.stop()

Messages. A message has an id that never comes twice: `v<step>-<n>` is a reading, `c<step>-<n>` a
call for help, or a reading that must raise an alarm (1 in 100). Publishing is QoS 1, MQTT 3.1.1.

    Shape.NATIVE      topic lifeline/v1/<device>/up and /call; body as INTERFACES 2, 200 bytes
    Shape.TELEMETRY   topic t/<device>; body of exactly 200 bytes, keys in this order:
                      {"id": "v3-17", "dev": "bench-00017", "patient": "bench-00017",
                       "kind": "vital", "code": "hr", "value": 71.0, "unit": "bpm", "quality": 1,
                       "battery": 87, "ts_ns": 1795387225000000000, "pad": "xx…"}
                      written without blanks; a heart rate above 180 (`value` 200.0) is an alarm

A peer's rule is: `code` is "hr" and `value` > 180 -> one row in its alarm table, and one message
on `alarms/<dev>`, QoS 1: JSON with the `id` of the message that raised it.

Times are unix seconds of the machine's real-time clock, as PostgreSQL's are. A commit's time is
`pg_xact_commit_timestamp(xmin)` of its row, which `server.Server` has switched on.

A system without a network in front (COPY alone) is a `Direct`: it is poured into as fast as it
goes. `start` raises NotHere when a part is missing on this machine; the row then says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

STILL_S = 3.0
ALARM_ABOVE_BPM = 180


class NotHere(RuntimeError):  # noqa: N818 - a state, named as the table says it
    """A part is missing on this machine; the text says which, and what to do."""


class SystemFailed(RuntimeError):  # noqa: N818 - as above
    """A system did not start, or ended while it was measured; the text has its last words."""


class Shape(StrEnum):
    """How topic and body of a message look."""

    NATIVE = "native"
    TELEMETRY = "telemetry"


@dataclass(frozen=True, slots=True)
class Told:
    """What a system is told to be ready for.

    Attributes:
        folder: Scratch, empty, there; searchable by the database's own user.
        devices: How many devices will be connected, each with a connection of its own.
        commit_delay_ms: What each commit is slowed down by; 0 is the disk as it is.
    """

    folder: Path
    devices: int
    commit_delay_ms: int


@dataclass(frozen=True, slots=True)
class Device:
    """Who publishes on one connection; `name` is in its topics and is its client id."""

    name: str
    password: str | None = field(default=None, repr=False)

    @staticmethod
    def named(number: int) -> str:
        """Give the name of the device with this number."""
        return f"bench-{number:05d}"


@dataclass(frozen=True, slots=True)
class Target:
    """Where and how to publish.

    Attributes:
        host: Loopback.
        port: Of the MQTT listener.
        devices: One for each connection; user name and password are sent when there is one.
        shape: How messages look.
        alerts: Topic filter that alerts come on, subscribed to on a connection of its own; None:
            the receipt of the call on the device's own `down`.
        versions: Of its parts, for the result: {"mosquitto": "2.0.11"}.
    """

    host: str
    port: int
    devices: tuple[Device, ...]
    shape: Shape
    alerts: str | None
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is in a system's database.

    Attributes:
        count: Messages, of all steps since `start`.
        commits: Of one step: id -> time of the commit; None where rows carry no id. An id that was
            acknowledged and is not here is lost.
        alarms: Of one step: id of the message -> time of the commit that made its alarm row.
    """

    count: int
    commits: Mapping[str, float] | None
    alarms: Mapping[str, float]


class Common(Protocol):
    """What every system has."""

    @property
    def key(self) -> str:
        """Give the word for `--systems`: "lifeline", "c-client", "copy", "script", …."""
        ...

    @property
    def name(self) -> str:
        """Give the name in the table."""
        ...

    @property
    def stores(self) -> bool:
        """Say whether it keeps messages in a database: `count` is then of rows."""
        ...

    async def stored(self, step: int) -> Stored:
        """Say what is in the database now."""
        ...

    async def parts(self) -> Mapping[str, Sequence[int]]:
        """Give the processes of each part; their children are found and counted with them."""
        ...

    async def stop(self) -> None:
        """End every process that was started, by its id; does nothing when none was."""
        ...


class System(Common, Protocol):
    """A system that messages are published to."""

    @property
    def durable_ack(self) -> bool:
        """Say whether its PUBACK to the publisher promises storage; a broker's does not."""
        ...

    async def start(self, told: Told) -> Target:
        """Start it, ready to take messages.

        Raises:
            NotHere: a part is missing on this machine.
            SystemFailed: it does not come up.
        """
        ...

    async def count(self) -> int:
        """Give the messages it has stored (or, where it stores nothing, taken) since `start`."""
        ...


@dataclass(frozen=True, slots=True)
class Poured:
    """What went into a direct system: messages, and seconds from each batch to its commit."""

    messages: int
    took_s: float
    batches_s: Sequence[float]


@runtime_checkable
class Direct(Common, Protocol):
    """A system without a network: the ceiling. Runs inside the benchmark's own process."""

    async def open(self, told: Told) -> Mapping[str, str]:
        """Make it ready; give the versions of its parts.

        Raises:
            NotHere: a part is missing on this machine.
        """
        ...

    async def pour(self, step: int, seconds: float) -> Poured:
        """Put in as much as goes in this time; `count` of `stored` must then say so."""
        ...
