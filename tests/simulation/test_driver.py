"""What can go wrong between a gateway and the simulated PostgreSQL, in simulated time."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import errors

from gateway import intake
from gateway.errors import StoreBusy, StoreUnavailable
from gateway.placing import Desk
from gateway.rulebook import read_rules
from gateway.store import cases, messages
from gateway.store.connect import Session, rows
from ops.sim.driver.hooks import Change, Quiet
from ops.sim.driver.server import Server
from ops.sim.driver.values import NotSimulated
from ops.sim.loop import SimLoop, run
from tests.databases import MORNING, ORGANISATION
from tests.simulation.driver_both import SimulatedIds, known_to_the_gateway
from tests.simulation.driver_day import STEPS, Day
from tests.simulation.driver_pairs import OP, WC, claim, receipt
from tests.simulation.driver_town import CUT, Town, live
from tests.store.messages import press


async def claims(session: Session) -> list[int]:
    async with session.transaction() as connection:
        return await claim(connection)


def test_a_commit_that_never_reached_the_server_is_none() -> None:
    async def story(town: Town) -> None:
        town.fate.at["before", "gw1", "commit"] = CUT
        with pytest.raises(StoreUnavailable):
            await claims(town.one)

        assert town.receipts == 0
        assert await claims(town.one) == [1], "the next one opens a new connection"

    assert live(story).fate.commits == [("gw1", ["receipt"])]


def test_a_commit_whose_answer_is_lost_is_done_and_unknown() -> None:
    async def story(town: Town) -> None:
        town.fate.at["after", "gw1", "commit"] = CUT
        with pytest.raises(StoreUnavailable):
            await claims(town.one)

        assert town.receipts == 1
        assert await claims(town.two) == []

    live(story)


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_cut_in_the_midst_frees_all_locks(side: str) -> None:
    async def story(town: Town) -> None:
        town.fate.at[side, "gw1", "facts_services"] = CUT
        desk = Desk(read_rules(), ORGANISATION, bytes(32))
        with pytest.raises(StoreUnavailable):
            await intake.take(town.one, [press()], desk, MORNING)

        assert town.receipts == 0
        assert not any(table.locks for table in town.server.tables.named.values())
        taken = await intake.take(town.two, [press()], desk, MORNING)
        assert [said.repeat for _, said in taken.answers] == [False]

    live(story)


def test_a_killed_process_holds_nothing() -> None:
    async def story(town: Town) -> None:
        async with town.two.transaction() as connection:
            waiting = asyncio.create_task(hold(town.one, 60.0))
            await asyncio.sleep(0.1)
            assert await cases.lock_free(connection, [WC]) == {}
            town.server.end_sessions_of("gw1")
            assert list(await cases.lock_free(connection, [WC])) == [WC]
        with pytest.raises(StoreUnavailable):
            await waiting

    live(story)


async def claims_and_then(session: Session, strike: Callable[[], None]) -> None:
    async with session.transaction() as connection:
        await messages.claim(connection, [receipt(key="other")], MORNING)
        strike()


async def hold(session: Session, for_s: float) -> None:
    async with session.transaction() as connection:
        await cases.lock_one(connection, WC)
        await asyncio.sleep(for_s)
        await cases.lock_one(connection, WC)


@pytest.mark.parametrize("kind", ["shutdown", "crash"])
def test_a_server_that_stops_keeps_what_was_committed_and_no_more(kind: Any) -> None:
    async def story(town: Town) -> None:
        await claims(town.one)
        with pytest.raises(StoreUnavailable):
            await claims_and_then(town.one, lambda: town.server.stop(kind))
        with pytest.raises(StoreUnavailable, match="cannot connect"):
            await claims(town.two)
        town.server.start()

        assert town.receipts == 1
        assert await claims(town.two) == []

    live(story)


def test_who_waits_for_a_lock_when_the_server_stops_waits_no_longer() -> None:
    async def story(town: Town) -> None:
        async with town.one.transaction() as connection:
            await cases.lock_one(connection, WC)
            waiting = asyncio.create_task(hold(town.two, 0.0))
            await asyncio.sleep(0.5)
            town.server.stop("crash")
            with pytest.raises(StoreUnavailable):
                await waiting
            assert town.time_s() == 0.5
            town.server.start()
            with pytest.raises(psycopg.OperationalError):
                await cases.lock_one(connection, WC)

    live(story)


def test_on_a_full_disk_repeats_are_answered_and_nothing_new_is_kept() -> None:
    async def story(town: Town) -> None:
        await claims(town.one)
        town.server.disk_full = True
        assert await claims(town.one) == []
        with pytest.raises(StoreUnavailable, match="DiskFull"):
            await claims_and_then(town.one, lambda: None)
        town.server.disk_full = False

        assert town.receipts == 1

    live(story)


def test_a_lock_is_waited_for_at_most_a_second_and_a_frozen_holder_loses_it_after_three() -> None:
    async def story(town: Town) -> None:
        frozen = asyncio.create_task(hold(town.one, 60.0))
        await asyncio.sleep(0)
        for end_s in (1.0, 2.0):
            with pytest.raises(StoreBusy):
                await hold(town.two, 0.0)
            assert town.time_s() == end_s
        await hold(town.two, 0.0)
        assert town.time_s() == 3.0
        with pytest.raises(StoreUnavailable, match="IdleInTransaction"):
            await frozen

    live(story)


def test_time_that_an_answer_takes_counts_as_silence() -> None:
    async def story(town: Town) -> None:
        town.fate.at["before", "gw1", "commit"] = 2.9
        assert await claims(town.one) == [1]
        town.fate.at["before", "gw1", "commit"] = 3.1
        with pytest.raises(StoreUnavailable):
            await claims(town.one)

    live(story)


def test_who_closes_a_ring_is_told_so_at_once() -> None:
    async def story(town: Town) -> None:
        async with town.one.transaction() as mine, town.two.transaction() as theirs:
            await cases.lock_one(mine, WC)
            await cases.lock_one(theirs, OP)
            waiting = asyncio.create_task(cases.lock_one(mine, OP))
            await asyncio.sleep(0.1)
            with pytest.raises(errors.DeadlockDetected):
                await cases.lock_one(theirs, WC)
            with pytest.raises(errors.InFailedSqlTransaction):
                await cases.lock_one(theirs, OP)
            assert not waiting.done(), "a failed transaction keeps its locks until it rolls back"
            assert town.time_s() == 0.1
            await theirs.close()
            assert await waiting is not None

    live(story)


def test_a_task_that_is_cancelled_in_mid_statement_leaves_nothing_behind() -> None:
    async def story(town: Town) -> None:
        town.fate.at["after", "gw1", "claim_receipts"] = 1.0
        task = asyncio.create_task(claims(town.one))
        await asyncio.sleep(0.5)
        assert await outcome_of(task) == "cancelled"

        assert await claims(town.two) == [1]
        assert [one.client for one in town.server.sessions.values()] == ["gw2"]

    live(story)


async def outcome_of(task: "asyncio.Task[Any]") -> str:
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return "cancelled"
    return "done"


def test_what_is_waited_for_goes_to_who_came_first() -> None:
    async def story(town: Town) -> None:
        order: list[int] = []

        async def come(number: int) -> None:
            session = Session(lambda: f"sim:gw{number}", "queue")
            async with session.transaction() as connection:
                await cases.lock_one(connection, WC)
                order.append(number)

        async with town.one.transaction() as connection:
            await cases.lock_one(connection, WC)
            waiting = []
            for number in range(2, 7):
                waiting.append(asyncio.create_task(come(number)))
                await asyncio.sleep(0.01)
        await asyncio.gather(*waiting)

        assert order == [2, 3, 4, 5, 6]

    live(story)


def test_a_statement_by_itself_commits_by_itself() -> None:
    async def story(town: Town) -> None:
        async with town.one.plain() as connection:
            await connection.execute("select pg_notify(%s, '')", ("somewhere",))
            assert await claim(connection) == [1]
        assert town.receipts == 1

    town = live(story)
    assert town.fate.commits == [("gw1", ["receipt"])]
    assert town.fate.notices == [("gw1", "somewhere")]


def test_a_notification_of_what_rolled_back_is_none() -> None:
    async def story(town: Town) -> None:
        town.fate.at["before", "gw1", "commit"] = CUT
        with pytest.raises(StoreUnavailable):
            async with town.one.transaction() as connection:
                await connection.execute("select pg_notify(%s, '')", ("somewhere",))

    assert live(story).fate.notices == []


def test_what_is_not_simulated_is_named_and_hidden_by_nobody() -> None:
    async def story(town: Town) -> None:
        for name in ("desk_alarms", "drop_receipts"):
            with pytest.raises(NotSimulated, match=name):
                async with town.one.plain() as connection:
                    await rows(connection, name)
        with pytest.raises(NotSimulated, match="drop table"):
            async with town.one.plain() as connection:
                await connection.execute(b"drop table alarm")

    live(story)
    assert not issubclass(NotSimulated, Exception)


def changes_of_a_day(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    class Notes(Quiet):
        def committed(self, client: str, changes: list[Change]) -> None:
            found.append(f"{client} {changes!r}")

    found: list[str] = []
    server = Server(Notes(), lambda: MORNING)
    with known_to_the_gateway(server, monkeypatch):
        run(Day("sim:gw1", SimulatedIds(server), seed=7).play(), SimLoop())
    return found


def test_one_day_played_twice_commits_the_same_to_the_last_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = (changes_of_a_day(monkeypatch) for _ in range(2))

    assert first == second
    assert len(first) > STEPS
