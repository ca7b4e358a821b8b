"""Every story of the book comes out as it is written."""

from typing import Any

import pytest

from alerts.ruleset import Rules
from tests.scenarios.storybook import lines, play, shipped_rules, stories

BOOK = list(stories())
STORIES_AT_LEAST = 40


@pytest.fixture(scope="module")
def rules() -> Rules:
    return shipped_rules()


@pytest.mark.parametrize(("name", "story"), BOOK, ids=[name for name, _ in BOOK])
def test_story(name: str, story: dict[str, Any], rules: Rules) -> None:
    outcome = play(story, rules)

    assert lines(story, outcome) == story["want"], name
    for kind in ("alarms", "referrals"):
        found = {one["id"]: one for one in outcome[kind]}
        for said in story.get(kind, []):
            wanted = {name: None if value == "" else value for name, value in said.items()}
            assert found[wanted["id"]] | wanted == found[wanted["id"]], f"{name}: {wanted['id']}"
        if kind in story:
            assert len(found) == len(story[kind]), f"{name}: {kind}"


@pytest.mark.parametrize(("name", "story"), BOOK, ids=[name for name, _ in BOOK])
def test_every_decision_has_a_reason_with_rule_and_version(
    name: str, story: dict[str, Any], rules: Rules
) -> None:
    decisions = play(story, rules)["decisions"]

    for decision in decisions:
        assert decision["reasons"], name
        assert all(r["reason"] and r["rule"] and r["version"] for r in decision["reasons"]), name


def test_the_book_is_not_thin() -> None:
    assert len({name for name, _ in BOOK}) == len(BOOK)
    assert len(BOOK) >= STORIES_AT_LEAST
