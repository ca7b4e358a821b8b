"""Migrated databases that tests use one after the other, each as if it were new.

Contract: `take` gives a database that is empty and in its newest shape; `give` takes it back when
its test is over, whatever the test did. A database is used again only when it is proved to be as
it was made: nobody is connected, its shape is the same (tables, columns, indexes, functions,
policies, rights, settings, statistics), the rows that migrations wrote are the same. Then its
other rows go and its sequences begin anew. Any doubt, and it is dropped. It never has the same
name twice, so a client that outlives its test finds no database, as ever.

Why: to make and to migrate one takes longer than most tests that need it.
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

KEPT = "kept"
USES = 64  # rows that are gone still take room: a database does not live for ever
GROWTH_BYTES = 4 << 20
LEAVING_S = 1.0  # how long a connection that was closed may take to be gone
LEAVING_STEP_S = 0.005
OURS = 16384  # the first object number that is not PostgreSQL's own
CONNECTED = (
    "select count(*) from pg_stat_activity"
    " where datname = %s and backend_type not like 'autovacuum%%'"
)
_NOT_TEMPORARY = "nspname !~ '^pg_(toast_)?temp_'"

# catalogue -> what of a row is its shape, and which rows count.
_OWN_ROWS = f"oid >= {OURS}"
SHAPE = {
    "pg_class": (
        """(oid, relname, relnamespace, relkind, relowner, relacl, reloptions, relrowsecurity,
        relforcerowsecurity, relispartition, relpartbound, relpersistence, relreplident,
        relpages, reltuples)""",
        _OWN_ROWS,
    ),
    "pg_attribute": ("x", f"attrelid >= {OURS}"),
    "pg_attrdef": ("x", _OWN_ROWS),
    "pg_collation": ("x", _OWN_ROWS),
    "pg_constraint": ("x", _OWN_ROWS),
    "pg_default_acl": ("x", "true"),
    "pg_enum": ("x", "true"),
    "pg_event_trigger": ("x", "true"),
    "pg_extension": ("x", "true"),
    "pg_index": ("x", f"indexrelid >= {OURS}"),
    "pg_inherits": ("x", "true"),
    "pg_largeobject_metadata": ("x", "true"),
    "pg_namespace": ("x", _NOT_TEMPORARY),
    "pg_operator": ("x", _OWN_ROWS),
    "pg_partitioned_table": ("x", "true"),
    "pg_policy": ("x", "true"),
    "pg_proc": ("x", _OWN_ROWS),
    "pg_publication": ("x", "true"),
    "pg_rewrite": ("x", _OWN_ROWS),
    "pg_sequence": ("x", "true"),
    "pg_statistic": ("(starelid, staattnum)", f"starelid >= {OURS}"),
    "pg_statistic_ext": ("x", "true"),
    "pg_trigger": ("x", _OWN_ROWS),
    "pg_type": ("x", _OWN_ROWS),
    # Of the whole server, what concerns this database and its one role.
    "pg_database": (
        "(oid, datdba, datallowconn, datconnlimit, datistemplate, datacl)",
        "datname = current_database()",
    ),
    "pg_db_role_setting": (
        "x",
        "setdatabase in (0, (select oid from pg_database where datname = current_database()))",
    ),
    "pg_roles": ("x", "rolname in ('lifeline_web', current_user)"),
    "pg_auth_members": ("x", "roleid = 'lifeline_web'::regrole"),
}
_TABLES = (
    "select oid::regclass::text from pg_class"
    " where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a database was when it had just been made.

    Attributes:
        catalogue: Catalogue -> digest of its rows.
        written: Table that migrations write to -> digest of its rows.
        emptied: The other tables.
    """

    catalogue: dict[str, str]
    written: dict[str, str]
    emptied: tuple[str, ...]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Place:
    """A database a test has; `uses` counts the tests, this one too."""

    name: str
    dsn: str
    shape: Shape
    uses: int = 1


