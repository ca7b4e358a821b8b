"""Nonin serial data format 2: what streams from an oximeter, 9600 baud 8N1 (PROTOCOLS 5.1).

```
frame    | 01 | status | pleth | value | sum of the first four, low byte |     75 a second
packet   | frame 1 with SYNC | frames 2 to 25 without |                        3 a second
status     7: always 1   6: sensor disconnected   5: artefact   4: out of track
           3: sensor alarm, data unusable         2..1: perfusion               0: SYNC
```
What `value` means depends on the frame's place: devices/catalogue/nonin2.py. A packet begins like
the synthetic one of PROTOCOLS 5.1: `01 81 01 00 83  01 80 01 48 ca  01 80 01 61 e3 ...`

Theory of operation: 01 is also an ordinary pleth or value byte, so it marks nothing. A packet is
25 good frames in a row, SYNC in the first alone, looked for at every byte. Only a packet as a
whole takes bytes out of the stream, so nothing broken can take a good packet's first bytes along.
What begins in the midst of a frame passes for none: the byte in the status' place lacks bit 7, or
25 values in a row would have to be 1, some of which are always 0.
"""

from collections.abc import Sequence
from datetime import datetime

from devices.framing import BadFrame
from devices.model import Packet

LINK = "nonin-2"
BAUD = 9_600
FRAME_BYTES = 5
PACKET_FRAMES = 25
PACKET_BYTES = FRAME_BYTES * PACKET_FRAMES
MAX_PACKETS = 64
"""In one Packet: twice what ten seconds bring."""

MARK = 0x01
ALWAYS = 0x80
SYNC = 0x01


class NoninFramer:
    """Cut packets of 125 bytes out of a byte stream; holds back up to 124 bytes."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending_bytes(self) -> int:
        """How many bytes of an unfinished packet are held back."""
        return len(self._buffer)

    def feed(self, octets: bytes) -> list[bytes | BadFrame]:
        """Take what a read gave; answer the packets it completes, then what lay between them."""
        self._buffer += octets
        packets: list[bytes | BadFrame] = []
        at = lost = 0
        while at < len(self._buffer):
            good = good_bytes(self._buffer, at)
            if good == PACKET_BYTES:
                packets.append(bytes(self._buffer[at : at + PACKET_BYTES]))
                at += PACKET_BYTES
            elif at + good == len(self._buffer):
                break
            else:
                at += 1
                lost += 1
        del self._buffer[:at]
        if lost:
            message = f"{lost} bytes outside of packets, expected {PACKET_FRAMES} good frames a row"
            packets.append(BadFrame(message, too_long=False))
        return packets


def good_bytes(octets: bytes | bytearray, at: int) -> int:
    """Give how many bytes from a place on may belong to one packet: 125 when all of it is there.

    Ends at the end of the bytes, or before the first frame that is none.
    """
    good = 0
    while good < PACKET_BYTES:
        frame = octets[at + good : at + good + FRAME_BYTES]
        if not _may_be_frame(frame, first=good == 0):
            return good
        good += len(frame)
        if len(frame) < FRAME_BYTES:
            return good
    return good


def _may_be_frame(frame: bytes | bytearray, *, first: bool) -> bool:
    """Say whether these bytes, up to five, can begin a frame."""
    if frame[:1] not in (b"\x01", b""):
        return False
    if len(frame) > 1 and (frame[1] & ALWAYS == 0 or (frame[1] & SYNC == SYNC) is not first):
        return False
    return len(frame) < FRAME_BYTES or sum(frame[:-1]) & 0xFF == frame[-1]


def unwrap(packets: Sequence[bytes], *, line: str, sender: str, received_at: datetime) -> Packet:
    """Make a Packet of one packet of the stream, or of several in a row; never fails.

    Args:
        sender: The name the oximeter is enrolled under: it says none itself.
    """
    return Packet(
        link=LINK,
        line=line,
        sender=sender,
        key="",
        body=b"".join(packets),
        received_at=received_at,
    )
