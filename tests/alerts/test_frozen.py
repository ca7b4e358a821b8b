"""Deciding changes nothing in place: every type of alerts/ and devices/ is frozen."""

import dataclasses
import importlib
import pkgutil
from types import ModuleType

import msgspec
import pytest

import alerts
import devices

SHOWS = 100
"""There are more types than this; a search that finds fewer finds nothing."""


def _modules(package: ModuleType) -> list[str]:
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [package.__name__, *(one.name for one in found if not one.ispkg)]


def _types() -> dict[str, type]:
    found: dict[str, type] = {}
    for name in [*_modules(alerts), *_modules(devices)]:
        module = importlib.import_module(name)
        for one in vars(module).values():
            if isinstance(one, type) and one.__module__ == name:
                found[f"{name}.{one.__qualname__}"] = one
    return found


def _is_frozen(one: type) -> bool | None:
    """Say whether a Struct or a dataclass is frozen; None for any other type."""
    if issubclass(one, msgspec.Struct):
        return one.__struct_config__.frozen
    if dataclasses.is_dataclass(one):
        return bool(one.__dataclass_params__.frozen)  # type: ignore[attr-defined]
    return None


def test_every_type_is_frozen() -> None:
    known = {name: _is_frozen(one) for name, one in _types().items()}
    records = {name: frozen for name, frozen in known.items() if frozen is not None}

    assert len(records) > SHOWS
    assert [name for name, frozen in records.items() if not frozen] == []


@pytest.mark.parametrize("kind", ["Struct", "dataclass"])
def test_a_type_that_is_not_frozen_would_be_found(kind: str) -> None:
    @dataclasses.dataclass
    class Loose:
        value: int

    open_one = msgspec.defstruct("Open", ["value"]) if kind == "Struct" else Loose
    assert _is_frozen(open_one) is False