class Pool:
    """See the module.

    Args of the constructor: the DSN of a server whose role is a superuser (any other role's
    databases are made anew each time), what brings an empty database to its shape, and how often
    a database is used.
    """

    def __init__(self, server: str, make: Callable[[str], None], uses: int = USES) -> None:
        self._server = server
        self._make = make
        self._uses = uses
        self._idle: list[Place] = []

    def take(self) -> Place:
        """Give a database that is empty and in its newest shape."""
        if self._idle:
            return self._idle.pop()
        name = _new_name()
        dsn = make_conninfo(self._server, dbname=name)
        with self._on_server() as server:
            _command(server, "create database {}", name)
        try:
            self._make(dsn)
            return Place(name, dsn, _remember(dsn))
        except BaseException:
            self._drop(name)
            raise

    def give(self, place: Place) -> str:
        """Take a database back; say `kept`, or why it was dropped."""
        name, why = place.name, ""
        if place.uses >= self._uses:
            why = f"used {place.uses} times"
        else:
            try:
                name, why = self._alone(name)
                dsn = make_conninfo(self._server, dbname=name)
                why = why or _put_back(dsn, place.shape)
            except psycopg.Error as error:
                why = f"{type(error).__name__}: {error}"
        if why:
            self._drop(name)
            return why
        self._idle.append(Place(name, dsn, place.shape, place.uses + 1))
        return KEPT

    def close(self) -> None:
        """Drop what nobody uses."""
        while self._idle:
            self._drop(self._idle.pop().name)

    def _alone(self, name: str) -> tuple[str, str]:
        """Give a database a name that nobody knows, once nobody is in it; or say who is."""
        with self._on_server() as server:
            for _ in range(round(LEAVING_S / LEAVING_STEP_S)):
                found = server.execute(CONNECTED, (name,)).fetchone()
                if found == (0,):
                    fresh = _new_name()
                    _command(server, "alter database {} rename to {}", name, fresh)
                    return fresh, ""
                time.sleep(LEAVING_STEP_S)
        return name, f"{found} still connected"

    def _drop(self, name: str) -> None:
        with self._on_server() as server:
            _command(server, "drop database {} with (force)", name)

    def _on_server(self) -> psycopg.Connection:
        return psycopg.connect(self._server, autocommit=True)


def _command(server: psycopg.Connection, text: LiteralString, *names: str) -> None:
    server.execute(sql.SQL(text).format(*map(sql.Identifier, names)))


def _new_name() -> str:
    return f"test_{uuid.uuid4().hex}"


def _remember(dsn: str) -> Shape:
    """Say what a new database is like."""
    with psycopg.connect(dsn) as connection:
        tables = [name for (name,) in connection.execute(_TABLES).fetchall()]
        written = _filled(connection, tables)
        return Shape(
            catalogue=_catalogue(connection),
            written=_digests(connection, written),
            emptied=tuple(name for name in tables if name not in written),
            size_bytes=_size(connection),
        )


def _put_back(dsn: str, shape: Shape) -> str:
    """Bring a database to what it was; say why not, or nothing. One transaction: all or nothing."""
    with psycopg.connect(dsn) as connection:
        found = _catalogue(connection)
        if changed := [name for name in SHAPE if found[name] != shape.catalogue[name]]:
            return f"its shape has changed: {', '.join(changed)}"
        if _digests(connection, list(shape.written)) != shape.written:
            return f"rows of migrations have changed: {', '.join(shape.written)}"
        if (grown := _size(connection) - shape.size_bytes) > GROWTH_BYTES:
            return f"grown by {grown} bytes"
        # Foreign keys are not looked at: every table that holds a row is emptied.
        _run(connection, "set local session_replication_role = replica")
        _run(connection, "set local synchronous_commit = off")
        for name in _filled(connection, shape.emptied):
            _run(connection, f"delete from {name}")  # noqa: S608 - from the catalogue
        _run(connection, "select setval(seqrelid::regclass, seqstart, false) from pg_sequence")
        _run(connection, "select pg_stat_reset()")
    return ""


def _catalogue(connection: psycopg.Connection) -> dict[str, str]:
    parts = (
        f"select '{name}', count(*) || ' ' || coalesce(sum(hashtextextended({what}::text, 0)), 0)"  # noqa: S608
        f" from (select * from {name} where {which}) as x"
        for name, (what, which) in SHAPE.items()
    )
    return dict(_run(connection, " union all ".join(parts)))


def _filled(connection: psycopg.Connection, tables: list[str] | tuple[str, ...]) -> list[str]:
    """Say which tables hold a row."""
    looks = ", ".join(f"exists (select from {name})" for name in tables)
    (found,) = _run(connection, f"select {looks}")
    return [name for name, is_filled in zip(tables, found, strict=True) if is_filled]


def _digests(connection: psycopg.Connection, tables: list[str]) -> dict[str, str]:
    return {
        name: _run(
            connection,
            f"select md5(string_agg(x::text, ' ' order by x::text)) from {name} as x",  # noqa: S608
        )[0][0]
        for name in tables
    }


def _size(connection: psycopg.Connection) -> int:
    ((size,),) = _run(connection, "select pg_database_size(current_database())")
    return int(size)


def _run(connection: psycopg.Connection, text: str) -> list[tuple[Any, ...]]:
    cursor = connection.execute(text.encode())
    return cursor.fetchall() if cursor.description is not None else []
