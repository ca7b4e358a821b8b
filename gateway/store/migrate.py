"""Numbered migrations, forward only, each in a transaction with its own record.

The creating migration has two variants for the tables partitioned by time: plain PostgreSQL, and
hypertables where TimescaleDB may be used (DESIGN 7). Which one was taken is recorded; a database
is never changed from one to the other by a start (`lifeline storage convert` will do that).
"""

from contextlib import suppress
from datetime import datetime, timedelta
from importlib import resources
from typing import Literal

import psycopg
from psycopg import sql

from devices.model import PARTITION_PAST_DAYS
from gateway.errors import SettingsError
from gateway.store.connect import Connection, Session

Storage = Literal["native", "timescale"]
MIGRATION_LOCK = 0x11FE_11FE
LATER = (
    "0002_services",
    "0003_person_record",
    "0004_death_by_two",
    "0005_vitals_state",
    "0006_rehearsal",
    "0007_access",
    "0008_desk",
    "0009_console",
)
MIGRATIONS = ("0001_core", *LATER)
TIME_VARIANT = "0001_time"
NO_WEB_ROLE = "LL001"  # raised by lifeline_secure() of 0007_access


def _read(name: str) -> bytes:
    return resources.files("gateway").joinpath(f"sql/migrations/{name}.sql").read_bytes()


async def timescale_licence(connection: Connection) -> str | None:
    """Say under which licence TimescaleDB can be used here: `timescale`, `apache`, or None.

    The licence is known only once the extension is there, so it is created, and taken back when
    that fails (not preloaded, or not allowed to us). Call it inside a transaction.
    """
    cursor = await connection.execute(
        "select exists (select from pg_available_extensions where name = 'timescaledb') as found"
    )
    found = await cursor.fetchone()
    if found is None or not found.found:
        return None
    try:
        async with connection.transaction():
            await connection.execute("create extension if not exists timescaledb")
            cursor = await connection.execute(
                "select current_setting('timescaledb.license', true) as licence"
            )
            found = await cursor.fetchone()
    except psycopg.DatabaseError:
        return None
    return str(found.licence) if found is not None and found.licence else None


async def migrate(session: Session, storage: Literal["auto"] | Storage, now: datetime) -> Storage:
    """Bring the database to the newest shape; give the storage variant it has.

    Raises:
        SettingsError: when `timescale` is asked for and the server cannot do it, or when the
            database already has the other variant.
    """
    chosen = await _create(session, storage, now)
    for name in LATER:
        await _apply(session, name, now)
    await _secure(session)
    return chosen


async def _secure(session: Session) -> None:
    """Give the web role its rights, on tables that have appeared since too.

    Raises:
        SettingsError: the role is missing and we may not make it.
    """
    async with session.transaction() as connection:
        await _prepare(connection)
        try:
            await connection.execute("select lifeline_secure()")
        except psycopg.DatabaseError as error:
            if error.sqlstate != NO_WEB_ROLE:
                raise
            user = connection.info.user
            raise SettingsError(
                "the database's role lifeline_web, as which the web side sees one organisation at "
                f"a time, cannot be used by {user}: let an administrator of the database run "
                f"create role lifeline_web nologin; grant lifeline_web to {user};"
            ) from error


async def _create(session: Session, storage: Literal["auto"] | Storage, now: datetime) -> Storage:
    """Make the first shape, unless it is there; give the storage variant."""
    async with session.transaction() as connection:
        await _prepare(connection)
        await connection.execute(
            "create table if not exists migration"
            " (name text primary key, at timestamptz not null, storage text)"
        )
        cursor = await connection.execute("select name, storage from migration")
        done = {found.name: found.storage for found in await cursor.fetchall()}
        if "0001_core" in done:
            return _agree(storage, done["0001_core"])
        chosen = await _choose(connection, storage)
        await connection.execute(_read("0001_core"))
        await connection.execute(_read(f"{TIME_VARIANT}_{chosen}"))
        await connection.execute(
            "insert into migration (name, at, storage) values (%s, %s, %s)",
            ("0001_core", now, chosen),
        )
        return chosen


async def _apply(session: Session, name: str, now: datetime) -> None:
    """Do a later migration once, in a transaction with its own record."""
    async with session.transaction() as connection:
        await _prepare(connection)
        cursor = await connection.execute("select from migration where name = %s", (name,))
        if await cursor.fetchone() is not None:
            return
        await connection.execute(_read(name))
        await connection.execute("insert into migration (name, at) values (%s, %s)", (name, now))


async def _prepare(connection: Connection) -> None:
    """Wait for whoever migrates beside us, for longer than a call would."""
    await connection.execute("set local lock_timeout = '30s'")
    await connection.execute("set local statement_timeout = '120s'")
    await connection.execute("select pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))


def _agree(asked: str, found: str) -> Storage:
    if asked not in ("auto", found):
        raise SettingsError(
            f"the database keeps time series as {found}, the settings ask for {asked}: "
            "set storage to auto, or convert the database first"
        )
    return "timescale" if found == "timescale" else "native"


async def _choose(connection: Connection, storage: str) -> Storage:
    if storage == "native":
        return "native"
    licence = await timescale_licence(connection)
    if storage == "timescale" and licence is None:
        raise SettingsError(
            "storage = timescale, but this PostgreSQL does not offer TimescaleDB: install and "
            "preload it (shared_preload_libraries), or set storage to auto"
        )
    return "native" if licence is None else "timescale"


async def ensure_partitions(session: Session, now: datetime) -> None:
    """Make the month partitions from the oldest plausible device time to three ahead.

    Only for native storage. A partition that would have to take rows out of the DEFAULT one cannot
    be made here and is left out; the non-empty default is found and raised elsewhere.
    """
    month = _month(now)
    oldest = _month(now - timedelta(days=PARTITION_PAST_DAYS))
    async with session.transaction() as connection:
        await connection.execute("select pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        for table, first in (("packet", month - 1), ("measurement", oldest)):
            for number in range(first, month + 4):
                with suppress(psycopg.errors.CheckViolation):
                    async with connection.transaction():
                        await _ensure_partition(connection, table, number)


def _month(at: datetime) -> int:
    return at.year * 12 + at.month - 1


async def drop_old_partitions(session: Session, now: datetime, retention_days: int) -> None:
    """Drop whole months that are older than the retention; never the DEFAULT partition."""
    oldest = now - timedelta(days=retention_days)
    keep = f"{oldest.year:04d}_{oldest.month:02d}"
    async with session.transaction() as connection:
        cursor = await connection.execute(
            "select child.relname as name, parent.relname as parent from pg_inherits"
            " join pg_class as child on child.oid = inhrelid"
            " join pg_class as parent on parent.oid = inhparent"
            " where parent.relname in ('packet', 'measurement')"
        )
        for found in await cursor.fetchall():
            month = found.name.removeprefix(f"{found.parent}_")
            if month != "default" and month < keep:
                await connection.execute(
                    sql.SQL("drop table {}").format(sql.Identifier(found.name))
                )


async def _ensure_partition(connection: Connection, table: str, month: int) -> None:
    def first(number: int) -> str:
        return f"{number // 12:04d}-{number % 12 + 1:02d}-01 00:00:00+00"

    name = f"{table}_{month // 12:04d}_{month % 12 + 1:02d}"
    await connection.execute(
        sql.SQL(
            "create table if not exists {} partition of {} for values from ({}) to ({})"
        ).format(
            sql.Identifier(name),
            sql.Identifier(table),
            sql.Literal(first(month)),
            sql.Literal(first(month + 1)),
        )
    )
