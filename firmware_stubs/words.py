"""The words of a native device: where to, how patient, and what became of a message."""

from dataclasses import dataclass
from typing import Literal

Channel = Literal["call", "up"]
Value = str | float | bool | None
Parts = dict[str, "Value | dict[str, Value]"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a receiver listens."""

    host: str
    port: int = 1883


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient a device is; all in seconds but `repeats`.

    Attributes:
        repeat_s: From one sending of a message to the next, varied by a tenth either way.
        repeats: Sendings on one connection without a receipt before the next receiver is tried.
        interval_s: Between two heartbeats; the first one comes somewhere within it.
        connect_s: For CONNACK, SUBACK and a good-bye.
        keep_alive_s: MQTT keep-alive.
        pause_first_s: After the first round of receivers that did not answer.
        pause_max_s: The longest pause.
    """

    repeat_s: float = 5.0
    repeats: int = 3
    interval_s: float = 3_600.0
    connect_s: float = 10.0
    keep_alive_s: int = 30
    pause_first_s: float = 0.5
    pause_max_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message.

    Attributes:
        id: The message's own id.
        result: "stored"; "refused" (readings only); "dropped" by the device itself;
            "acknowledged" for a heartbeat.
        reason: The receiver's, when it refused.
        sends: How often it was published until then, 1 when all went well.
        waited_s: From the making of the message to its receipt.
    """

    id: str
    result: str
    reason: str = ""
    sends: int = 0
    waited_s: float = 0.0


def without_none(parts: Parts) -> Parts:
    """Leave out what is not known."""
    return {
        name: {inner: value for inner, value in part.items() if value is not None}
        if isinstance(part, dict)
        else part
        for name, part in parts.items()
        if part is not None
    }
