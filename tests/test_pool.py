"""A database that served one test is new to the next one, or it is not used again."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from gateway.store.migrate import LATER
from tests.databases import make_newest
from tests.pool import KEPT, Place, Pool

TABLES = (
    "select relname::text from pg_class where relnamespace = 'public'::regnamespace"
    " and relkind in ('r', 'p') and not relispartition and relname <> 'migration' order by 1"
)
CHECKS = (
    "select conrelid::regclass::text, conname::text from pg_constraint"
    " where contype = 'c' and conrelid <> 0 and coninhcount = 0"
)
COLUMNS = (
    "select attname::text, format_type(atttypid, null) from pg_attribute"
    " where attrelid = %s::regclass and attnum > 0 and not attisdropped and attidentity = ''"
)
USES = 12
VALUES = {
    "bigint": "7",
    "boolean": "true",
    "bytea": "'x'",
    "date": "'2026-11-02'",
    "double precision": "7",
    "integer": "7",
    "json": "'{}'",
    "jsonb": "'{}'",
    "smallint": "7",
    "text": "'x'",
    "text[]": "'{x}'",
    "timestamp with time zone": "'2026-11-02T06:56Z'",
    "uuid": "'5eed0000-0000-4000-8000-000000000001'",
}
# As many kinds of things as a migration makes; a whole one takes longer to make than to check.
SMALL = """
create table migration (name text primary key, at timestamptz not null);
insert into migration values ('0001', '2026-11-02'), ('0002', '2026-11-02');
create table person (
    id uuid primary key,
    name text not null default 'nobody',
    born integer constraint person_born check (born > 1900)
);
create index person_name on person (name);
alter table person enable row level security;
create policy own on person using (name <> '');
create table task (
    id bigint generated always as identity primary key,
    person_id uuid references person
);
create table packet (at timestamptz not null, body text) partition by range (at);
create table packet_default partition of packet default;
create function secure() returns void language sql as 'select 1';
do $$
begin
    if not exists (select from pg_roles where rolname = 'lifeline_web') then
        create role lifeline_web nologin;
    end if;
