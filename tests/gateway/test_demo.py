"""`lifeline demo` as a person runs it: every step of a case study, on one screen, nothing left."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.demo.parts import Check, Operate, Serve, Step
from gateway.demo.play import Run
from gateway.demo.screen import Screen
from gateway.demo.stories import CASE_2, STORIES
from tests.gateway.demo_runs import (
    FAST,
    Played,
    interrupt,
    left_in,
    perform_here,
    play,
    processes_over,
    start,
    wait_until_gone,
)

ESCAPE = "\x1b"
SHORT = replace(CASE_2, figures=False, steps=CASE_2.steps[:9])  # up to the first visit


def reachable(folder: Path) -> Path:
    """Make a folder that PostgreSQL, which runs as another user when we are root, gets through."""
    made = folder / "state"
    made.mkdir()
    if os.geteuid() == 0:
        for one in (made, *made.parents[:3]):
            one.chmod(one.stat().st_mode | 0o011)
    return made


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return reachable(tmp_path)


def holds(played: Played, state: Path) -> None:
    """What every run that went well holds."""
    assert played.code == 0, played.out + played.err
    assert played.err == ""
    assert max(map(len, played.lines)) <= 80
    assert ESCAPE not in played.out
    assert wait_until_gone(state) == []
    assert left_in(state) == []


def shows(played: Played, story: int, clock: str) -> None:
    """What every played case study shows."""
    steps = len(STORIES[story].steps)
    assert f"All {steps} steps of case study {story} happened" in played.words
    assert "All people are fictional" in played.words
    assert clock in played.words
    assert "the clock stopped at the first visit: still" in played.words


def test_every_step_of_case_study_1_happens(state: Path) -> None:
    played = play(state, 1)

    holds(played, state)
    shows(played, 1, "referral to visit: 31 min measured, 31 min in the case study")


def test_case_study_2_works_twice_in_a_row_with_the_figures_of_200_presses(state: Path) -> None:
    for played in (play(state, 2), play(state, 2)):
        holds(played, state)
        shows(played, 2, "press to arrival: 44 min measured, 44 min in the case study")
        assert "200 of 200 acknowledged" in played.words
        assert re.search(r"press -> referral acknowledged( +[\d.]+ m?s){3} +1 s", played.out)


def test_case_study_3_is_played_twice_at_the_same_time(state: Path) -> None:
    """Each run has its own folder, database and ports."""
    both = [start(state, "--once", "--story", "3") for _ in range(2)]
    ended = [(one.communicate(timeout=110)[0], one.returncode) for one in both]

    for out, code in ended:
        holds(Played(code, out), state)
        shows(Played(code, out), 3, "referral to visit: 75 min measured, 75 min in the case study")


def test_it_stays_up_until_told_to_stop_and_leaves_nothing(state: Path) -> None:
    process = start(state, "--story", "3")
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if "Ctrl-C" in line:
            break
    address = re.search(r"look +(http://127\.0\.0\.1:\d+/)", "".join(seen))
    assert address is not None, "".join(seen)
    assert httpx.get(address[1] + "readyz", timeout=10).json()["ready"] is True

    played = interrupt(process)

    assert played.code == 0
    assert wait_until_gone(state) == []
    assert left_in(state) == []


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A run that was told to stop some seconds after the press, and what was seen of it."""

    played: Played
    state: Path
    status: str
    log: str


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    state = reachable(tmp_path_factory.mktemp("interrupted"))
    process = start(state, "--speed", "1")
    assert process.stdout is not None
    for line in process.stdout:
        if "press -> referral acknowledged" in line:
            break
    (run,) = left_in(state)
    log = state.parent / "log"
    os.link(run / "gateway.log", log)
    status = Path(f"/proc/{process.pid}/status").read_text()
    return Interrupted(interrupt(process), state, status, log.read_text())


def test_ctrl_c_in_the_middle_of_the_story_leaves_nothing(interrupted: Interrupted) -> None:
    assert interrupted.played.code == 130, interrupted.played.out
    assert wait_until_gone(interrupted.state) == []
    assert left_in(interrupted.state) == []


def test_who_hangs_up_cannot_end_the_process(interrupted: Interrupted) -> None:
    """SIGPIPE is ignored: a write to a connection that is gone is an error of that connection."""
    ignored = re.search(r"SigIgn:\s+([0-9a-f]+)", interrupted.status)
    assert ignored is not None
    assert int(ignored[1], 16) & 1 << (signal.SIGPIPE - 1)


