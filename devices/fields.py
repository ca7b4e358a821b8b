"""Values out of a device's JSON object by a table of types, and the device's time. Pure.

Shared by the families that speak JSON: a bad value harms itself only.
"""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from devices.errors import Corrupt, Unknown
from devices.model import Flag, Quality, is_plausible_time
from devices.strict_json import Object

MAX_SHOWN_CHARS = 40

Error = Corrupt | Unknown

_SUSPECT = frozenset({Flag.CLOCK_SUSPECT})
_AWARE = Annotated[datetime, msgspec.Meta(tz=True)]


class Types:
    """What an object may hold: name to type, in the order in which values are given.

    Holds the same table as one Struct too: an object in which all is well is read at once.
    """

    __slots__ = ("each", "names", "whole")

    def __init__(self, each: Mapping[str, Any]) -> None:
        """Take the table; no value may be None, which stands for an absent one."""
        self.each = {str(name): kind for name, kind in each.items()}
        self.names = tuple(self.each)
        self.whole = msgspec.defstruct(
            "Whole", [(name, kind | None, None) for name, kind in self.each.items()]
        )

    def __iter__(self) -> Iterator[str]:
        """Give the names, in order."""
        return iter(self.names)


class Moment(msgspec.Struct, frozen=True):
    """When something happened, as far as the device's clock can be believed (DESIGN 7).

    `at`, `flags` are for calls, technical conditions and answers; `measured_at`, `measured_flags`
    and `quality` for measurements, which keep a time that is out of range.
    """

    at: datetime | None
    flags: frozenset[Flag]
    measured_at: datetime | None
    measured_flags: frozenset[Flag]
    quality: Quality


def from_to(low: float, high: float) -> object:
    """Give the type of a number within [low, high]."""
    return Annotated[float, msgspec.Meta(ge=low, le=high)]


def moment(sent: object, received_at: datetime, flags: frozenset[Flag]) -> Moment:
    """Judge a device's time.

    Absent: no time, no flag. Absent in part or impossible: no time, clock_suspect. Complete but
    outside [received - 400 days, received + 5 min]: kept for measurements with quality
    device_clock, otherwise no time and clock_suspect.
    """
    if sent is None:
        return Moment(None, flags, None, flags, Quality.OK)
    suspect = flags | _SUSPECT
    try:
        at = msgspec.convert(sent, _AWARE).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        return Moment(None, suspect, None, suspect, Quality.OK)
    if is_plausible_time(at, received_at):
        return Moment(at, flags, at, flags, Quality.OK)
    return Moment(None, suspect, at, flags, Quality.DEVICE_CLOCK)


def values(sent: object, types: Types, part: str) -> tuple[Object, list[Error]]:
    """Take what the table knows out of an object, in the table's order.

    null is absent; a value of a wrong type or out of range is an error beside the good ones; an
    object that holds nothing the table knows is Unknown, an empty one is empty.
    """
    if sent is None:
        return {}, []
    if not isinstance(sent, dict):
        return {}, [Corrupt(f"{part}: {shown(sent)}, expected an object")]
    if sent and sent.keys().isdisjoint(types):
        return {}, [Unknown(f"{part}: {len(sent)} keys, expected some of {', '.join(types)}")]
    good: Object = {}
    with contextlib.suppress(msgspec.ValidationError):
        found = msgspec.structs.astuple(msgspec.convert(sent, types.whole))
        for name, value in zip(types.names, found, strict=True):
            if value is not None:
                good[name] = value
        return good, []
    errors: list[Error] = []
    for name, kind in types.each.items():
        if sent.get(name) is None:
            continue
        try:
            good[name] = msgspec.convert(sent[name], kind)
        except msgspec.ValidationError as error:
            errors.append(Corrupt(f"{part}.{name}: {shown(sent[name])}: {error}"))
    return good, errors


def shown(value: object) -> str:
    """Say what was sent without repeating a person's words."""
    if isinstance(value, str | list | dict):
        return f"{type(value).__name__} of {len(value)}"
    return repr(value)[:MAX_SHOWN_CHARS]
