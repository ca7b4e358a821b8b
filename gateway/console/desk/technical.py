"""The technical worklist and the power-cut view: who owns what, by when. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.case import Task
from alerts.words import TaskKind, TaskState
from gateway.console.desk import words

TECHNICAL_OWNER = "Technical desk"
DESK_OWNER = "The desk"


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of technical work."""

    id: str
    kind: str
    what: str
    whose: str
    owner: str
    due_at: datetime | None
    overdue: bool
    alarm: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Area:
    """The units of one postcode that run on their battery."""

    postcode: str
    units: Sequence[Any]


def work(task: Task, whose: str, now: datetime) -> Work:
    """Show a task; without a service or a person of its own it is the desk's, or the technical."""
    late = task.state is TaskState.OPEN and task.due_at is not None and task.due_at < now
    return Work(
        id=task.id,
        kind=task.kind.value,
        what=words.plain(task.kind),
        whose=whose,
        owner=task.claimed_by or task.service or _owner(task),
        due_at=task.due_at,
        overdue=late,
        alarm=task.alarm,
        text=task.text,
    )


def _owner(task: Task) -> str:
    return TECHNICAL_OWNER if task.kind is TaskKind.DEVICE_FAULT else DESK_OWNER


def areas(units: Iterable[Any]) -> list[Area]:
    """Group units by the first half of their postcode, the most homes first."""
    found: dict[str, list[Any]] = {}
    for one in units:
        found.setdefault(outward(one.postcode), []).append(one)
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return [Area(postcode, units) for postcode, units in ordered]


def outward(postcode: str) -> str:
    """Give the first half of a postcode: LE1 of LE1 1AA."""
    whole = postcode.strip().upper()
    if " " in whole:
        return whole.partition(" ")[0]
    return whole[:-3] if len(whole) > 4 else whole or "No postcode"
