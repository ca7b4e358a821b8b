"""What the peers stand on: a broker, a PostgreSQL with two plain tables, and the look into them.

Contract: `Ground.prepare` starts both and makes the tables; `ready` proves the whole way from the
broker into the tables with messages of its own and then empties them; `stop` ends everything by its
process id, whatever failed before.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, LiteralString, Self

import aiomqtt
import psycopg

from gateway.bench.peers import broker
from gateway.bench.peers.process import HOST, Child
from gateway.bench.server import Server
from gateway.bench.system import Device, Shape, Stored, SystemFailed, Target

READY_S = 60.0
PROBE_EVERY_S = 0.25
SETTLED_S = 0.75
ALERTS = "alarms/#"
COUNT = "select count(*) from vitals"
COMMITS = """
    select message_id, extract(epoch from pg_xact_commit_timestamp(xmin))::float8
    from vitals where split_part(message_id, '-', 1) = any(%s)
"""
ALARM_COMMITS = """
    select message_id, extract(epoch from pg_xact_commit_timestamp(xmin))::float8
    from alarms where split_part(message_id, '-', 1) = any(%s)
"""


class Tables:
    """The two tables, seen through a connection of our own.

    Every look raises SystemFailed when the database does not answer.
    """

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Take over a connection in autocommit."""
        self._connection = connection

    @classmethod
    async def make(cls, dsn: str) -> Self:
        """Make the tables of tables.sql in an empty database."""
        connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
        text = resources.files("gateway.bench.peers").joinpath("tables.sql").read_bytes()
        await connection.execute(text)
        return cls(connection)

    async def count(self) -> int:
        """Give the rows of vitals."""
        ((found,),) = await self._rows(COUNT)
        return int(found)

    async def stored(self, step: int) -> Stored:
        """Say what is there."""
        kinds = [f"v{step}", f"c{step}"]
        commits = await self._rows(COMMITS, kinds)
        alarms = await self._rows(ALARM_COMMITS, kinds)
        return Stored(await self.count(), dict(commits), dict(alarms))

    async def empty(self) -> None:
        """Forget all rows."""
        await self._connection.execute("truncate vitals, alarms")

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()

    async def _rows(self, statement: LiteralString, *given: object) -> list[Any]:
        try:
            return await (await self._connection.execute(statement, given)).fetchall()
        except psycopg.Error as error:
            raise SystemFailed(f"the peer's database: {type(error).__name__}") from error


@dataclass(slots=True)
class Ground:
    """A broker, a database, the programs of one peer, and how all of them end."""

    folder: Path
    devices: int
    parts: dict[str, list[int]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    _children: list[Child] = field(default_factory=list)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _broker: broker.Broker | None = None
    _server: Server | None = None
    _tables: Tables | None = None

    @property
    def port(self) -> int:
        """The broker's port."""
        assert self._broker is not None, "start_broker comes first"
        return self._broker.port

    @property
    def dsn(self) -> str:
        """The database's address; holds the password."""
        assert self._server is not None, "start_database comes first"
        return self._server.dsn

    @property
    def tables(self) -> Tables:
        """The peer's tables."""
        assert self._tables is not None, "start_database comes first"
        return self._tables

    async def start_broker(self) -> None:
        """Start the broker.

        Raises:
            NotHere: it is not installed.
            SystemFailed: it does not listen.
        """
        self.versions["mosquitto"] = await broker.version()
        self._broker = await broker.start(self.folder)
        self._stack.push_async_callback(self._broker.stop)
        self.parts["broker"] = [self._broker.pid]

    async def start_database(self, commit_delay_ms: int) -> None:
        """Start the database with empty tables.

        Raises:
            SystemFailed: it does not start.
        """
        self._server = await Server.start(self.folder, commit_delay_ms)
        self._stack.push_async_callback(self._server.stop)
        self.versions["postgresql"] = await self._server.version()
        self.parts["postgresql"] = [self._server.pid]
        try:
            self._tables = await Tables.make(self._server.dsn)
        except psycopg.Error as error:
            raise SystemFailed(f"the peers' tables: {type(error).__name__}") from error
        self._stack.push_async_callback(self._tables.close)

    def keep(self, part: str, child: Child) -> None:
        """Remember a program: it is ended first, and counts as a part."""
        self._children.append(child)
        self._stack.push_async_callback(child.stop)
        self.parts[part] = [child.pid]

    async def ready(self, count: Callable[[], Awaitable[int]]) -> Target:
        """Publish readings of our own until `count` sees them and stands still again.

        What is published before the peer has subscribed is nobody's, so there are several.

        Raises:
            SystemFailed: nothing arrives within READY_S.
        """
        try:
            async with (
                asyncio.timeout(READY_S),
                aiomqtt.Client(HOST, self.port, identifier="ready") as client,
            ):
                number = 0
                while not await count():
                    self.check()
                    await client.publish("t/ready", _reading(number), qos=1)
                    number += 1
                    await asyncio.sleep(PROBE_EVERY_S)
                await _still(count)
        except (TimeoutError, aiomqtt.MqttError) as error:
            words = "; ".join(f"{one.name}: {one.last_words()}" for one in self._children)
            raise SystemFailed(
                f"no message came through within {READY_S:g} s ({error or 'time-out'}); {words}"
            ) from error
        devices = tuple(Device(Device.named(number)) for number in range(self.devices))
        return Target(HOST, self.port, devices, Shape.TELEMETRY, ALERTS, dict(self.versions))

    async def stop(self) -> None:
        """End everything, the last that was started first; a second call does nothing."""
        stack, self._stack = self._stack, AsyncExitStack()
        self._children.clear()
        self.parts.clear()
        await stack.aclose()

    def check(self) -> None:
        """Make sure that the peer's programs run.

        Raises:
            SystemFailed: one has ended; with its last words.
        """
        for child in self._children:
            if not child.runs:
                raise SystemFailed(f"{child.name} has ended: {child.last_words()}")


async def _still(count: Callable[[], Awaitable[int]]) -> None:
    before = -1
    while (now := await count()) != before:
        before = now
        await asyncio.sleep(SETTLED_S)


def _reading(number: int) -> bytes:
    reading = {
        "id": f"ready-{number}", "dev": "ready", "patient": "ready", "kind": "vital", "code": "hr",
        "value": 71.0, "unit": "bpm", "quality": 1, "battery": 87, "ts_ns": 1_000_000_000,
    }  # fmt: skip
    return json.dumps(reading, separators=(",", ":")).encode()
