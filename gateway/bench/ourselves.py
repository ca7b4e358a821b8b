"""The gateway under test: the real `lifeline up`, all roles, its own embedded PostgreSQL.

Each device is enrolled with a secret and a person of its own, whose press is referred at once to a
service that takes all; receipts, raw messages and reasons are kept as always, and every message is
answered twice, by its PUBACK and by its receipt on `down`. The peers do none of that: the
difference is to our disadvantage.

A call's alarm row: the receipt, the alarm and the reasons of a call are written in one transaction
(DESIGN 4), the receipt's row keeps its commit's time, and nothing changes that row afterwards.
"""

import asyncio
import csv
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg

from gateway import __version__, embedded
from gateway.bench.processes import bound_to_us
from gateway.bench.server import Server
from gateway.bench.system import Device, Shape, Stored, SystemFailed, Target, Told
from gateway.embedded import cluster, notes, place
from gateway.settings import PREFIX, Settings

HOST = "127.0.0.1"
LINE = "mqtt-main"
SERVICE = "bench"
START_S = 60.0
STOP_S = 45.0
LOOK_EVERY_S = 0.05
LOG = "gateway.log"
LOG_TAIL_CHARS = 2_000

COUNT = "select count(*) from receipt where sender like 'bench-%'"
STORED = """
    select key, extract(epoch from pg_xact_commit_timestamp(xmin))::float8
    from receipt where key like %s and sender like 'bench-%%'
"""
# A press opens an alarm, or joins the one its person has: either is a decision about an alarm of
# that person, written by the transaction that wrote the receipt.
ALARMS = """
    select r.key, extract(epoch from pg_xact_commit_timestamp(r.xmin))::float8
    from receipt as r
    join device as d on (d.line, d.sender) = (r.line, r.sender)
    where r.key like %s and exists (
        select from decision as x
        join alarm as a on a.id = x.alarm_id
        where x.subject_id = d.person_id and x.xmin = r.xmin
    )
"""


