"""The store's tests begin with a few fictional people enrolled."""

import asyncio
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from gateway import enrol
from gateway.placing import Desk
from gateway.store.connect import Session, Sessions
from gateway.store.migrate import migrate
from tests.databases import MORNING
from tests.store import month, month_told
from tests.store.messages import roll


@pytest.fixture
async def enrolled(sessions: Sessions) -> enrol.Enrolled:
    return await enrol.enrol(sessions, roll(), MORNING)


@pytest.fixture(scope="session")
def told(server: str, desk: Desk) -> Iterator[str]:
    """Give the DSN of a database in which a whole month has happened; nobody changes it."""
    name = f"month_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    dsn = make_conninfo(server, dbname=name)
    try:
        asyncio.run(_tell(dsn, desk))
        yield dsn
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            drop = sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            connection.execute(drop)


async def _tell(dsn: str, desk: Desk) -> None:
    start, sessions = Session(lambda: dsn, "test-start"), Sessions(lambda: dsn, "test", 1)
    await migrate(start, "auto", month.FIRST)
    await start.close()
    await month_told.play(sessions, desk, month.month())
    await sessions.close()
