"""Case study 2 through each other way in and out: Mosquitto, a serial receiver, a BaRS service."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from gateway.demo.broker import programs
from gateway.demo.parts import Finish, Reply, Serve
from gateway.demo.play import play
from gateway.demo.stories import CASE_2
from gateway.demo.ways import Receiver, Via, Ways, played
from gateway.errors import SettingsError
from tests.gateway.demo_runs import (
    FAST,
    Played,
    command,
    environment,
    left_in,
    wait_until_gone,
)
from tests.gateway.test_demo import ESCAPE, reachable

REQUIRED = "LIFELINE_REQUIRE_PEERS"
USUAL_PRESSES = "These go the usual way, whatever way the story took"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return reachable(tmp_path)


def run(state: Path, *options: str, **more: str) -> Played:
    done = subprocess.run(
        command("--once", "--speed", str(FAST), *options),
        env=environment(state, **more),
        cwd=state.parent,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return Played(done.returncode, done.stdout, done.stderr)


def said(done: Played) -> str:
    """The words of the steps, without the times that were measured beside them."""
    return " ".join(re.sub(r" +[\d.]+ m?s *$", "", line).strip() for line in done.lines)


def holds(done: Played, state: Path, ways: Ways) -> None:
    """What every run that went well holds."""
    assert done.code == 0, done.out + done.err
    assert done.err == ""
    assert max(map(len, done.lines)) <= 80
    assert ESCAPE not in done.out
    assert f"All {len(played(CASE_2, ways).steps)} steps of case study 2 happened" in done.words
    assert "press to arrival: 44 min measured, 44 min in the case study" in done.words
    assert wait_until_gone(state) == []
    assert left_in(state) == []


def test_the_referral_goes_to_a_service_with_a_system_of_its_own(state: Path) -> None:
    done = run(state, "--receiver", "practice")

    holds(done, state, Ways(receiver=Receiver.PRACTICE))
    assert "BaRS message 'new' answered HTTP 200, Encounter planned" in done.words
    for status in ("in-progress", "finished"):
        posted = f"Encounter {status}: posted to /fhir/R4/$process-message, HTTP 200"
        assert f"BaRS answer, {posted}" in done.words
    assert "told by telephone, the operator enters it" in said(done)
    assert USUAL_PRESSES in done.words
    assert "200 of 200 acknowledged" in done.words


def test_the_press_of_a_panic_button_comes_through_a_serial_receiver(state: Path) -> None:
    done = run(state, "--via", "serial")

    holds(done, state, Ways(via=Via.SERIAL))
    assert "serial receiver, RFXtrx433" in done.words
    assert "panic button refers nobody by itself" in said(done)
    assert 'her one-way button cannot hear "a person has it"' in said(done)
    assert "her unit hears" not in done.words
    assert "to her unit" not in done.words
    assert "The 200 measured presses are left out" in done.words


def test_the_press_comes_through_mosquitto(state: Path) -> None:
    try:
        programs()
    except SettingsError as missing:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    done = run(state, "--via", "mosquitto")

    holds(done, state, Ways(via=Via.MOSQUITTO))
    assert "Mosquitto, her broker" in done.words
    assert 'her unit hears "a person has it"' in done.words
    assert 'her unit hears "team expected 07:40"' in done.words
    assert USUAL_PRESSES in done.words
    assert "200 of 200 acknowledged" in done.words


def test_a_way_in_and_a_way_out_go_together(state: Path) -> None:
    done = run(state, "--via", "serial", "--receiver", "practice")

    holds(done, state, Ways(Via.SERIAL, Receiver.PRACTICE))


async def test_without_mosquitto_it_says_what_to_install_and_makes_nothing(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFELINE_STATE_DIR", str(state))
    monkeypatch.setattr("gateway.demo.broker.SERVER", "mosquitto-that-is-not-here")

    with pytest.raises(SettingsError, match="apt-get install mosquitto"):
        await play(2, speed=FAST, once=True, ways=Ways(via=Via.MOSQUITTO))

    assert left_in(state) == []


@pytest.mark.parametrize("story", ["1", "3"])
@pytest.mark.parametrize("way", [("--via", "serial"), ("--receiver", "practice")])
def test_a_story_without_a_press_has_no_other_way(
    state: Path, story: str, way: tuple[str, str]
) -> None:
    done = run(state, "--story", story, *way)

    assert done.code == 2
    assert "are for story 2" in done.err
    assert left_in(state) == []


@pytest.mark.parametrize("wrong", [("--via", "pigeon"), ("--receiver", "nobody")])
def test_a_way_that_does_not_exist_is_wrong_use(state: Path, wrong: tuple[str, str]) -> None:
    assert run(state, *wrong).code == 2


def test_the_usual_ways_change_nothing_of_a_story() -> None:
    assert played(CASE_2, Ways()) == CASE_2


def test_what_bars_has_no_message_for_is_entered_by_the_operator() -> None:
    acts = [step.act for step in played(CASE_2, Ways(receiver=Receiver.PRACTICE)).steps]

    assert [act.says for act in acts if isinstance(act, Reply)] == ["in-progress", "finished"]
    entered = [act for act in acts if isinstance(act, Serve | Finish)]
    assert entered
    assert all(act.phoned for act in entered)