class Lifeline:
    """Ourselves."""

    key = "lifeline"
    name = "lifeline gateway"
    stores = True
    durable_ack = True

    def __init__(self) -> None:
        """Start nothing."""
        self._process: asyncio.subprocess.Process | None = None
        self._told: Told | None = None
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def start(self, told: Told) -> Target:
        """Make the database, enrol, start the gateway.

        Raises:
            SystemFailed: one of these did not work.
        """
        self._told = told
        server = await Server.start(told.folder / "state", told.commit_delay_ms)
        try:
            postgresql = await server.version()
            dsn_file = told.folder / "dsn"
            dsn_file.write_text(server.dsn)
            secrets = await self._enrol(told, dsn_file)
        finally:
            await server.stop()
        mqtt, web = _free_ports(2)
        await self._up(told, mqtt, web)
        self._connection = await psycopg.AsyncConnection.connect(self._dsn(), autocommit=True)
        names = [Device.named(number) for number in range(told.devices)]
        return Target(
            host=HOST,
            port=mqtt,
            devices=tuple(Device(name, secrets[name]) for name in names),
            shape=Shape.NATIVE,
            alerts=None,
            versions={
                "lifeline": __version__, "postgresql": postgresql, "uvloop": version("uvloop"),
            },
        )  # fmt: skip

    async def count(self) -> int:
        """Give the messages with a receipt.

        Raises:
            SystemFailed: the gateway or its database has ended.
        """
        ((count,),) = await self._rows(COUNT)
        return int(count)

    async def stored(self, step: int) -> Stored:
        """Read receipts, and the alarms of calls, with the times of their commits.

        Raises:
            SystemFailed: the gateway or its database has ended.
        """
        commits = dict(await self._rows(STORED, f"_{step}-%"))
        alarms = dict(await self._rows(ALARMS, f"c{step}-%"))
        return Stored(await self.count(), commits, alarms)

    async def parts(self) -> Mapping[str, Sequence[int]]:
        """Give the gateway and its database."""
        assert self._process is not None, "start comes first"
        seen = cluster.look(place.resolve(self._database))
        return {"gateway": [self._process.pid], "postgresql": [seen.pid] if seen else []}

    async def stop(self) -> None:
        """End the gateway, which ends its database."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise SystemFailed(f"the gateway did not end in {STOP_S:.0f} s of SIGTERM") from None

    async def _rows(self, query: LiteralString, *given: str) -> list[Any]:
        assert self._connection is not None, "start comes first"
        if self._process is None or self._process.returncode is not None:
            raise SystemFailed(f"the gateway has ended by itself: {self._last_words()}")
        try:
            return await (await self._connection.execute(query, given or None)).fetchall()
        except psycopg.Error as error:
            raise SystemFailed(
                f"the gateway's database: {type(error).__name__}; {self._last_words()}"
            ) from error

    def _last_words(self) -> str:
        assert self._told is not None, "start comes first"
        log = self._told.folder / LOG
        return log.read_text(errors="replace")[-LOG_TAIL_CHARS:].strip() or "(no words)"

    @property
    def _database(self) -> embedded.Settings:
        assert self._told is not None, "start comes first"
        return embedded.Settings(data_dir=self._told.folder / "state/postgres")

    def _dsn(self) -> str:
        where = place.resolve(self._database)
        seen = cluster.look(where)
        if seen is None:
            raise SystemFailed("the gateway runs without its database")
        return (
            f"postgresql://{cluster.OWNER}:{notes.stored_password(where)}@{HOST}:{seen.port}/"
            f"{cluster.DATABASE}?sslmode=disable&gssencmode=disable"
        )

    async def _enrol(self, told: Told, dsn_file: Path) -> dict[str, str]:
        roll, secrets = told.folder / "roll.json", told.folder / "secrets.tsv"
        roll.write_text(json.dumps(_roll(told.devices, datetime.now(UTC))))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway", "import", str(roll), "--secrets-to", str(secrets),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            cwd=told.folder, env=_surroundings(told.folder, DATABASE_DSN_FILE=dsn_file),
        )  # fmt: skip
        said, _ = await process.communicate()
        if process.returncode != 0:
            raise SystemFailed(f"`lifeline import`: {said.decode(errors='replace')}")
        with secrets.open() as rows:
            return {sender: secret for _, sender, secret in csv.reader(rows, delimiter="\t")}

    async def _up(self, told: Told, mqtt: int, web: int) -> None:
        with (told.folder / LOG).open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *bound_to_us(), sys.executable, "-m", "gateway", "up",
                stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out, cwd=told.folder,
                env=_surroundings(told.folder, MQTT_PORT=mqtt, WEB_PORT=web),
            )  # fmt: skip
        await self._ready(web)

    async def _ready(self, web: int) -> None:
        assert self._process is not None, "started just now"
        waited_s = 0.0
        async with httpx.AsyncClient() as client:
            while not await _is_ready(client, web):
                if self._process.returncode is not None:
                    raise SystemFailed(
                        f"`lifeline up` ended with {self._process.returncode}: {self._last_words()}"
                    )
                if waited_s > START_S:
                    raise SystemFailed(f"`lifeline up` is not ready in {START_S:.0f} s")
                await asyncio.sleep(LOOK_EVERY_S)
                waited_s += LOOK_EVERY_S


def _surroundings(folder: Path, **settings: object) -> dict[str, str]:
    """Give the environment of a gateway that takes no setting from ours."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    given = {"STATE_DIR": folder / "state", "LOG_LEVEL": "warning", "MQTT_LINE": LINE, **settings}
    root = str(Path(__file__).resolve().parents[2])
    return {**kept, **{f"{PREFIX}{k}": str(v) for k, v in given.items()}, "PYTHONPATH": root}


def _roll(devices: int, now: datetime) -> dict[str, object]:
    names = [Device.named(number) for number in range(devices)]
    return {
        "organisation": str(Settings.model_fields["organisation"].default),
        "name": "Fictional benchmark organisation",
        "services": [{
            "id": SERVICE, "name": "Fictional service", "catchment": ["LE"],
            "capacity": 1_000_000, "capacity_at": now.isoformat(),
            "automatic_per_hour": 1_000_000,
        }],
        "persons": [{
            "id": name, "name": f"Fictional {name}", "postcode": "LE1 1AA",
            "plan": {"press": "at_once"},
        } for name in names],
        "devices": [
            {"line": LINE, "sender": name, "person": name, "interval_s": 86_400} for name in names
        ],
    }  # fmt: skip


def _free_ports(count: int) -> list[int]:
    with closing(socket.socket()) as first, closing(socket.socket()) as second:
        probes = (first, second)[:count]
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


async def _is_ready(client: httpx.AsyncClient, port: int) -> bool:
    try:
        answer = await client.get(f"http://{HOST}:{port}/readyz", timeout=1.0)
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK
