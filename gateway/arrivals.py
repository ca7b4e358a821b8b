"""A message on its way in: bytes understood as far as they can be, before any transaction."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec

from devices.decoding import Families, decode
from devices.errors import DecodeError
from devices.links import native, rfxtrx
from devices.model import Lane, Packet, Signal, lane_of
from gateway import metrics


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """The answer to one message, given after its commit; `receipt` is the sender's own id."""

    result: Literal["stored", "refused"]
    receipt: str | None = None
    reason: str | None = None
    repeat: bool = False


REFUSED = "refused_by_database"

Done = Callable[[Verdict], None]


@dataclass(slots=True)
class Arrival:
    """One message, what it says, and whom to tell after the commit.

    `problem` names why it could not be (wholly) read: `corrupt: …`, `unknown: …`; the message is
    kept as evidence all the same. `isolated` messages get a case of their own, because the one
    they belong to cannot be decided: an operator sees them as an unknown caller.
    """

    packet: Packet
    signals: tuple[Signal, ...]
    lane: Lane
    digest: bytes
    done: Done
    fault: str | None = None
    problem: str | None = None
    press_shaped: bool = False
    isolated: bool = False

    @property
    def key(self) -> str:
        """The repeat key; a message without one is never a repeat, because a press may be alike."""
        packet = self.packet
        return packet.key or f"@{packet.received_at.isoformat()}/{packet.peer or ''}"


def understand(packet: Packet, families: Families, done: Done) -> Arrival:
    """Read a message; whatever is wrong with it, it becomes an Arrival."""
    signals: tuple[Signal, ...] = ()
    fault = problem = None
    try:
        decoded = decode(packet, families)
        signals = decoded.signals
        if decoded.errors:
            fault = decoded.errors[0].word
            problem = f"{fault}: {decoded.errors[0]}"
    except DecodeError as error:
        fault, problem = error.word, f"{error.word}: {error}"
    except Exception as error:  # noqa: BLE001 - a decoder that breaks must not lose the message
        fault, problem = "decoder_failed", f"decoder failed: {type(error).__name__}"
    lane, press_shaped = lane_of(signals), False
    if fault is not None:
        press_shaped = lane is not Lane.ALARM and native.looks_like_call(packet)
        lane = Lane.ALARM
        metrics.faults.labels(link=packet.link, fault=fault).inc()
    return Arrival(
        packet=packet,
        signals=signals,
        lane=lane,
        digest=_digest(packet),
        done=done,
        fault=fault,
        problem=problem,
        press_shaped=press_shaped,
    )


def _digest(packet: Packet) -> bytes:
    if packet.link == native.LINK:
        return native.digest(packet)
    if packet.link == rfxtrx.LINK:
        return rfxtrx.digest(packet)
    return hashlib.sha256(packet.body).digest()


def poisoned(arrival: Arrival, problem: str) -> Arrival:
    """Give the same message as bytes and a fault only; the second time also in a case of its own.

    The first is for content that the database refuses, the second for a case that cannot be
    decided whatever comes to it.
    """
    packet = arrival.packet
    return Arrival(
        packet=packet,
        signals=(),
        lane=Lane.ALARM,
        digest=arrival.digest,
        done=arrival.done,
        fault=REFUSED,
        problem=problem,
        press_shaped=arrival.press_shaped or arrival.lane is Lane.ALARM,
        isolated=arrival.fault == REFUSED,
    )
