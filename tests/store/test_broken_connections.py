"""A database that restarted: what lay broken meanwhile is replaced before it is used."""

import psycopg
import pytest

from gateway.errors import StoreUnavailable
from gateway.store.connect import Session

END_ALL = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = %s"
WHOSE = "lifeline/broken"


def end_all(dsn: str) -> None:
    """End the session's connections, as a restart of the database does."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(END_ALL, (WHOSE,))


async def answer(session: Session) -> int:
    async with session.transaction() as connection:
        found = await (await connection.execute("select pg_backend_pid()")).fetchone()
    assert found is not None
    return int(found[0])


async def test_a_connection_that_lay_broken_is_replaced_before_anything_is_sent(
    empty_database: str,
) -> None:
    session = Session(lambda: empty_database, "broken")
    before = await answer(session)
    end_all(empty_database)

    assert await answer(session) != before
    await session.close()


async def test_the_same_goes_for_what_runs_outside_of_a_transaction(empty_database: str) -> None:
    session = Session(lambda: empty_database, "broken")
    await answer(session)
    end_all(empty_database)

    for _ in range(2):
        async with session.plain() as connection:
            await connection.execute("select 1")
    await session.close()


async def test_a_connection_that_breaks_in_mid_transaction_is_never_tried_again(
    empty_database: str,
) -> None:
    session = Session(lambda: empty_database, "broken")
    tries = 0

    async def work() -> None:
        nonlocal tries
        async with session.transaction() as connection:
            tries += 1
            await connection.execute("create table kept (n int)")
            end_all(empty_database)
            await connection.execute("insert into kept values (1)")

    with pytest.raises(StoreUnavailable):
        await work()
    assert tries == 1
    async with session.transaction() as connection:
        found = await (await connection.execute("select to_regclass('kept') as kept")).fetchone()
    assert found is not None
    assert found.kept is None
    await session.close()


async def test_a_database_that_stays_away_is_told_after_one_more_try(empty_database: str) -> None:
    asked = 0

    def where() -> str:
        nonlocal asked
        asked += 1
        return empty_database if asked == 1 else "host=127.0.0.1 port=1 dbname=nowhere"

    session = Session(where, "broken")
    await answer(session)
    end_all(empty_database)

    with pytest.raises(StoreUnavailable):
        await answer(session)
    assert asked == 2
    await session.close()
