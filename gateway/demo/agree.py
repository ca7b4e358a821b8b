"""What a record says, held against what the story expects of it."""

from collections.abc import Mapping
from typing import Any

from gateway.demo.desk import Answer
from gateway.demo.missing import Missing


def agree(what: str, found: Mapping[str, Any], expect: Mapping[str, object]) -> None:
    """Compare a record with what must be true.

    Raises:
        Missing: names the first field that differs.
    """
    for name, value in expect.items():
        if found.get(name) != value:
            raise Missing(f"{what}: {name} is {found.get(name)!r}, expected {value!r}")


def explained(alarm: Answer) -> str:
    """Say how the alarm explains itself.

    Raises:
        Missing: a step has no reason with rule and version.
    """
    steps = alarm.body["explanation"]
    reasons = [reason for step in steps for reason in step["reasons"]]
    bare = [step["what"] for step in steps if not step["reasons"]]
    if not steps or bare or not all(one["rule"] and one["version"] for one in reasons):
        raise Missing(f"{len(steps)} steps explain the alarm, without a reason: {bare}")
    return (
        f"why: {count(len(steps), 'step')} with {count(len(reasons), 'reason')}, "
        "each with its rule and version"
    )


def count(number: int, noun: str) -> str:
    """Say how many: 1 task, 2 tasks."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
