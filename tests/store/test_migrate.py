"""The database's shape, on plain PostgreSQL and with TimescaleDB where the server offers it."""

import asyncio
from datetime import timedelta

import pytest

from gateway.errors import SettingsError
from gateway.store.connect import Session
from gateway.store.migrate import (
    MIGRATIONS,
    drop_old_partitions,
    ensure_partitions,
    migrate,
    timescale_licence,
)
from tests.databases import MORNING
from tests.store.messages import column

PARTITIONS = "select relname::text from pg_class where relname ~ '^{}_[0-9]+_[0-9]+$' order by 1"


async def offers_timescale(session: Session) -> bool:
    async with session.transaction() as connection:
        return await timescale_licence(connection) is not None


async def test_a_second_start_changes_nothing(empty_database: str) -> None:
    session = Session(lambda: empty_database, "test")
    first = await migrate(session, "auto", MORNING)
    again = await migrate(session, "auto", MORNING)

    assert first == again
    assert await column(session, "select name from migration order by name") == list(MIGRATIONS)
    await session.close()


async def test_a_database_of_an_earlier_shape_is_brought_forward_and_keeps_its_rows(
    empty_database: str,
) -> None:
    session = Session(lambda: empty_database, "test")
    await migrate(session, "native", MORNING)
    async with session.transaction() as connection:
        await connection.execute("drop index referral_subject")
        await connection.execute("alter table service drop column roaming")
        await connection.execute("delete from migration where name = '0002_services'")
        await connection.execute(
            "insert into organisation (id, name, created_at)"
            " values (gen_random_uuid(), 'Test', now())"
        )
        await connection.execute(
            "insert into service (organisation_id, id, name, kind)"
            " select id, 'icrs', 'ICRS', 'UCR' from organisation"
        )

    later = MORNING + timedelta(days=1)
    assert await migrate(session, "auto", later) == "native"

    assert await column(session, "select roaming from service") == [False]
    at = await column(session, "select at from migration order by name")
    assert at == [MORNING, later, *[MORNING] * (len(MIGRATIONS) - 2)]
    await session.close()


async def test_a_death_that_was_recorded_before_two_people_were_asked_stays_one(
    empty_database: str,
) -> None:
    session = Session(lambda: empty_database, "test")
    await migrate(session, "native", MORNING)
    async with session.transaction() as connection:
        await connection.execute("alter table person drop constraint person_death_by_two")
        for column_name in ("reported_by", "reported_at", "confirmed_by"):
            text = f"alter table person drop column death_{column_name}"
            await connection.execute(text.encode())
        await connection.execute("delete from migration where name = '0004_death_by_two'")
        await connection.execute(
            "insert into organisation (id, name, created_at)"
            " values (gen_random_uuid(), 'Test', now())"
        )
        await connection.execute(
            "insert into person (id, organisation_id, name, status)"
            " select gen_random_uuid(), id, 'Fictional', 'deceased' from organisation"
        )

    await migrate(session, "native", MORNING)

    text = "select status || ': ' || death_reported_by || ', ' || death_confirmed_by from person"
    assert await column(session, text) == ["deceased: not recorded (first), not recorded (second)"]
    await session.close()


async def test_two_starts_at_once_make_one_database(empty_database: str) -> None:
    starts = [Session(lambda: empty_database, f"start-{number}") for number in range(3)]
    made = await asyncio.gather(*(migrate(one, "auto", MORNING) for one in starts))

    assert len(set(made)) == 1
    for one in starts:
        await one.close()


async def test_native_partitions_reach_three_months_ahead_and_400_days_back(
    empty_database: str,
) -> None:
    session = Session(lambda: empty_database, "test")
    await migrate(session, "native", MORNING)
    await ensure_partitions(session, MORNING)

    found = await column(session, PARTITIONS.format("measurement"))
    assert (found[0], found[-1]) == ("measurement_2025_09", "measurement_2027_02")
    assert await column(session, PARTITIONS.format("packet")) == [
        f"packet_{month}" for month in ("2026_10", "2026_11", "2026_12", "2027_01", "2027_02")
    ]
    await session.close()


async def test_months_older_than_the_retention_are_dropped_whole(empty_database: str) -> None:
    session = Session(lambda: empty_database, "test")
    await migrate(session, "native", MORNING)
    await ensure_partitions(session, MORNING - timedelta(days=700))
    await ensure_partitions(session, MORNING)
    await drop_old_partitions(session, MORNING, retention_days=365)

    found = await column(session, PARTITIONS.format("measurement"))
    assert found[0] == "measurement_2025_11"
    assert await column(session, "select count(*) from measurement_default") == [0]
    await session.close()


async def test_timescale_makes_hypertables_with_compression_and_retention(
    empty_database: str,
) -> None:
    session = Session(lambda: empty_database, "test")
    if not await offers_timescale(session):
        await session.close()
        pytest.skip("only elsewhere: this PostgreSQL offers no TimescaleDB (LIFELINE_TEST_DSN)")
    assert await migrate(session, "timescale", MORNING) == "timescale"

    tables = "select hypertable_name::text from timescaledb_information.hypertables order by 1"
    assert await column(session, tables) == ["measurement", "packet"]
    jobs = (
        "select proc_name || ' ' || hypertable_name from timescaledb_information.jobs"
        " where hypertable_name is not null order by 1"
    )
    licence = await column(session, "select current_setting('timescaledb.license')")
    expected = [
        "policy_compression measurement",
        "policy_compression packet",
        "policy_retention measurement",
        "policy_retention packet",
    ]
    assert await column(session, jobs) == (expected if licence == ["timescale"] else [])
    await session.close()


async def test_asking_for_timescale_where_there_is_none_says_what_to_do(
    empty_database: str,
) -> None:
    session = Session(lambda: empty_database, "test")
    if await offers_timescale(session):
        await session.close()
        pytest.skip("only elsewhere: this PostgreSQL offers TimescaleDB")
    with pytest.raises(SettingsError, match="set storage to auto"):
        await migrate(session, "timescale", MORNING)
    await session.close()


async def test_a_database_is_never_changed_to_the_other_storage_by_a_start(
    empty_database: str,
) -> None:
    session = Session(lambda: empty_database, "test")
    await migrate(session, "native", MORNING)

    with pytest.raises(SettingsError, match="convert the database first"):
        await migrate(session, "timescale", MORNING)
    await session.close()
