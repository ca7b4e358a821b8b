"""Stories as data: reads tests/scenarios/*.toml, plays them, prints what happened as lines.

A time in a story is `HH:MM:SS` on its day, or `+N HH:MM:SS` N days later, in UTC. `want` is the
whole of what was decided, line by line, so that silence is written down by what is not there.
`alarms` and `referrals` name fields of the outcome; "" stands for a field that must be empty.
"""

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from alerts.ruleset import Rules, parse_rules
from alerts.story import run_story

HERE = Path(__file__).resolve().parent
RULES = HERE.parent.parent / "alerts" / "rules"
TIMES = (
    "at", "start", "until", "eta", "occurred_at", "capacity_at", "away_until", "faulty_since",
    "effective",
)  # fmt: skip

WC = {"id": "wc", "born": "1951-05-01", "postcode": "LE1 1AA"}
PENDANT = {"id": "17", "person": "wc"}
ICRS = {
    "id": "icrs",
    "kind": "UCR",
    "timezone": "Europe/London",
    "hours": "24/7",
    "catchment": ["LE"],
    "capacity": 5,
}


def shipped_rules() -> Rules:
    """Read the rules as they are shipped."""
    return parse_rules({path.name: path.read_bytes() for path in sorted(RULES.glob("*.toml"))})


def stories() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (file:name, story) of every story."""
    for path in sorted(HERE.glob("*.toml")):
        for story in tomllib.loads(path.read_text())["story"]:
            yield f"{path.stem}:{story['name']}", story


def play(story: dict[str, Any], rules: Rules) -> dict[str, Any]:
    """Play a story of the book."""
    day = date.fromisoformat(story.get("day", "2021-02-02"))
    told = {
        "story": story["name"],
        "start": story.get("start", "06:50:00"),
        "until": story["until"],
        "persons": story.get("persons", [{**WC, **story.get("person", {})}]),
        "devices": story.get("devices", [PENDANT]),
        "services": story.get("services", [ICRS]),
        "wards": story.get("wards", []),
        "events": story["events"],
    }
    return run_story(_dated(told, day), rules)


def _dated(value: Any, day: date) -> Any:  # noqa: ANN401 - any TOML value
    if isinstance(value, list):
        return [_dated(one, day) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _time(one, day) if key in TIMES else _dated(one, day) for key, one in value.items()
    }


def _time(text: str, day: date) -> str:
    days, _, clock = text.rpartition(" ")
    at = datetime.fromisoformat(f"{day + timedelta(days=int(days or 0))}T{clock}").replace(
        tzinfo=UTC
    )
    return at.isoformat()


def lines(story: dict[str, Any], outcome: dict[str, Any]) -> list[str]:
    """Print every decision as a line: time, what, about what, by when, and why."""
    day = date.fromisoformat(story.get("day", "2021-02-02"))
    return [_line(decision, day) for decision in outcome["decisions"]]


def _clock(text: str, day: date) -> str:
    at = datetime.fromisoformat(text)
    days = (at.date() - day).days
    return f"{at:%H:%M:%S}" if days == 0 else f"+{days} {at:%H:%M:%S}"


def _line(decision: dict[str, Any], day: date) -> str:
    about = [
        str(decision[name])
        for name in ("alarm", "referral", "service", "task", "disposition")
        if decision.get(name) is not None
    ]
    if decision.get("provisional"):
        about.append("provisional")
    if "due_at" in decision:
        about.append(f"by {_clock(decision['due_at'], day)}")
    why = ", ".join(reason["reason"] for reason in decision["reasons"])
    return f"{_clock(decision['at'], day)} {' '.join([decision['what'], *about])}: {why}"
