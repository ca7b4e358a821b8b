"""Pages without a browser: what they are made of, and that nothing else can be had."""

from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import UndefinedError

from gateway.console import local_time
from gateway.console.assets import BASE, assets
from gateway.console.environment import environment
from gateway.console.routes import own_path
from tests.gateway.api_house import House

SUMMER = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


async def test_a_static_file_may_be_kept_for_ever_and_an_older_release_is_gone(
    house: House,
) -> None:
    url = assets().url("console/base.css")
    found = await house.call(None, "GET", url)
    older = await house.call(None, "GET", f"{BASE}/0123456789abcdef/console/base.css")

    assert found.status_code == 200
    assert "immutable" in found.headers["cache-control"]
    assert older.status_code == 404
    assert older.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["../assets.py", "%2e%2e/assets.py", "console/../../pages.py", "console", "x.css"]
)
async def test_nothing_but_what_was_read_at_the_start_can_be_had(house: House, path: str) -> None:
    answer = await house.call(None, "GET", f"{BASE}/{assets().release}/{path}")

    assert answer.status_code == 404


def test_what_a_template_prints_is_escaped() -> None:
    text = environment().from_string("{{ name }}").render(name="<script>alert(1)</script>")

    assert "<script>" not in text


def test_a_name_nobody_gave_stops_a_template() -> None:
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nobody }}").render()


def test_an_nhs_component_escapes_what_it_is_given() -> None:
    text = environment().from_string("{{ nhs.tag({'text': name}) }}").render(name="<b>")

    assert "<b>" not in text
    assert "nhsuk-tag" in text


def test_a_component_that_is_none_stops_a_template() -> None:
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nhs.nothing({}) }}").render()


@pytest.mark.parametrize(
    ("given", "goes"),
    [
        ("/console/alarms/1", "/console/alarms/1"),
        ("/console?x=1", "/console"),
        ("https://elsewhere.example/console", "/console"),
        ("//elsewhere.example/console", "/console"),
        ("/console//elsewhere.example", "/console"),
        ("/console\\elsewhere", "/console"),
        ("/api/v1/alarms", "/console"),
        ("/console" + "x" * 300, "/console"),
    ],
)
def test_after_signing_in_one_lands_on_a_page_of_ours(given: str, goes: str) -> None:
    assert own_path(given) == goes


async def test_a_problem_is_a_page_for_a_browser_and_a_problem_for_a_program(house: House) -> None:
    page = await house.call(None, "GET", "/console/none", headers={"Accept": "text/html,*/*"})
    program = await house.call(None, "GET", "/console/none")

    assert page.status_code == program.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "This page was not found" in page.text
    assert program.headers["content-type"] == "application/problem+json"


def test_a_time_is_local_for_people_and_utc_for_machines() -> None:
    assert str(local_time.element(SUMMER, SUMMER)) == (
        '<time datetime="2026-07-01T22:30:00Z">23:30</time>'
    )
    assert local_time.clock_words(SUMMER, SUMMER + timedelta(hours=1)) == "Wed 1 Jul 23:30"
    assert local_time.date_words(SUMMER) == "Wednesday 1 July 2026"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (190, "3 min 10 s"), (3_700, "1 h 1 min"),
     (90_061, "1 d 1 h"), (-5, "0 s")],
)  # fmt: skip
def test_a_length_of_time_has_two_units_at_most(seconds: float, words: str) -> None:
    assert local_time.span_words(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(80, "in 1 min 20 s"), (0.2, "in 1 s"), (0, "0 s ago"), (-12.9, "12 s ago")],
)
def test_a_countdown_says_how_long_until_then_or_since(seconds: float, words: str) -> None:
    assert local_time.countdown_words(SUMMER + timedelta(seconds=seconds), SUMMER) == words


def test_a_running_time_is_utc_for_machines_whatever_form_it_came_in() -> None:
    later = SUMMER + timedelta(seconds=65)
    wanted = '<time datetime="2026-07-01T22:30:00Z" data-since>1 min 5 s</time>'
    assert str(local_time.running(SUMMER, later, "since")) == wanted
    assert str(local_time.running("2026-07-01T22:30:00Z", later, "since")) == wanted
