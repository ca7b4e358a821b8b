"""The simulated PostgreSQL does what a real one does, for everything the gateway asks of it."""

import asyncio

import pytest

from gateway.store.queries import queries
from ops.sim.driver.server import Quiet
from ops.sim.driver.statements import NOT_SIMULATED, STATEMENTS
from tests.simulation.driver_both import (
    RealIds,
    SimulatedIds,
    differences,
    empty,
    known_to_the_gateway,
    real_tables,
    simulated_server,
    simulated_tables,
)
from tests.simulation.driver_day import Day, shown
from tests.simulation.driver_pairs import Pair
from tests.simulation.driver_pairs_all import CASES

SEEDS = 4
ASKED_BY_PAIRS = ("frozen_sessions", "server_time", "stored_verdicts")


def test_every_query_is_simulated_or_named_as_not_simulated() -> None:
    unknown = [name for name in queries() if name not in STATEMENTS and name not in NOT_SIMULATED]

    assert unknown == [], "teach ops/sim/driver these queries, or say why none is needed"
    assert [name for name in (*STATEMENTS, *NOT_SIMULATED) if name not in queries()] == []
    assert [name for name in NOT_SIMULATED if name in STATEMENTS] == []


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_a_day_leaves_the_same_rows_in_both(
    database: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = simulated_server()
    with known_to_the_gateway(server, monkeypatch):
        simulated = Day("sim:gw1", SimulatedIds(server), seed)
        await simulated.play()
        real = Day(database, RealIds(database), seed)
        await real.play()

    assert shown(simulated.log) == shown(real.log)
    there = simulated_tables(server)
    assert differences(there, await real_tables(database, list(there))) == {}
    assert all(there[name] for name in ("alarm", "referral", "task", "outbox", "desk_delivery"))


class Steps(Quiet):
    """Notes which queries were asked."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    async def before(self, client: str, step: str) -> None:
        del client
        self.asked.add(step)


async def test_the_days_and_the_pairs_ask_every_simulated_query(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = Steps()
    for seed in range(SEEDS):
        server = simulated_server(steps)
        with known_to_the_gateway(server, monkeypatch):
            await Day("sim:gw1", SimulatedIds(server), seed).play()

    assert sorted(set(STATEMENTS) - steps.asked) == sorted(ASKED_BY_PAIRS)


async def test_two_sessions_that_meet_come_to_the_same_in_both(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: dict[str, tuple[object, object]] = {}
    for name, (case, _) in CASES.items():
        server = simulated_server()
        await empty(database)
        with known_to_the_gateway(server, monkeypatch):
            pairs = Pair("sim:gw1"), Pair(database)
            for pair in pairs:
                await pair.begin()
            simulated, real = await asyncio.gather(*map(case, pairs))
            found[name] = (simulated, real)
            for pair in pairs:
                await pair.close()

    assert found == {name: (expected, expected) for name, (_, expected) in CASES.items()}
