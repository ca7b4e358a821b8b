"""A real PostgreSQL for tests: one embedded server a session, one database a test.

`database` is in its newest shape and may have served an earlier test, as tests/pool.py describes;
`empty_database` has nothing in it.

The same tests run against another server, with TimescaleDB or without, when LIFELINE_TEST_DSN
names one whose role may create databases.
"""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from gateway import embedded
from gateway.placing import Desk
from gateway.rulebook import read_rules
from gateway.store.connect import Session, Sessions
from gateway.store.migrate import ensure_partitions, migrate
from tests.pool import Pool

ORGANISATION = uuid.UUID("5eed0000-0000-4000-8000-000000000001")
MORNING = datetime(2026, 11, 2, 6, 56, tzinfo=UTC)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the DSN of a PostgreSQL whose role may create databases."""
    named = os.environ.get("LIFELINE_TEST_DSN")
    if named:
        yield named
        return
    folder: Path = tmp_path_factory.mktemp("postgres")
    settings = embedded.Settings(data_dir=folder / "data", shared_buffers_mib=32)
    running = embedded.start(settings)
    try:
        yield running.dsn
    finally:
        running.stop()
        embedded.erase(settings)


@pytest.fixture
def empty_database(server: str) -> Iterator[str]:
    """Give the DSN of a new, empty database, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            drop = sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            connection.execute(drop)


def make_newest(dsn: str) -> None:
    """Bring an empty database to its newest shape, with the months that the tests' dates need."""
    asyncio.run(_make_newest(dsn))


async def _make_newest(dsn: str) -> None:
    session = Session(lambda: dsn, "test-start")
    storage = await migrate(session, "auto", MORNING)
    if storage == "native":
        await ensure_partitions(session, MORNING)
        await ensure_partitions(session, datetime.now(UTC))
    await session.close()


@pytest.fixture(scope="session")
def pool(server: str) -> Iterator[Pool]:
    """Give the databases of this run that tests use one after the other."""
    pool = Pool(server, make_newest)
    try:
        yield pool
    finally:
        pool.close()


@pytest.fixture
def database(pool: Pool) -> Iterator[str]:
    """Give the DSN of an empty database in its newest shape, for one test alone."""
    place = pool.take()
    try:
        yield place.dsn
    finally:
        pool.give(place)


@pytest.fixture
async def session(database: str) -> AsyncIterator[Session]:
    """Give a session on the migrated database."""
    session = Session(lambda: database, "test")
    yield session
    await session.close()


@pytest.fixture
async def sessions(database: str) -> AsyncIterator[Sessions]:
    """Give a few sessions on the migrated database."""
    sessions = Sessions(lambda: database, "test", 3)
    yield sessions
    await sessions.close()


@pytest.fixture(scope="session")
def desk() -> Desk:
    """Give the shipped rules and a key of this test run."""
    return Desk(read_rules(), ORGANISATION, os.urandom(32))
