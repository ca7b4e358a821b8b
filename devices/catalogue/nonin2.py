"""Oximeters that stream Nonin data format 2: Xpod and its like (PROTOCOLS 5.1).

```
frame 1   bits 1..0: heart rate bits 8..7    | 0000 00hh |   bpm, mean of 4 beats; 511 is missing
frame 2   bits 6..0: heart rate bits 6..0    | 0hhh hhhh |
frame 3   oxygen saturation                  | 0sss ssss |   %, mean of 4 beats; 127 is missing
frame 8   STAT2: bit 5 SmartPoint, bit 0 low battery
```
The other frames hold the firmware's revision, a timer, and the same two figures averaged otherwise.
The frame itself: devices/links/nonin2.py. Synthetic packet of PROTOCOLS 5.1: 00 48 61 30 is a heart
rate of 72 and a saturation of 97 %.

One packet gives the two readings. A body of several packets (ten seconds of the stream) gives one
of each: the mean of the good ones, rounded half up, with their extremes; of the artefacts only when
there is no good one. A fold says the battery's state either way, so that a low one can end.
"""

from collections.abc import Iterable

import msgspec

from devices.decoding import Decoded, Family
from devices.errors import Corrupt, NotMine
from devices.links.nonin2 import FRAME_BYTES, LINK, MAX_PACKETS, PACKET_BYTES, good_bytes
from devices.model import (
    Measurement,
    Packet,
    Quality,
    Signal,
    Status,
    StatusKind,
    StatusState,
    VitalCode,
)

DEVICE = Family(LINK, "oximeters with Nonin data format 2", "PROTOCOLS.md section 5.1")

HEART_RATE_MISSING = 511
SPO2_MISSING = 127
HIGHEST = {VitalCode.SPO2: 100, VitalCode.HEART_RATE: 350}
"""As devices/vital_ranges.py; every value is at least 0."""

USELESS = 0b0100_1000
"""Sensor disconnected, or sensor alarm: INTERFACES 5, no signal."""
DOUBTFUL = 0b0011_0000
"""Artefact, or out of track: INTERFACES 5, artefact."""
LOW_BATTERY = 0b0000_0001


class _Reading(msgspec.Struct, frozen=True):
    code: VitalCode
    value: int
    quality: Quality


def decode(packet: Packet) -> Decoded:
    """Read one packet of the stream, or several as one reading each.

    Raises:
        NotMine: another link.
        Corrupt: not 1 to 64 whole packets, or nothing but values no body has.
    """
    if packet.link != LINK:
        raise NotMine(f"link {packet.link!r}, expected {LINK!r}")
    size = len(packet.body)
    count, rest = divmod(size, PACKET_BYTES)
    if rest or not 1 <= count <= MAX_PACKETS:
        raise Corrupt(f"{size} bytes, expected 1 to {MAX_PACKETS} packets of {PACKET_BYTES}")
    parts = [packet.body[at : at + PACKET_BYTES] for at in range(0, size, PACKET_BYTES)]
    for number, part in enumerate(parts):
        if (good := good_bytes(part, 0)) != PACKET_BYTES:
            raise Corrupt(f"packet {number + 1}: {good} good bytes, expected {PACKET_BYTES}")
    readings = [reading for part in parts for reading in _readings(part)]
    good_ones = [one for one in readings if one.value <= HIGHEST[one.code]]
    signals: list[Signal] = [*_measurements(good_ones, folded=count > 1), *_battery(parts)]
    errors = tuple(
        Corrupt(f"{one.code.value}: {one.value}, expected at most {HIGHEST[one.code]}")
        for one in readings
        if one.value > HIGHEST[one.code]
    )
    if errors and not signals:
        raise errors[0]
    return Decoded(tuple(signals), errors)


def _readings(part: bytes) -> Iterable[_Reading]:
    """Give what one packet says; nothing when its sensor measures nobody."""
    status = 0
    for at in range(1, PACKET_BYTES, FRAME_BYTES):
        status |= part[at]
    if status & USELESS:
        return
    quality = Quality.ARTEFACT if status & DOUBTFUL else Quality.OK
    spo2 = _value(part, 2) & 0x7F
    heart_rate = (_value(part, 0) & 0b11) << 7 | _value(part, 1) & 0x7F
    if spo2 != SPO2_MISSING:
        yield _Reading(VitalCode.SPO2, spo2, quality)
    if heart_rate != HEART_RATE_MISSING:
        yield _Reading(VitalCode.HEART_RATE, heart_rate, quality)


def _value(part: bytes, index: int) -> int:
    """Give the value byte of a frame, counted from 0 as in PROTOCOLS 5.1."""
    return part[index * FRAME_BYTES + 3]


def _measurements(readings: list[_Reading], *, folded: bool) -> Iterable[Measurement]:
    """Make one reading of many, per code, of the best quality there is."""
    for code in HIGHEST:
        for quality in (Quality.OK, Quality.ARTEFACT):
            found = [r.value for r in readings if r.code is code and r.quality is quality]
            if found:
                mean = (2 * sum(found) + len(found)) // (2 * len(found))
                lowest, highest = (min(found), max(found)) if folded else (None, None)
                yield Measurement(None, code, mean, quality, lowest=lowest, highest=highest)
                break


def _battery(parts: list[bytes]) -> Iterable[Status]:
    """Say that the battery is low, or in a fold that it is not."""
    said = [_value(part, 7) for part in parts]
    low = [stat for stat in said if stat & LOW_BATTERY]
    if low:
        yield Status(None, StatusKind.BATTERY, StatusState.LOW, code=f"{low[-1]:02x}")
    elif len(said) > 1:
        yield Status(None, StatusKind.BATTERY, StatusState.OK, code=f"{said[-1]:02x}")
