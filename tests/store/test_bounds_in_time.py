"""Partitions, receipts and evidence over months, and after things went wrong before."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.store.connect import Session
from gateway.store.migrate import ensure_partitions, migrate
from gateway.store.upkeep import RECEIPTS_KEPT_DAYS, drop_receipts, trim_evidence
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import column

PARTITIONS = "select relname::text from pg_class where relname ~ '^measurement_[0-9]+_[0-9]+$'"


async def test_rows_in_the_default_partition_stop_neither_the_start_nor_other_months(
    empty_database: str,
) -> None:
    session = Session(lambda: empty_database, "test")
    await migrate(session, "native", MORNING)
    async with session.transaction() as connection:
        await connection.execute(
            "insert into packet (received_at, organisation_id, line, sender, key, lane,"
            " authenticated, body) values (%s, gen_random_uuid(), 'a', 'b', '', '', true, '')",
            (MORNING,),
        )
    await ensure_partitions(session, MORNING)

    assert await column(session, "select count(*) from packet_default") == [1]
    made = await column(session, "select relname::text from pg_class where relname ~ '^packet_20'")
    assert "packet_2026_11" not in made
    assert "packet_2026_12" in made
    await session.close()


@pytest.mark.parametrize("month", [3, 5, 7])
async def test_a_new_database_has_a_partition_for_the_oldest_time_a_reading_may_have(
    empty_database: str, month: int
) -> None:
    now = datetime(2027, month, 1, tzinfo=UTC)
    session = Session(lambda: empty_database, "test")
    await migrate(session, "native", now)
    await ensure_partitions(session, now)

    assert f"measurement_{now - timedelta(days=400):%Y_%m}" in await column(session, PARTITIONS)
    await session.close()


async def test_old_receipts_go_a_few_at_a_time_until_all_are_gone(session: Session) -> None:
    old = MORNING - timedelta(days=RECEIPTS_KEPT_DAYS, seconds=1)
    async with session.transaction() as connection:
        for number, seen_at in enumerate([old, old, old, old, old, MORNING]):
            await connection.execute(
                "insert into receipt (line, sender, key, digest, organisation_id, seen_at)"
                " values ('a', 'b', %s, sha256(''), gen_random_uuid(), %s)",
                (str(number), seen_at),
            )

    assert await drop_receipts(session, MORNING, at_once=2) == 5
    assert await column(session, "select key from receipt") == ["5"]


async def test_of_unproved_evidence_the_newest_stays_within_each_lines_bound(
    session: Session,
) -> None:
    async with session.transaction() as connection:
        await connection.execute(
            "insert into organisation values (%s, 'Test', %s)", (ORGANISATION, MORNING)
        )
        await connection.execute(
            "insert into quarantine (organisation_id, line, sender, received_at, body)"
            " select %s, line, number::text, %s, repeat('x', 400000)::bytea"
            " from unnest(array['a', 'b']) as line, generate_series(1, 4) as number"
            " where line = 'a' or number < 3",
            (ORGANISATION, MORNING),
        )
    await trim_evidence(session, quarantine_mib=1)

    kept = "select sender from quarantine where line = '{}' order by id"
    assert await column(session, kept.format("a")) == ["3", "4"]
    assert await column(session, kept.format("b")) == ["1", "2"]
