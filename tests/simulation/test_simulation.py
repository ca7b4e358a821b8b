"""The simulation itself: seeds pass, a seed is one trace everywhere, a planted fault is found."""

import subprocess
import sys
from pathlib import Path

import pytest

from ops.sim import mutants, workers
from ops.sim.counters import MUST_BE_MET, RARE, count, never_met
from ops.sim.judged import Violation
from ops.sim.trace import Happened
from ops.sim.words import SAYS, clock, story
from ops.sim.workers import Outcome, Seeds

ROOT = Path(__file__).resolve().parents[2]
SEEDS = 24


async def _run(seeds: Seeds) -> list[Outcome]:
    return [outcome async for outcome in workers.run(ROOT, seeds)]


@pytest.mark.timeout(600)
async def test_no_promise_is_broken_in_two_dozen_seeds() -> None:
    outcomes = await workers.run_all(ROOT, 1, SEEDS, 2, lambda _: None)
    assert [one.seed for one in outcomes] == list(range(1, SEEDS + 1))
    assert [one for one in outcomes if not one.is_good] == []
    assert len({one.digest for one in outcomes}) == SEEDS, "two seeds with one trace"


@pytest.mark.timeout(600)
async def test_a_seed_gives_one_trace_whatever_ran_before_it() -> None:
    alone = await _run(Seeds(3, 3))
    after_others = await _run(Seeds(1, 3))
    assert alone[0].digest == after_others[-1].digest != ""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["answer-before-commit", "poison-thrown-away"])
async def test_a_planted_fault_is_found(name: str) -> None:
    patch = next(one for one in mutants.patches(ROOT) if one.name == name)
    found = await mutants.try_one(ROOT, patch, seeds=60)
    assert found.is_found
    assert found.is_as_expected


def test_the_command_tells_one_seed_and_ends_with_zero() -> None:
    said = subprocess.run(
        [sys.executable, str(ROOT / "ops" / "simulation.py"), "--seed", "1", "--words"],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert said.returncode == 0, said.stdout[-2_000:] + said.stderr
    assert "no promise was broken" in said.stdout
    assert "seed 1  hash " in said.stdout


def _event(at_s: float, what: str, **values: str | float | bool | None) -> Happened:
    return Happened(at_s, what, dict(values))


def test_a_failing_seed_is_told_in_words_with_the_broken_promise_last() -> None:
    events = [
        _event(61.0, "pressed", device="p-1", subject="0123456789", id="1-1", activation="pendant"),
        _event(62.0, "fault", kind="database stops", whom="", for_s=5, step=""),
        _event(63.0, "answered", process="gw1", device="p-1", id="1-1", repeat=False),
    ]
    told = list(story(events, [Violation(63.0, "acknowledged implies stored", "no receipt")]))
    assert told[0] == "01:01.000    p-1 sends a pendant as message 1-1, for case 01234567"
    assert told[1] == "01:02.000 !! database stops for 5 s"
    assert told[-1] == "01:03.000 >> acknowledged implies stored: no receipt"
    assert told[-2].endswith("gw1 acknowledges message 1-1 of p-1")


def test_a_minute_is_sixty_seconds() -> None:
    assert clock(125.25) == "02:05.250"


def test_an_event_without_words_is_told_as_it_is() -> None:
    assert "surprise" not in SAYS
    told = next(story([_event(0.0, "surprise", why="x")], []))
    assert told.endswith("0.000 surprise why=x")


def test_a_run_of_a_thousand_that_met_nothing_lacks_everything() -> None:
    assert never_met(count([]), 1_000) == list(MUST_BE_MET)


def test_a_long_run_must_meet_the_rare_as_well() -> None:
    assert never_met(count([]), 20_000) == [*MUST_BE_MET, *RARE]


def test_a_short_run_need_not_meet_anything() -> None:
    assert never_met(count([]), 999) == []


def test_a_repeat_at_the_other_process_is_counted() -> None:
    events = [
        _event(1, "answered", process="gw1", device="p-1", id="1-1", repeat=False),
        _event(2, "answered", process="gw2", device="p-1", id="1-1", repeat=True),
    ]
    met = count(events)
    assert met["repeat answered by the other process"] == 1
    assert "repeat answered by the other process" not in never_met(met)
