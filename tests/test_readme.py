"""What README.md and the other pages promise holds: their order, their commands, their links."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.enrol import read_roll

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
HEADINGS = [
    "What it is",
    "The flow",
    "Two commands",
    "What you will see",
    "How to add a device",
    "How to add a rule",
    "Reliability figures",
    "How to run it for real",
]
# Folders that hold no page of ours.
NOT_OURS = {".git", ".venv", ".pytest_cache", "node_modules"}
# The first screen: what a person sees without scrolling far.
FIRST_SCREEN_LINES = 70


def pages() -> list[Path]:
    return [
        path
        for path in sorted(ROOT.rglob("*.md"))
        if not NOT_OURS & set(path.relative_to(ROOT).parts)
    ]


def blocks(language: str) -> list[list[str]]:
    found = re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return [block.splitlines() for block in found]


def anchors(page: Path) -> set[str]:
    """Return the names under which a page's headings can be linked to."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_readme_answers_the_questions_in_the_order_people_ask_them() -> None:
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == HEADINGS


def test_the_flow_is_a_picture_that_fits_80_columns() -> None:
    picture = next(iter(blocks("text")))

    assert len(picture) > 5
    assert [line for line in picture if len(line) > 80] == []


def test_the_two_commands_are_the_ones_that_are_offered() -> None:
    commands = next(iter(blocks("sh")))
    usage = subprocess.run(
        [sys.executable, "ops/run.py", "--help"],
        capture_output=True,
        check=True,
        cwd=ROOT,
        text=True,
    ).stdout
    offered = re.findall(r"python3 ops/run\.py (\w+)", usage)

    assert [command.split()[:3] for command in commands] == [
        ["python3", "ops/run.py", word] for word in offered
    ]


def test_the_two_commands_stand_on_the_first_screen() -> None:
    lines = README.splitlines()

    assert lines.index("python3 ops/run.py test") < FIRST_SCREEN_LINES


def test_the_ci_calls_the_command_of_the_readme() -> None:
    assert '"$python" ops/run.py test\n' in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def test_the_enrolment_example_is_one_that_can_be_enrolled() -> None:
    (example,) = blocks("json")
    roll = read_roll("\n".join(example).encode())

    assert [device.sender for device in roll.devices] == ["17"]
