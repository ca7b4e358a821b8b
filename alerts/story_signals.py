"""Native bodies of a story as Signals (INTERFACES 2 and 5). The wire's own codec is in devices/."""

from datetime import datetime
from typing import Any

import msgspec

from alerts.events import Heard
from alerts.story_input import StoryError, StoryEvent, explained, utc
from alerts.vital_words import ReadingSource
from devices.model import (
    Activation,
    ActivationKind,
    Answers,
    Flag,
    Measurement,
    Phase,
    Quality,
    Signal,
    Status,
    StatusKind,
    StatusState,
    VitalCode,
)

LOW_BATTERY_PCT = 15
KNOWN_STATUS = frozenset({"battery_pct", *StatusKind})
_LOST = {False: StatusState.LOST, True: StatusState.RESTORED}
_FAULT = {False: StatusState.RESTORED, True: StatusState.FAULT}
YES_NO = {
    StatusKind.MAINS: _LOST,
    StatusKind.LINK: _LOST,
    StatusKind.RADIO: _LOST,
    StatusKind.AVAILABILITY: _LOST,
    StatusKind.TAMPER: _FAULT,
    StatusKind.JAMMING: _FAULT,
    StatusKind.FAULT: _FAULT,
    StatusKind.ATTENDANCE: {False: StatusState.OK, True: StatusState.OK},
}
Said = float | bool | str


class Body(msgspec.Struct, frozen=True):
    """A native body with its flags."""

    id: str
    at: datetime | None = None
    activation: ActivationKind | None = None
    phase: Phase = Phase.START
    of: str | None = None
    location: str | None = None
    impact_g: float | None = None
    still_s: float | None = None
    vitals: dict[VitalCode, float | str | bool] = {}
    quality: dict[VitalCode, Quality] = {}
    source: ReadingSource = ReadingSource.DEVICE
    answers: dict[str, str | int | float | bool | None] | None = None
    status: dict[str, Said] = {}
    flags: frozenset[Flag] = frozenset()


def read_signals(device: str, said: dict[str, Any]) -> tuple[str, tuple[Signal, ...]]:
    """Give the message's id and what it says; a body that says nothing is a heartbeat.

    Raises:
        StoryError: the body cannot be read.
    """
    try:
        body = msgspec.convert(said, Body)
    except msgspec.ValidationError as error:
        raise StoryError(f"signal of device {device}: {explained(error, Body)}") from error
    at = None if body.at is None else utc(body.at)
    signals: list[Signal] = []
    if body.activation is not None:
        signals.append(_activation(device, body, body.activation, at))
    signals.extend(_measurements(device, body, at))
    if body.answers is not None:
        signals.append(Answers(device, body.answers, at=at, flags=body.flags))
    for name, value in body.status.items():
        if name not in KNOWN_STATUS:
            continue
        what, state, number = _status(device, name, value)
        signals.append(Status(device, what, state, number, at=at, code=name, flags=body.flags))
    heartbeat = Status(device, StatusKind.HEARTBEAT, at=at, flags=body.flags)
    return body.id, tuple(signals) or (heartbeat,)


def heard_of(
    event: StoryEvent, key: str, signals: tuple[Signal, ...], again: int | None, *, known: bool
) -> list[Heard]:
    """Give a message's signals as heard; `again` marks the same id with other content."""
    assert event.device is not None  # the actor is the device
    nth = "" if again is None else f"|{again}"
    heard = [
        Heard(
            receipt=f"{event.device}|{key}|{number}{nth}",
            received_at=event.at,
            sender=event.device,
            line="story",
            signal=signal,
            known=known,
        )
        for number, signal in enumerate(signals)
    ]
    return heard if again is None else [*heard, _again(heard[0])]


def _again(heard: Heard) -> Heard:
    """The same id with other content: beside the new signal a fault for a person."""
    detail = "the same id with other content"
    receipt = f"{heard.receipt}|again"
    fault = "same_id_other_content"
    return msgspec.structs.replace(heard, receipt=receipt, signal=None, fault=fault, detail=detail)


def _measurements(device: str, body: Body, at: datetime | None) -> list[Measurement]:
    """Give the readings; `quality` alone tells of a meter's HI or LO, or takes a value back."""
    said: dict[VitalCode, float | str | bool | None] = dict.fromkeys(body.quality)
    return [
        Measurement(device, code, value, body.quality.get(code, Quality.OK), at, body.flags)
        for code, value in (said | body.vitals).items()
    ]


def read_source(said: dict[str, Any]) -> ReadingSource:
    """Give who a body's readings come from; it was read by `read_signals` before."""
    return ReadingSource(said.get("source", ReadingSource.DEVICE))


def _activation(device: str, body: Body, what: ActivationKind, at: datetime | None) -> Activation:
    return Activation(
        device,
        what,
        key=body.id,
        phase=body.phase,
        at=at,
        code=what.value,
        flags=body.flags,
        of=body.of,
        location=body.location,
        impact_g=body.impact_g,
        still_s=body.still_s,
    )


def _status(device: str, name: str, value: Said) -> tuple[StatusKind, StatusState, float | None]:
    if name == "battery_pct" and not isinstance(value, bool | str):
        state = StatusState.LOW if value <= LOW_BATTERY_PCT else StatusState.OK
        return StatusKind.BATTERY, state, float(value)
    try:
        what = StatusKind(name)
        return (
            what,
            YES_NO[what][value] if isinstance(value, bool) else StatusState(str(value)),
            None,
        )
    except (KeyError, ValueError) as error:
        raise StoryError(
            f"signal of device {device}: status {name} {value!r} is not known"
        ) from error
