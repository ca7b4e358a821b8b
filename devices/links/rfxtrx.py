"""RFXtrx433: what its USB serial port carries, 38400 baud 8N1 (PROTOCOLS 5.3).

```
| length | type | subtype | sequence number | length - 3 bytes, by type |
```
length: bytes after itself. type 20: Security1 (devices/catalogue/rfxtrx.py), 01 and 02: messages
of the receiver itself, others: weather sensors, plugs and the like of a whole neighbourhood.
A real one (pyRFXtrx 258ff8d, tests/test_security.py): `08 20 00 4d d3dc54 00 89`.

Theory of operation: nothing closes a frame, neither a checksum nor a mark. That length, type and
subtype are plausible is all there is to tell a frame from noise, and noise can be a frame. So:

* Every position at which a Security1 frame or an answer of the receiver could begin gives a frame,
  also inside another one. A good frame is thereby never lost behind a cut or a false one; the price
  is a false frame now and then. `Packet.integrity` is False for that: only an enrolled sender's
  frame may call (ADR 0004).
* Frames of other types are looked for outside of frames only: none of them means anything to us.
"""

import hashlib
from datetime import datetime

from devices.framing import BadFrame
from devices.model import Packet

LINK = "rfxtrx"
BAUD = 38_400
SECURITY1 = 0x20
SECURITY1_BYTES = 9
SUBTYPES = range(0x0B)
RECEIVER = frozenset({0x01, 0x02})
"""Types of the receiver's own messages: answers to commands, and that it has sent."""

MIN_LENGTH = 4
MAX_LENGTH = 40
"""Bytes after the length byte; the largest of any type is not confirmed, 40 is above all seen."""
TYPES = RECEIVER | {
    0x03, 0x09, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D,
    0x1E, 0x1F, 0x20, 0x21, 0x28, 0x30, 0x31, 0x40, 0x41, 0x42, 0x43, 0x48, 0x4E, 0x4F, 0x50, 0x51,
    0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x5B, 0x5C, 0x5D, 0x5E, 0x5F, 0x60, 0x70,
    0x71, 0x72, 0x73, 0x76, 0x7F,
}  # fmt: skip
"""Types that exist as far as public decoders show; not confirmed against the maker's document."""

REPEAT_WINDOW_S = 60
"""A key names its burst of radio repeats (rfxtrx_receiver.py), so it is never used again."""

_STRONG_HEADS = {0x08: (SECURITY1, SUBTYPES), 0x0D: (0x01, range(1)), 0x14: (0x01, range(1))}
_NO_HEADER = 0
_UNDECIDED = -1


class RfxtrxFramer:
    """Cut RFXtrx frames, length byte included, out of a byte stream; holds back up to 40 bytes."""

    __slots__ = ("_buffer", "_covered", "_given")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._covered = 0
        self._given: set[int] = set()

    @property
    def pending_bytes(self) -> int:
        """How many bytes of an unfinished frame are held back."""
        return max(0, len(self._buffer) - self._covered)

    def feed(self, octets: bytes) -> list[bytes | BadFrame]:
        """Take what a read gave; answer the frames it completes, then what lay between them."""
        self._buffer += octets
        end = len(self._buffer)
        frames: list[bytes | BadFrame] = []
        held, span, garbage = end, self._covered, 0
        for at in range(end):
            size = _strong(self._buffer, at)
            if size == _NO_HEADER and at >= span:
                size = _weak(self._buffer, at)
            if size == _NO_HEADER:
                garbage += at >= span and held == end
            elif size == _UNDECIDED or at + size > end:
                held = min(held, at)
                span = max(span, at + size)
            else:
                span = max(span, at + size)
                self._covered = max(self._covered, at + size)
                if at not in self._given:
                    self._given.add(at)
                    frames.append(bytes(self._buffer[at : at + size]))
        self._forget(held)
        if garbage:
            message = f"{garbage} bytes that begin no frame, expected a length and a known type"
            frames.append(BadFrame(message, too_long=False))
        return frames

    def _forget(self, count: int) -> None:
        del self._buffer[:count]
        self._covered = max(0, self._covered - count)
        self._given = {at - count for at in self._given if at >= count}


def _strong(buffer: bytes | bytearray, at: int) -> int:
    """Give the size of a frame that matters, if one could begin here."""
    head = _STRONG_HEADS.get(buffer[at])
    if head is None:
        return _NO_HEADER
    kind, subtypes = head
    if at + 1 < len(buffer) and buffer[at + 1] != kind:
        return _NO_HEADER
    if at + 2 < len(buffer):
        return buffer[at] + 1 if buffer[at + 2] in subtypes else _NO_HEADER
    return _UNDECIDED


def _weak(buffer: bytearray, at: int) -> int:
    """Give the size of a frame of any known type, if one could begin here."""
    if not MIN_LENGTH <= buffer[at] <= MAX_LENGTH:
        return _NO_HEADER
    if at + 1 == len(buffer):
        return _UNDECIDED
    return buffer[at] + 1 if buffer[at + 1] in TYPES else _NO_HEADER


def is_security(frame: bytes) -> bool:
    """Say whether a frame is one that a person's device sent."""
    return len(frame) == SECURITY1_BYTES and frame[1] == SECURITY1


def is_strong(frame: bytes) -> bool:
    """Say whether a frame is Security1 or an answer of the receiver: what noise seldom makes."""
    return _strong(frame, 0) == len(frame)


def sender_of(frame: bytes) -> str:
    """Give the device's id, six digits of lower-case hex; "" for frames that are not Security1."""
    return frame[4:7].hex() if is_security(frame) else ""


def unwrap(frame: bytes, *, line: str, received_at: datetime, key: str = "") -> Packet:
    """Make a Packet of a frame; never fails. `key` names the burst it belongs to."""
    return Packet(
        link=LINK,
        line=line,
        sender=sender_of(frame),
        key=key,
        body=frame,
        received_at=received_at,
        repeat_window_s=REPEAT_WINDOW_S,
        integrity=False,
    )


def digest(packet: Packet) -> bytes:
    """Give SHA-256 over what was said: type, subtype, id and status.

    The sequence number is the receiver's own and the last byte holds the signal's strength: both
    differ between the radio repeats of one press.
    """
    return hashlib.sha256(packet.body[1:3] + packet.body[4:8]).digest()