def test_the_log_of_a_run_holds_no_name_and_no_death(interrupted: Interrupted) -> None:
    """A gateway that is told to stop does not say that a part of it died."""
    assert "the gateway runs" in interrupted.log
    assert "WC" not in interrupted.log
    assert "Demonstration Street" not in interrupted.log
    assert '"level": "critical"' not in interrupted.log
    assert "Traceback" not in interrupted.log


def test_a_reader_that_goes_away_leaves_nothing(state: Path) -> None:
    """`lifeline demo | head -3` ends, and so does everything it started."""
    process = start(state, "--once", "--speed", "1")
    assert process.stdout is not None
    for line in process.stdout:
        if "embedded PostgreSQL" in line:
            break
    process.stdout.close()

    assert process.wait(timeout=60) != 0
    assert wait_until_gone(state) == []
    assert left_in(state) == []


async def broken(step: int, monkeypatch: pytest.MonkeyPatch, state: Path, **changes: Any) -> Played:
    """Play up to the first visit with one step changed."""
    steps = list(SHORT.steps)
    steps[step] = replace(steps[step], **changes)
    monkeypatch.setenv("LIFELINE_STATE_DIR", str(state))
    story = replace(SHORT, steps=tuple(steps))
    return await perform_here(Run(story, Screen(), FAST, once=True))


async def test_a_service_that_rejects_is_a_missing_step(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = Serve("reject", {"reason": "Full today"}, {"state": "accepted"})
    played = await broken(6, monkeypatch, state, act=act)

    assert played.code == 1
    assert "ICRS: accepts it" in played.words
    assert "the referral: state is 'rejected', expected 'accepted'" in played.words
    assert "sets out" not in played.words


async def test_a_failed_run_keeps_its_folder_and_names_it(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = Operate({"do": "spoke"}, {"state": "closed"})
    played = await broken(3, monkeypatch, state, act=act)

    (kept,) = left_in(state)
    assert played.code == 1
    assert str(kept) in played.out.replace("\n", "")
    assert "the gateway runs" in played.words
    assert "gateway.log" in {one.name for one in left_in(kept)}
    assert processes_over(state) == []


async def test_what_the_tables_refuse_is_a_missing_step_with_their_words(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alarm nobody has spoken to the client about is not closed by one person alone."""
    played = await broken(2, monkeypatch, state, act=Operate({"do": "close", "reason": "test"}))

    assert played.code == 1
    assert "was answered 409" in played.words


async def test_a_text_her_unit_never_hears_is_a_missing_step(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.demo.pendant.HEAR_S", 2.0)
    step = SHORT.steps[2]
    assert isinstance(step.act, Operate)
    played = await broken(2, monkeypatch, state, act=replace(step.act, told="on the moon"))

    assert played.code == 1
    assert "her unit was to hear 'on the moon', it heard: a person has it" in played.words


async def test_a_visit_at_another_minute_than_stated_is_a_missing_step(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = SHORT.steps[8].at + timedelta(minutes=3)
    played = await broken(8, monkeypatch, state, at=at)

    assert played.code == 1
    assert "the clock: minutes is 47, expected 44" in played.words


async def test_the_timers_between_two_steps_run_in_time(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nobody taking the alarm, the climb, the ladder and the breach come by themselves."""
    monkeypatch.setenv("LIFELINE_STATE_DIR", str(state))
    breached = Check(
        alarm={"state": "open", "spoke_at": None, "taken_at": None},
        referral={"state": "breached", "provisional": True},
        explained=True,
    )
    later = Step(SHORT.start + timedelta(minutes=20), "gateway", "was not left alone", breached)
    story = replace(SHORT, steps=(*SHORT.steps[:2], later))

    played = await perform_here(Run(story, Screen(), FAST, once=True))

    assert played.code == 0, played.out
    ran = re.search(r"(\d+) timers ran in between", played.words)
    assert ran is not None
    assert int(ran[1]) >= 5


@pytest.mark.parametrize("wrong", ["0", "4", "two"])
def test_a_story_that_does_not_exist_is_wrong_use(wrong: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "demo", "--story", wrong],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
