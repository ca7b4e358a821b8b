"""What one shift leaves to the next, in figures and ids. Pure; no names: they may be long gone."""

from collections.abc import Iterable, Sequence
from typing import Any

from gateway.console.desk.items import LANES, Item


def of(items: Sequence[Item]) -> dict[str, Any]:
    """Count what is open, by lane, and who has what."""
    return {
        "open": {lane: _ids(items, lane) for lane in LANES},
        "untaken": [one["id"] for one in items if one["taken_by"] is None],
        "taken": {name: _of(items, name) for name in _names(items)},
        "second_person": [one["id"] for one in items if one["close_asked_by"] is not None],
    }


def _ids(items: Iterable[Item], lane: str) -> list[str]:
    return [one["id"] for one in items if one["lane"] == lane]


def _names(items: Iterable[Item]) -> list[str]:
    return sorted({one["taken_by"] for one in items if one["taken_by"] is not None})


def _of(items: Iterable[Item], name: str) -> list[str]:
    return [one["id"] for one in items if one["taken_by"] == name]
