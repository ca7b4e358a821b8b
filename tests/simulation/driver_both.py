"""The same gateway code on a real PostgreSQL and on the simulated one, and what both then hold."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from gateway.store import connect
from ops.sim.driver.connection import SCHEME, driver_for
from ops.sim.driver.server import Hooks, Quiet, Server
from tests.databases import MORNING

# Numbers that a sequence gave: on a real server they depend on which of two came first.
NUMBERS = {"decision": "id", "audit": "id", "inbox": "id", "quarantine": "id"}


class RealIds:
    """Looks into a real PostgreSQL."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def ids(self, table: str) -> list[UUID]:
        async with await psycopg.AsyncConnection.connect(self._dsn) as connection:
            text = sql.SQL("select id from {} order by id").format(sql.Identifier(table))
            return [one for (one,) in await (await connection.execute(text)).fetchall()]


class SimulatedIds:
    """Looks into a simulated PostgreSQL."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def ids(self, table: str) -> list[UUID]:
        return sorted(self._server.tables.named[table])


def simulated_server(hooks: Hooks | None = None) -> Server:
    """Make an empty simulated PostgreSQL; its address is `sim:…`."""
    return Server(hooks or Quiet(), lambda: MORNING)


@contextmanager
def known_to_the_gateway(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the gateway's sessions reach the simulated server too: by its addresses, no others."""
    real, simulated = connect._Connection, driver_for(server)

    class Either:
        @classmethod
        async def connect(cls, conninfo: str, **more: Any) -> Any:
            kind: Any = simulated if conninfo.startswith(SCHEME) else real
            return await kind.connect(conninfo, **more)

    with monkeypatch.context() as patch:
        patch.setattr(connect, "_Connection", Either)
        yield


def _plain(value: object) -> object:
    """Give a value so that both databases write it alike; JSON text and decoded JSON are one."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, str):
        value = json.loads(value) if value[:1] in ("{", "[", '"') else str(value)
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else repr(value)


def _lines(table: str, rows: list[dict[str, Any]]) -> list[str]:
    left_out = NUMBERS.get(table)
    return sorted(
        "; ".join(f"{name}={_plain(row[name])}" for name in sorted(row) if name != left_out)
        for row in rows
    )


def simulated_tables(server: Server) -> dict[str, list[str]]:
    """Give all committed rows of a simulated server."""
    return {
        name: _lines(name, [row._asdict() for row in table.values()])
        for name, table in server.tables.named.items()
    }


async def real_tables(dsn: str, names: list[str]) -> dict[str, list[str]]:
    """Give all committed rows of a real server."""
    found = {}
    async with await psycopg.AsyncConnection.connect(dsn, row_factory=dict_row) as connection:
        for name in names:
            text = sql.SQL("select * from {}").format(sql.Identifier(name))
            rows = await (await connection.execute(text)).fetchall()
            found[name] = _lines(name, rows)
    return found


def differences(
    simulated: dict[str, list[str]], real: dict[str, list[str]]
) -> dict[str, list[str]]:
    """Give the rows that only one of both holds, by table; equal rows are counted."""
    found = {}
    for name, rows in real.items():
        ours, theirs = Counter(simulated[name]), Counter(rows)
        lines = [f"only simulated: {one}" for one in (ours - theirs).elements()]
        lines += [f"only real: {one}" for one in (theirs - ours).elements()]
        if lines:
            found[name] = lines
    return found


async def empty(dsn: str) -> None:
    """Take all rows out of a real database, migrations apart."""
    names = sql.SQL(", ").join(map(sql.Identifier, simulated_server().tables.named))
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute(sql.SQL("truncate {} restart identity cascade").format(names))
