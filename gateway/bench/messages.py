"""The messages of one step: which device says what, when it is due, and its bytes. Pure.

Open loop: message n of a step is due n / rate seconds after its beginning, whatever became of those
before it. Readings go round all devices; one message in CALLS_EVERY is a call, and calls go round
all devices too, one after the other through all steps of a climb.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.bench import wire
from gateway.bench.system import Shape

BODY_BYTES = 200
CALLS_EVERY = 100
NS = 1_000_000_000
RESTING_BPM, BPM_SPREAD, RACING_BPM = 70, 30, 200


@dataclass(frozen=True, slots=True)
class Order:
    """One step as the load program is told it.

    Attributes:
        step: Number of the step in its climb; part of every id.
        rate: Messages a second.
        seconds: How long they are offered.
        calls_before: Calls of the earlier steps of the climb: the next device to call is known.
    """

    step: int
    rate: float
    seconds: float
    calls_before: int = 0

    @property
    def offered(self) -> int:
        """How many messages that is."""
        return max(1, round(self.rate * self.seconds))

    @property
    def calls(self) -> int:
        """How many of them call for help."""
        return self.offered // CALLS_EVERY

    def is_call(self, number: int) -> bool:
        """Say whether a message calls for help: the last one of each CALLS_EVERY."""
        return number % CALLS_EVERY == CALLS_EVERY - 1

    def device(self, number: int, devices: int) -> int:
        """Give the device that says a message."""
        if self.is_call(number):
            return (self.calls_before + number // CALLS_EVERY) % devices
        return number % devices

    def due_ns(self, number: int) -> int:
        """Give nanoseconds from the step's beginning."""
        return int(number * NS / self.rate)

    def id(self, number: int) -> str:
        """Give a message's id."""
        return f"{'c' if self.is_call(number) else 'v'}{self.step}-{number}"


def number_of(message_id: str, step: int) -> int | None:
    """Give a message's number in a step from its id; None when it is of another step."""
    head, _, tail = message_id.partition("-")
    return int(tail) if head[1:] == str(step) and tail.isdecimal() else None


@dataclass(frozen=True, slots=True)
class Plan:
    """All packets of a step in the order they are due, and whose packet id is whose.

    `owners[d][p - 1]` is the message that went out on device d's connection with packet id p.
    """

    packets: list[bytes]
    devices: list[int]
    owners: list[list[int]]


def plan(order: Order, names: Sequence[str], shape: Shape, began_ns: int) -> Plan:
    """Encode a step.

    Args:
        began_ns: Unix time that the first message is due at; messages carry their own due time.

    Raises:
        ValueError: more messages on one connection than MQTT has packet ids: a longer step needs
            more connections.
    """
    owners: list[list[int]] = [[] for _ in names]
    packets, devices = [], []
    for number in range(order.offered):
        device = order.device(number, len(names))
        mine = owners[device]
        mine.append(number)
        if len(mine) > wire.MAX_PACKET_ID:
            raise ValueError(
                f"{order.offered} messages over {len(names)} connections: more than "
                f"{wire.MAX_PACKET_ID} on one; use more connections or fewer seconds"
            )
        at_ns = began_ns + order.due_ns(number)
        topic, body = _message(order, number, names[device], shape, at_ns)
        packets.append(wire.publish(topic, len(mine), body))
        devices.append(device)
    return Plan(packets, devices, owners)


def _message(order: Order, number: int, name: str, shape: Shape, at_ns: int) -> tuple[str, bytes]:
    called = order.is_call(number)
    beat_bpm = RESTING_BPM + number % BPM_SPREAD
    if shape is Shape.NATIVE:
        topic = f"lifeline/v1/{name}/{'call' if called else 'up'}"
        return topic, native(order.id(number), at_ns, None if called else beat_bpm)
    body = telemetry(order.id(number), name, at_ns, RACING_BPM if called else beat_bpm)
    return f"t/{name}", body


def native(message_id: str, at_ns: int, beat_bpm: int | None) -> bytes:
    """Give a native body: a reading, or a press when there is none; blanks fill it up."""
    at = datetime.fromtimestamp(at_ns / NS, UTC).isoformat(timespec="milliseconds")
    what = (
        '"activation":"pendant"'
        if beat_bpm is None
        else f'"vitals":{{"heart_rate_bpm":{beat_bpm}}}'
    )
    text = f'{{"id":"{message_id}","at":"{at[:-6]}Z",{what}'
    return text.ljust(BODY_BYTES - 1).encode() + b"}"


def telemetry(message_id: str, name: str, at_ns: int, beat_bpm: int) -> bytes:
    """Give the peers' body."""
    fields = {
        "id": message_id, "dev": name, "patient": name, "kind": "vital", "code": "hr",
        "value": float(beat_bpm), "unit": "bpm", "quality": 1, "battery": 87, "ts_ns": at_ns,
        "pad": "",
    }  # fmt: skip
    text = json.dumps(fields, separators=(",", ":"))
    return text[:-2].ljust(BODY_BYTES - 2, "x").encode() + b'"}'
