"""Where one frame ends and the next begins: bytes as they come, frames as they were sent.

A framer is fed whatever a read gave and answers the frames that are now complete, in order. It
never raises: a frame that cannot be cut out is a `BadFrame` in its place, so the good frames
before it are still handled. Each framer has a named limit on what it holds back, in bytes.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

FrameT = TypeVar("FrameT")

_LENGTH_BYTES_MAX = 4


class Framer(Protocol[FrameT]):
    """What every framer offers."""

    def feed(self, octets: bytes) -> "list[FrameT | BadFrame]":
        """Take what a read gave; answer the frames it completes, in order."""
        ...

    @property
    def pending_bytes(self) -> int:
        """How many bytes of an unfinished frame are held back."""
        ...


@dataclass(frozen=True, slots=True)
class BadFrame:
    """Bytes that cannot be framed; `too_long` says that a limit was hit, else they are garbled."""

    message: str
    too_long: bool


class MqttFrame(NamedTuple):
    """One MQTT control packet: the first byte (kind and flags) and what follows the length."""

    first: int
    body: bytes


class MqttFramer:
    """Cut MQTT control packets out of a TCP stream (OASIS MQTT 3.1.1 and 5.0, section 2.1 / 2.2).

    ```
    | kind 4 bits, flags 4 bits | remaining length, 1 to 4 bytes, 7 bits each | body |
    ```
    The top bit of a length byte says that another follows; low bits come first. A real PINGREQ:
    `c0 00`. After a `BadFrame` the stream has no known boundary any more: the framer stays deaf.

    Args:
        limit_bytes: largest whole packet, header included.
        first_limit_bytes: the same for the first packet, from a sender nobody knows yet.
    """

    __slots__ = ("_buffer", "_deaf", "_limit_bytes", "_need_bytes", "_next_limit_bytes")

    def __init__(self, limit_bytes: int, first_limit_bytes: int) -> None:
        self._limit_bytes = first_limit_bytes
        self._next_limit_bytes = limit_bytes
        self._buffer = bytearray()
        self._need_bytes = 0
        self._deaf = False

    @property
    def pending_bytes(self) -> int:
        """How many bytes of an unfinished packet are held back."""
        return len(self._buffer)

    def feed(self, octets: bytes) -> list[MqttFrame | BadFrame]:
        """Take what a read gave; answer the packets it completes, in order."""
        if self._deaf:
            return []
        if self._buffer:
            self._buffer += octets
            if len(self._buffer) < self._need_bytes:
                return []
            octets = bytes(self._buffer)
            self._buffer.clear()
        return self._cut(octets)

    def _cut(self, octets: bytes) -> list[MqttFrame | BadFrame]:
        frames: list[MqttFrame | BadFrame] = []
        at = 0
        end = len(octets)
        while at < end:
            body_at, length = _remaining_length(octets, at + 1, end)
            if length > self._limit_bytes - (body_at - at):
                self._deaf = True
                frames.append(_bad(length, body_at - at, self._limit_bytes))
                return frames
            if length < 0 or body_at + length > end:
                self._need_bytes = body_at + length - at if length >= 0 else 0
                self._buffer += octets[at:]
                return frames
            frames.append(MqttFrame(octets[at], octets[body_at : body_at + length]))
            self._limit_bytes = self._next_limit_bytes
            at = body_at + length
        return frames


_GARBLED = 1 << 28
_UNFINISHED = -1


def _remaining_length(octets: bytes, at: int, end: int) -> tuple[int, int]:
    """Where the body begins and its length; `_UNFINISHED` or `_GARBLED` in the length's place."""
    if at + 1 < end and octets[at + 1] < 0x80 <= octets[at]:  # as most packets that carry a message
        return at + 2, octets[at] & 0x7F | octets[at + 1] << 7
    length = shift = 0
    for octet in octets[at : at + _LENGTH_BYTES_MAX]:
        at += 1
        length |= (octet & 0x7F) << shift
        if octet < 0x80:
            return at, length
        shift += 7
    return at, _GARBLED if shift == 7 * _LENGTH_BYTES_MAX else _UNFINISHED


def _bad(length: int, header_bytes: int, limit_bytes: int) -> BadFrame:
    if length == _GARBLED:
        return BadFrame("remaining length of more than 4 bytes, expected at most 4", too_long=False)
    total = length + header_bytes
    return BadFrame(f"packet of {total} bytes, expected at most {limit_bytes}", too_long=True)
