"""A real PostgreSQL for tests: one embedded server a session, one database a test.

The same tests run against another server, with TimescaleDB or without, when LIFELINE_TEST_DSN
names one whose role may create databases.
"""

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


@pytest.fixture
async def database(empty_database: str) -> str:
    """Give the DSN of a database in its newest shape."""
    session = Session(lambda: empty_database, "test-start")
    storage = await migrate(session, "auto", MORNING)
    if storage == "native":
        await ensure_partitions(session, MORNING)
        await ensure_partitions(session, datetime.now(UTC))
    await session.close()
    return empty_database


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
