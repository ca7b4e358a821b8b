"""What the demo is made of, without a gateway: the stories as data, the goals, the screen."""

from datetime import timedelta
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console

from gateway.demo.around import Around
from gateway.demo.goals import LATE_FACTOR, STATED_MS, Goal, Ledger, percentile
from gateway.demo.house import settings
from gateway.demo.missing import Missing
from gateway.demo.parts import Serve, Step, Story, london
from gateway.demo.screen import Screen, duration
from gateway.demo.stories import STORIES
from gateway.settings import Settings


def visit(story: Story) -> Step:
    return next(step for step in story.steps if step.clocks)


@pytest.mark.parametrize("story", STORIES.values(), ids=lambda story: f"case-{story.number}")
def test_steps_come_in_the_order_of_time(story: Story) -> None:
    assert all(before.at <= after.at for before, after in pairwise(story.steps))


@pytest.mark.parametrize(("number", "begins"), [(1, "14:14"), (2, "06:56"), (3, "13:30")])
def test_the_first_visit_comes_when_the_case_study_says(number: int, begins: str) -> None:
    story = STORIES[number]
    elapsed = visit(story).at - story.start

    assert f"{story.start:%H:%M}" == begins
    assert elapsed // timedelta(minutes=1) == story.stated.minutes
    assert story.steps[0].stated
    assert visit(story).stated


@pytest.mark.parametrize("story", STORIES.values(), ids=lambda story: f"case-{story.number}")
def test_a_second_contact_comes_after_the_clock_has_stopped(story: Story) -> None:
    shown = [step for step in story.steps if step.clocks]

    assert len(shown) == 2
    assert isinstance(shown[1].act, Serve)
    assert shown[1].act.do == "contact"


def test_london_time_is_turned_to_utc() -> None:
    assert f"{london('2021-02-02 06:56'):%H:%M %Z}" == "06:56 UTC"
    assert f"{london('2021-07-02 06:56'):%H:%M %Z}" == "05:56 UTC"


def test_every_goal_has_a_stated_time() -> None:
    assert set(STATED_MS) == set(Goal)


@pytest.mark.parametrize("goal", Goal)
def test_ten_times_the_stated_time_is_the_last_that_is_not_late(goal: Goal) -> None:
    ledger, last_ms = Ledger(), LATE_FACTOR * STATED_MS[goal]
    ledger.note(goal, last_ms)

    with pytest.raises(Missing, match="later than 10 times"):
        ledger.note(goal, last_ms + 0.01)


def test_of_several_times_the_summary_shows_the_slowest() -> None:
    ledger = Ledger()
    for took_ms in (3.0, 21.0, 4.0):
        ledger.note(Goal.ACT, took_ms)

    assert ledger.rows() == [(Goal.ACT.value, "250 ms", "21 ms  slowest of 3")]


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1.0), (0.5, 100.0), (0.99, 198.0), (1.0, 200.0)]
)
def test_a_percentile_is_a_value_that_occurred(share: float, value: float) -> None:
    assert percentile([float(one) for one in range(200, 0, -1)], share) == value


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="0 values"):
        percentile([], 0.5)


@pytest.mark.parametrize(
    ("ms", "words"),
    [(0.42, "0.42 ms"), (4.14, "4.1 ms"), (21.4, "21 ms"), (1_000, "1 s"), (1_340, "1.3 s")],
)
def test_times_are_said_as_people_read_them(ms: float, words: str) -> None:
    assert duration(ms) == words


@pytest.mark.parametrize("columns", [80, 60])
def test_no_line_is_wider_than_the_screen(columns: int) -> None:
    kept = StringIO()
    screen = Screen(Console(file=kept, width=columns, highlight=False))
    for story in STORIES.values():
        for step in story.steps:
            screen.step(step, step.at, 123.4)
            screen.measure("press -> stored and acknowledged to her unit", 12.0, 250.0)

    assert max(map(len, kept.getvalue().splitlines())) <= columns


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    kept = StringIO()
    screen = Screen(Console(file=kept, force_terminal=True, width=80, highlight=False))
    step = STORIES[2].steps[0]
    screen.step(step, step.at, 1.0)

    assert "\x1b[3" not in kept.getvalue()


def test_the_demo_names_every_setting_that_leads_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real database, port or webhook of this machine is never used, whatever is configured."""
    monkeypatch.setenv("LIFELINE_DATABASE_DSN_FILE", "/etc/lifeline/dsn")
    monkeypatch.setenv("LIFELINE_NOTICE_WEBHOOKS", '{"supervisor": "https://example.org"}')
    monkeypatch.setenv("LIFELINE_WEB_PORT", "8080")
    monkeypatch.setenv("LIFELINE_BIND", "192.0.2.1")
    monkeypatch.setenv("LIFELINE_QUARANTINE_MIB", "4000")
    monkeypatch.setenv("LIFELINE_BROKERS", '[{"line": "site-3", "host": "127.0.0.1"}]')
    given = settings(tmp_path, Around())

    harmless = {"quarantine_mib", "accept_unauthenticated"}
    assert given.model_fields_set >= set(Settings.model_fields) - harmless
    assert (given.database_dsn_file, given.web_port, given.bind) == (None, 0, "127.0.0.1")
    assert given.notice_webhooks == {}
    assert (given.brokers, given.serial_ports, given.bars) == ((), (), {})
    assert given.quarantine_mib == Settings.model_fields["quarantine_mib"].default
