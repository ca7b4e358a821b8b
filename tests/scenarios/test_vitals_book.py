"""The book of vitals stories is whole: every pathway's amber, red, recovery and silence."""

import re
from collections.abc import Iterable

import pytest

from alerts.vital_words import Pathway
from tests.scenarios.storybook import stories

LEAST = 60
SILENT = ("nothing: changes_nothing", "notice_made: prompt")
"""Being asked to measure is no alert."""
RED = re.compile(r"unacknowledged_red|(news2|score|answer)_red|beyond_alert_|emergency_twice")
AMBER = re.compile(r"beyond_warning_|(news2|score|answer)_amber|rose_in_days|score_rose|below_own")


def book(pathway: Pathway) -> list[list[str]]:
    """What was decided, in each story of a person of this pathway."""
    return [
        story["want"]
        for name, story in stories()
        if name.startswith("vitals_") and story.get("person", {}).get("pathway") == pathway.value
    ]


def said(pattern: re.Pattern[str], lines: Iterable[str]) -> bool:
    return any(pattern.search(line) for line in lines)


@pytest.mark.parametrize("pathway", Pathway)
def test_every_pathway_has_its_amber_red_recovery_and_silence(pathway: Pathway) -> None:
    found = book(pathway)
    rung = [want for want in found if any(line.endswith(": rings") for line in want)]

    assert any(want and all(line.endswith(SILENT) for line in want) for want in found), "silence"
    assert any(said(AMBER, want) and not said(RED, want) for want in rung), "amber"
    assert any(said(RED, want) for want in rung), "red"
    assert any("back_within_limits" in " ".join(want) for want in rung), "recovery"


def test_there_are_enough_stories_of_vitals() -> None:
    assert sum(name.startswith("vitals_") for name, _ in stories()) >= LEAST