exception when duplicate_object or unique_violation then null;
end
$$;
grant select on task to lifeline_web;
"""
THIS = "do $$ begin execute format('alter database %I {}', current_database()); end $$"
CHANGES = {
    "a table more": "create table extra (what text)",
    "a table less": "drop table task cascade",
    "a column more": "alter table person add column extra text",
    "another default": "alter table person alter column name set default 'x'",
    "an index less": "drop index person_name",
    "a check less": "alter table person drop constraint person_born",
    "a policy less": "drop policy own on person",
    "no row security": "alter table person disable row level security",
    "a right more": "grant select on person to lifeline_web",
    "a right more on a column": "grant select (name) on person to lifeline_web",
    "another function": "create or replace function secure() returns void language sql as ''",
    "foreign keys asleep": "alter table task disable trigger all",
    "a view": "create view extra as select 1",
    "a type": "create type extra as enum ('one')",
    "a schema": "create schema extra",
    "another step of numbers": "alter sequence task_id_seq increment 2",
    "a month more": "create table packet_1999_01 partition of packet"
    " for values from ('1999-01-01') to ('1999-02-01')",
    "a large object": "select lo_create(0)",
    "statistics": "analyze person",
    "rights by default": "alter default privileges grant select on tables to lifeline_web",
    "a setting": THIS.format("set work_mem = 65536"),
    "a limit of connections": THIS.format("connection limit 5"),
    "a migration forgotten": "delete from migration where name = '0002'",
    "a migration at another time": "update migration set at = at + interval '1 day'",
}


def small(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(SMALL.encode())


@pytest.fixture(scope="module")
def own(server: str) -> Iterator[Pool]:
    pool = Pool(server, small, uses=USES)
    yield pool
    pool.close()


def change(place: Place, text: str) -> None:
    with psycopg.connect(place.dsn) as connection:
        connection.execute(text.encode())


def is_there(server: str, place: Place) -> bool:
    with psycopg.connect(server) as connection:
        text = "select from pg_database where datname = %s"
        return connection.execute(text, (place.name,)).fetchone() is not None


def counts(place: Place) -> dict[str, int]:
    """Give table -> how many rows it holds, with all its partitions."""
    with psycopg.connect(place.dsn) as connection:
        names = [name for (name,) in connection.execute(TABLES).fetchall()]
        each = (sql.SQL("(select count(*) from {})").format(sql.Identifier(one)) for one in names)
        found = connection.execute(sql.SQL("select ") + sql.SQL(", ").join(each)).fetchone()
        return dict(zip(names, found or (), strict=True))


def insert(connection: psycopg.Connection, table: str) -> None:
    """Put a row into a table, whatever it should refer to."""
    connection.execute("set local session_replication_role = replica")
    found = connection.execute(COLUMNS, (table,)).fetchall()
    names = ", ".join(name for name, _ in found)
    values = ", ".join(VALUES[kind] for _, kind in found)
    connection.execute(f"insert into {table} ({names}) values ({values})".encode())  # noqa: S608


def without_checks(dsn: str) -> None:
    """Make a database whose tables take any value, so that a row can be made for each of them."""
    make_newest(dsn)
    with psycopg.connect(dsn) as connection:
        for table, name in connection.execute(CHECKS).fetchall():
            connection.execute(f"alter table {table} drop constraint {name}".encode())


def test_a_row_in_each_table_is_gone_and_numbers_begin_anew(server: str) -> None:
    pool = Pool(server, without_checks)
    first = pool.take()
    with psycopg.connect(first.dsn) as connection:
        for name in counts(first):
            insert(connection, name)
    assert set(counts(first).values()) == {1}
    assert len(counts(first)) > 30

    assert pool.give(first) == KEPT
    second = pool.take()

    assert second.shape is first.shape
    assert set(counts(second).values()) == {0}
    with psycopg.connect(second.dsn) as connection:
        insert(connection, "quarantine")
        assert connection.execute("select id from quarantine").fetchone() == (1,)
        found = connection.execute("select count(*) from migration").fetchone()
        assert found == (1 + len(LATER),)
    assert pool.give(second) == KEPT
    pool.close()


@pytest.mark.parametrize("what", CHANGES)
def test_a_database_of_another_shape_is_replaced(server: str, own: Pool, what: str) -> None:
    first = own.take()
    change(first, CHANGES[what])

    assert own.give(first) != KEPT

    assert not is_there(server, first)


def test_a_change_that_was_undone_by_its_transaction_is_none(own: Pool) -> None:
    first = own.take()
    with psycopg.connect(first.dsn) as connection:
        connection.execute("drop table task cascade")
        connection.execute("insert into packet values (now(), 'x')")
        connection.rollback()

    assert own.give(first) == KEPT


def test_numbers_that_were_drawn_and_not_used_are_drawn_again(own: Pool) -> None:
    first = own.take()
    change(first, "select nextval('task_id_seq'), nextval('task_id_seq')")
    assert own.give(first) == KEPT

    second = own.take()

    with psycopg.connect(second.dsn) as connection:
        assert connection.execute("select nextval('task_id_seq')").fetchone() == (1,)
    own.give(second)


def test_who_is_still_connected_is_sent_away_with_the_database(server: str, own: Pool) -> None:
    first = own.take()
    left = psycopg.connect(first.dsn)
    left.execute("lock table person")

    assert "connected" in own.give(first)

    assert not is_there(server, first)
    with pytest.raises(psycopg.OperationalError):
        left.execute("select 1")
    own.give(own.take())


def test_who_comes_back_later_finds_no_database(own: Pool) -> None:
    own.close()
    first = own.take()
    assert own.give(first) == KEPT

    second = own.take()

    assert second.uses == 2
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(first.dsn)
    own.give(second)


def test_nothing_that_was_told_before_is_heard(own: Pool) -> None:
    first = own.take()
    change(first, "select pg_notify('heard', 'of the test before')")
    assert own.give(first) == KEPT
    second = own.take()

    with psycopg.connect(second.dsn, autocommit=True) as connection:
        connection.execute("listen heard")
        connection.execute("select pg_notify('heard', 'of this test')")
        (told,) = connection.notifies(timeout=10, stop_after=1)

    assert told.payload == "of this test"
    own.give(second)


def test_a_database_that_grew_is_replaced(own: Pool) -> None:
    first = own.take()
    change(
        first,
        "insert into packet select now(), 'x' from generate_series(1, 150000)",
    )

    assert "grown" in own.give(first)


def test_no_database_is_used_for_ever(own: Pool) -> None:
    own.close()
    said = [own.give(own.take()) for _ in range(USES + 1)]

    assert said == [*[KEPT] * (USES - 1), f"used {USES} times", KEPT]


def test_a_database_that_lets_nobody_in_is_replaced(server: str, own: Pool) -> None:
    first = own.take()
    with psycopg.connect(server, autocommit=True) as connection:
        name = sql.Identifier(first.name)
        connection.execute(sql.SQL("alter database {} allow_connections false").format(name))

    assert own.give(first) != KEPT

    assert not is_there(server, first)


def test_what_could_not_be_made_is_not_left_behind(server: str) -> None:
    made = []

    def fail(dsn: str) -> None:
        made.append(dsn)
        raise ValueError("no shape today")

    with pytest.raises(ValueError, match="no shape today"):
        Pool(server, fail).take()

    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(made[0])


def test_a_pool_that_is_closed_leaves_nothing(server: str, own: Pool) -> None:
    own.close()
    first = own.take()
    own.give(first)
    second = own.take()
    own.give(second)
    own.close()

    assert second.uses == 2
    assert not is_there(server, first)
    assert not is_there(server, second)
