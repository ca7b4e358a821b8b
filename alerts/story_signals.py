"""Native bodies of a story as Signals (INTERFACES 2 and 5). The wire's own codec is in devices/."""

from datetime import datetime
from typing import Any

import msgspec

from alerts.story_input import StoryError, explained, utc
from devices.model import (
    Activation,
    ActivationKind,
    Answers,
    Flag,
    Measurement,
    Phase,
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
    signals.extend(
        Measurement(device, code, value, at=at, flags=body.flags)
        for code, value in body.vitals.items()
    )
    if body.answers is not None:
        signals.append(Answers(device, body.answers, at=at, flags=body.flags))
    for name, value in body.status.items():
        if name not in KNOWN_STATUS:
            continue
        what, state, number = _status(device, name, value)
        signals.append(Status(device, what, state, number, at=at, code=name, flags=body.flags))
    heartbeat = Status(device, StatusKind.HEARTBEAT, at=at, flags=body.flags)
    return body.id, tuple(signals) or (heartbeat,)


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
