"""`lifeline bench`: what it refuses to print, what it writes, and its short form, whole."""

import csv
import gzip
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from gateway.bench.climb import Options
from gateway.bench.command import REFUSED, RESULT, Asked, bench, measure, read
from gateway.bench.figures import Figure
from gateway.bench.report import agreement
from gateway.bench.result import Result, Verdict
from gateway.errors import SettingsError
from tests.gateway.bench_house import Habit, SmallSystem

ROOT = Path(__file__).resolve().parents[2]


def options(out: Path, *rates: float, rounds: int = 1, drain_s: float = 5.0) -> Options:
    return Options(rates or (200.0,), 1.0, rounds, (0,), 4, drain_s, out)


def whole(out: Path) -> Result:
    return msgspec.json.decode((out / RESULT).read_bytes(), type=Result)


async def table_of(system: SmallSystem, out: Path, expected: int) -> str:
    code = await measure([system], options(out), "", None)

    assert code == expected
    return (out / "table.txt").read_text()


async def test_an_honest_system_gets_its_rate(tmp_path: Path) -> None:
    system = SmallSystem()
    table = await table_of(system, tmp_path, 0)
    result = whole(tmp_path)

    assert "REFUSED" not in table
    (step,) = result.steps
    assert step.acked == step.offered == 200
    assert not step.proof.is_refused
    assert None not in (step.ack, step.kept, step.row, step.seen)
    assert result.rows[0].versions == {"small": "1"}


async def test_one_lost_message_refuses_every_rate_of_the_system(tmp_path: Path) -> None:
    table = await table_of(SmallSystem(Habit.LOSES_ONE), tmp_path, REFUSED)
    result = whole(tmp_path)

    assert "REFUSED small system" in table
    # Even in the first second, which is in no figure.
    assert re.search(r"1 lost of 200 acknowledged \(first: v0-\d+\)", " ".join(table.split()))
    assert result.rows[0].sustained is None
    assert result.figures == {}


async def test_an_acknowledgement_before_the_commit_is_refused(tmp_path: Path) -> None:
    table = await table_of(SmallSystem(Habit.ACKS_EARLY), tmp_path, REFUSED)

    assert "acknowledged before their commit" in " ".join(table.split())


async def test_a_broker_that_acknowledges_early_promised_nothing(tmp_path: Path) -> None:
    early = SmallSystem(Habit.ACKS_EARLY, durable_ack=False)

    assert "REFUSED" not in await table_of(early, tmp_path, 0)


async def test_a_broker_may_not_lose_either(tmp_path: Path) -> None:
    table = await table_of(SmallSystem(Habit.LOSES_ONE, durable_ack=False), tmp_path, REFUSED)

    assert "1 lost of 200 acknowledged" in " ".join(table.split())


async def test_a_call_without_an_alarm_row_is_refused(tmp_path: Path) -> None:
    table = await table_of(SmallSystem(Habit.FORGETS_ALARMS), tmp_path, REFUSED)

    assert "2 calls without an alarm row" in " ".join(table.split())


@pytest.mark.parametrize("habit", [Habit.STOPS, Habit.HANGS_UP, Habit.NO_ALERTS])
async def test_a_rate_that_is_not_answered_is_not_held_and_ends_the_climb(
    habit: Habit, tmp_path: Path
) -> None:
    told = options(tmp_path, 100.0, 200.0, 300.0, drain_s=0.5)

    assert await measure([SmallSystem(habit)], told, "", None) == 0
    result = whole(tmp_path)
    assert [step.verdict for step in result.steps] == [Verdict.NOT_DRAINED]
    assert result.rows[0].sustained is None


async def test_a_system_that_is_not_here_says_why_and_is_no_failure(tmp_path: Path) -> None:
    table = await table_of(SmallSystem(is_here=False), tmp_path, 0)

    assert "not here: small system: no small system on this machine: build one" in table


async def test_every_round_starts_afresh_and_the_second_run_is_compared(tmp_path: Path) -> None:
    system = SmallSystem()
    told = options(tmp_path, 100.0, 200.0, rounds=2)
    await measure([system], told, "", None)
    earlier, figures = whole(tmp_path), read(tmp_path / RESULT)

    assert system.starts == 2
    assert [(step.round, step.rate) for step in earlier.steps] == [
        (1, 100), (1, 200), (2, 100), (2, 200),
    ]  # fmt: skip
    await measure([system], told, "", figures)
    assert f"This run and the one of {earlier.date}" in (tmp_path / "table.txt").read_text()


async def test_a_run_agrees_with_itself_and_not_with_one_twice_as_fast(tmp_path: Path) -> None:
    await measure([SmallSystem()], options(tmp_path), "", None)
    figures = {"small/0ms/sustained_per_s": Figure(200, 50), "small/0ms/ack_p99_ms": Figure(3, 1)}
    now = replace(whole(tmp_path), figures=figures)
    faster = replace(now, figures={**figures, "small/0ms/sustained_per_s": Figure(400, 50)})
    quiet = Console(quiet=True)

    assert agreement(quiet, now, now) == 0
    assert agreement(quiet, now, faster) == 1


async def test_the_raw_samples_are_kept_as_they_were(tmp_path: Path) -> None:
    await measure([SmallSystem()], options(tmp_path), "", None)
    with gzip.open(tmp_path / "raw" / "small-0ms-1.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))

    assert [row["id"] for row in rows[98:101]] == ["v1-98", "c1-99", "v1-100"]
    assert len(rows) == 200
    call = rows[99]
    assert int(call["due_us"]) == 495_000
    assert int(call["due_us"]) <= int(call["queued_us"]) <= int(call["acked_us"])
    assert call["row_us"] == call["stored_us"]
    assert call["seen_us"]
    assert rows[0]["stored_us"]
    assert not rows[0]["seen_us"]
    assert not rows[0]["row_us"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Asked(systems="lifeline,fastest"), "no system fastest: there are lifeline, copy"),
        (Asked(rates="100,50"), "expected rising numbers"),
        (Asked(rates="many"), "expected numbers"),
        (Asked(compare=Path("nowhere.json")), "cannot compare with nowhere.json"),
    ],
)
async def test_a_wrong_command_line_runs_nothing(
    asked: Asked, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=message):
        await bench(asked)
    assert not any(os.scandir(tmp_path))


@pytest.mark.timeout(300)
def test_the_short_form_measures_the_real_gateway(tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["bench", "--quick", "--rounds", "1", "--seconds", "2", "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *words], cwd=tmp_path, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
    )  # fmt: skip
    result = whole(out)

    assert done.returncode == 0, done.stdout + done.stderr
    assert [row.system for row in result.rows] == ["lifeline", "copy"]
    assert not any(row.absent or row.refused for row in result.rows)
    ours = [step for step in result.steps if step.system == "lifeline"]
    assert all(step.acked == step.offered and not step.proof.is_refused for step in ours)
    assert sum(step.offered for step in ours) == 400
    for step in ours:  # a call is committed, then told; nothing else is known about time
        assert step.row is not None
        assert step.seen is not None
        assert step.row.max_ms < step.seen.max_ms
    assert {"gateway", "postgresql", "load program"} == set(result.rows[0].used)
    written = {path.name for path in out.iterdir()}
    assert written == {RESULT, "table.txt", "latency-0ms.svg", "raw"}
