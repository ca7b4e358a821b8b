"""The database itself keeps organisations apart for the web side, whatever a query forgets."""

import asyncio
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from gateway.access.organisation import OwnSessions, acting_for, owner_of
from gateway.enrol import Enrolled
from gateway.errors import SettingsError, StoreError
from gateway.store import messages
from gateway.store.connect import Connection, Row, Session, Sessions
from gateway.store.migrate import migrate
from tests.databases import MORNING, ORGANISATION

ELSEWHERE = UUID("5eed0000-0000-4000-8000-000000000002")
NO_RIGHTS = {"account", "sign_in", "api_token", "packet", "quarantine"}
ONLY_ADDED_TO = {"audit", "decision"}
OWNED = (
    "select c.relname::text as name, c.relrowsecurity as is_secure,"
    " array(select polname::text from pg_policy where polrelid = c.oid) as policies"
    " from pg_class as c join pg_attribute as a on a.attrelid = c.oid"
    " where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')"
    " and not c.relispartition and a.attname = 'organisation_id' order by 1"
)


async def ask(connection: Connection, text: str, *given: object) -> list[Row]:
    cursor = await connection.execute(text.encode(), given or None)
    return await cursor.fetchall() if cursor.description is not None else []


async def tables(session: Session) -> list[Row]:
    async with session.transaction() as connection:
        return await ask(connection, OWNED)


HYPERTABLES = {"packet", "measurement"}


async def hypertables(session: Session) -> set[str]:
    """Give the tables that TimescaleDB keeps: it compresses none with row-level security."""
    async with session.transaction() as connection:
        (found,) = await ask(connection, "select storage from migration where storage is not null")
    return HYPERTABLES if found.storage == "timescale" else set()


async def test_every_table_with_an_owner_has_its_policy(session: Session) -> None:
    excepted = await hypertables(session)
    found = [one for one in await tables(session) if one.name not in excepted]

    assert len(found) > 20
    assert [one.name for one in found if not one.is_secure] == []
    assert [one.name for one in found if one.policies != ["own_organisation"]] == []


async def test_a_table_of_a_later_migration_is_secured_by_the_next_start(
    session: Session,
) -> None:
    async with session.transaction() as connection:
        await ask(connection, "create table later (organisation_id uuid not null, what text)")
        await ask(connection, "create table loose (what text)")
    await migrate(session, "auto", MORNING)

    assert ["own_organisation"] in [one.policies for one in await tables(session)
                                    if one.name == "later"]  # fmt: skip
    async with session.transaction() as connection:
        (may,) = await ask(
            connection,
            "select has_table_privilege('lifeline_web', 'later', 'select') as later,"
            " has_table_privilege('lifeline_web', 'loose', 'select') as loose",
        )
    assert (may.later, may.loose) == (True, False)


async def test_the_web_sees_its_organisation_and_only_while_it_acts_for_it(
    enrolled: Enrolled, sessions: Sessions
) -> None:
    assert enrolled.persons
    web = OwnSessions(sessions)

    async def persons() -> int:
        async with web.transaction() as connection:
            (found,) = await ask(connection, "select count(*) from person")
        return int(found.count)

    with acting_for(ORGANISATION):
        own = await persons()
        with acting_for(ELSEWHERE):
            other = await persons()
        again = await persons()
    nobody = await persons()

    assert (own, other, again, nobody) == (enrolled.persons, 0, enrolled.persons, 0)
    assert owner_of(web) is sessions
    async with sessions.transaction() as connection:
        (found,) = await ask(connection, "select current_user as name, count(*) from person"
                             " group by 1")  # fmt: skip
    assert found.name != "lifeline_web", "the role ends with its transaction"
    assert found.count == enrolled.persons


async def test_requests_at_once_do_not_see_each_others_organisation(
    enrolled: Enrolled, sessions: Sessions
) -> None:
    web = OwnSessions(sessions)

    async def persons(organisation: UUID) -> int:
        with acting_for(organisation):
            await asyncio.sleep(0)
            async with web.transaction() as connection:
                await asyncio.sleep(0)
                (found,) = await ask(connection, "select count(*) from person")
        return int(found.count)

    counts = await asyncio.gather(
        *(persons(ORGANISATION if number % 2 else ELSEWHERE) for number in range(20))
    )
    assert counts == [0, enrolled.persons] * 10


async def test_the_web_writes_nothing_into_another_organisation(
    enrolled: Enrolled, sessions: Sessions
) -> None:
    assert enrolled.persons
    web = OwnSessions(sessions)
    with acting_for(ELSEWHERE):
        async with web.transaction() as connection:
            cursor = await connection.execute("update person set name = 'x'")
            assert cursor.rowcount == 0
            cursor = await connection.execute("delete from device")
            assert cursor.rowcount == 0
        with pytest.raises(StoreError):
            async with web.transaction() as connection:
                await connection.execute(
                    "insert into person (id, organisation_id, name)"
                    " values (gen_random_uuid(), %s, 'x')",
                    (ORGANISATION,),
                )
    async with sessions.transaction() as connection:
        (found,) = await ask(connection, "select count(*) from person where name = 'x'")
    assert found.count == 0


async def test_every_table_of_another_organisation_is_empty_for_the_web(
    enrolled: Enrolled, session: Session, sessions: Sessions
) -> None:
    assert enrolled.persons
    web = OwnSessions(sessions)
    names = [one.name for one in await tables(session)]
    with acting_for(ELSEWHERE):
        for name in names:
            try:
                async with web.transaction() as connection:
                    (found,) = await ask(connection, f"select count(*) from {name}")  # noqa: S608
            except StoreError:
                assert name in NO_RIGHTS, name
            else:
                assert found.count == 0, name
                assert name not in NO_RIGHTS


async def test_the_web_reads_and_adds_vital_signs_of_its_own_organisation_only(
    enrolled: Enrolled, sessions: Sessions
) -> None:
    assert enrolled.persons
    async with sessions.transaction() as connection:
        await ask(
            connection,
            "insert into organisation (id, name, created_at) values (%s, 'Elsewhere', now())",
            ELSEWHERE,
        )
        for organisation in (ORGANISATION, ELSEWHERE):
            await add_reading(connection, organisation)
    web = OwnSessions(sessions)

    async def organisations() -> list[UUID]:
        async with web.transaction() as connection:
            found = await ask(connection, "select organisation_id from measurement")
        return [one.organisation_id for one in found]

    with acting_for(ELSEWHERE):
        assert await organisations() == [ELSEWHERE]
        async with web.transaction() as connection:
            await add_reading(connection, ELSEWHERE)
        assert await organisations() == [ELSEWHERE] * 2
        with pytest.raises(StoreError):
            async with web.transaction() as connection:
                await add_reading(connection, ORGANISATION)
        async with web.transaction() as connection:
            await ask(connection, "update measurement set value = 1")
            cursor = await connection.execute("delete from measurement where value <> 1")
            assert cursor.rowcount == 0, "another's is not there to be touched"
    assert await organisations() == []
    async with sessions.transaction() as connection:
        found = await ask(connection, "select organisation_id, value from measurement")
    seen = sorted((one.organisation_id, one.value) for one in found)
    assert seen == [(ORGANISATION, 60.0), (ELSEWHERE, 1.0), (ELSEWHERE, 1.0)], "the owner sees all"


async def add_reading(connection: Connection, organisation: UUID) -> None:
    row = (MORNING, organisation, uuid4(), uuid4(), "heart_rate", 60.0, None, "good", "device",
           None, MORNING)  # fmt: skip
    await messages.add_measurements(connection, [row])


def test_the_web_changes_no_audit_and_no_decision(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("set local role lifeline_web")
        for name in sorted(ONLY_ADDED_TO):
            for text in (f"delete from {name}", f"update {name} set organisation_id = null",  # noqa: S608
                         f"truncate {name}"):  # fmt: skip
                with (
                    pytest.raises(psycopg.errors.InsufficientPrivilege),
                    connection.transaction(),
                ):
                    connection.execute(text.encode())


async def test_where_we_may_not_make_the_role_the_start_says_what_an_administrator_runs(
    server: str, empty_database: str
) -> None:
    name = f"plain_{uuid4().hex[:12]}"
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(f"create role {name} login password 'x'".encode())
        connection.execute(f"grant all on schema public to {name}".encode())
    session = Session(lambda: make_conninfo(empty_database, user=name, password="x"), "plain")
    try:
        with pytest.raises(SettingsError, match=f"grant lifeline_web to {name};"):
            await migrate(session, "native", MORNING)
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"grant lifeline_web to {name}".encode())
        assert await migrate(session, "native", MORNING) == "native"
        async with session.transaction() as connection_:
            await ask(connection_, "set local role lifeline_web")
            (found,) = await ask(connection_, "select count(*) from person")
        assert found.count == 0
    finally:
        await session.close()
        with psycopg.connect(empty_database, autocommit=True) as connection:
            connection.execute(f"drop owned by {name}".encode())
            connection.execute(f"drop role {name}".encode())


async def test_a_part_of_a_table_is_no_way_around(database: str, session: Session) -> None:
    """A partition, or a chunk of TimescaleDB, also while it is made and after it is compressed."""
    parts = "select oid::regclass::text from pg_class where relispartition and relkind = 'r'"
    async with session.transaction() as connection:
        await ask(
            connection,
            "insert into organisation (id, name, created_at) values (%s, 'Own', now())",
            ORGANISATION,
        )
        await add_reading(connection, ORGANISATION)
    excepted = await hypertables(session)
    if excepted:
        parts = (
            "select oid::regclass::text from pg_class"
            " where relnamespace = '_timescaledb_internal'::regnamespace and relkind = 'r'"
            " and relname ~ '_chunk$'"
        )
        async with session.transaction() as connection:
            await ask(connection, "select compress_chunk(show_chunks('measurement'))")
            await add_reading(connection, ORGANISATION)
    with psycopg.connect(database) as plain:
        found = plain.execute(parts.encode()).fetchall()
        plain.execute("set local role lifeline_web")
        assert found
        whole = [("public.measurement",), ("packet",)] if excepted else []
        for (name,) in [*found, *whole]:
            with pytest.raises(psycopg.errors.InsufficientPrivilege), plain.transaction():
                plain.execute(f"select from {name}".encode())  # noqa: S608 - from the catalogue
