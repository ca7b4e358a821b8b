"""Alarm devices heard through an RFXtrx433: Security1 packets (PROTOCOLS 5.3).

```
| 08 | 20 | subtype | sequence | id 3 bytes | status | rssi 4 bits, battery 4 bits |
subtype  00 X10 contact       01 X10 motion        02 X10 remote (panic key)   03 KD101 smoke
         04 Visonic contact   05 Visonic motion    06 Visonic remote           07 Visonic contact 2
         08 Meiantech         09 Alecto SA30 smoke 0A RM174RF smoke
status   00 normal   02 alarm   04 motion   05 no motion   06 panic   07 end panic   08 infrared
         09..0d arming   10..15 lights, darkness   16 battery low   17 pairing
         01, 03: 00, 02 with a delay   80..85: 00..05, and the case is open (tamper)
battery  0 (empty) to 9; not of smoke subtypes       rssi  strength, 0 (weak) to 15; unused here
```
A real one (pyRFXtrx 258ff8d, tests/test_security.py): `08 20 00 4d d3dc54 00 89`: id d3dc54, number
77, normal, battery 9. Words of subtypes and statuses: the same, lowlevel.py; that subtype 00 is a
door or window contact is not confirmed there. No checksum: see devices/links/rfxtrx.py.

Motion calls nobody: it shows that the sensor lives. An alarm of a device whose alarm has no meaning
of its own (remote, Meiantech) is `unknown`, and `unknown` rings.
"""

from collections.abc import Iterable

from devices.decoding import Decoded, Family
from devices.errors import Corrupt, NotMine, Unknown
from devices.links.rfxtrx import LINK, MIN_LENGTH, RECEIVER, SECURITY1, SECURITY1_BYTES, SUBTYPES
from devices.model import (
    Activation,
    ActivationKind,
    Packet,
    Phase,
    Signal,
    Status,
    StatusKind,
    StatusState,
)

DEVICE = Family(LINK, "RFXtrx433 Security1: panic, smoke, contacts, motion", "PROTOCOLS.md 5.3")

BATTERY_LOW = 2
TAMPER = 0x80
BATTERY_LOW_STATUS = 0x16

SMOKE = frozenset({0x03, 0x09, 0x0A})
REMOTES = frozenset({0x02, 0x06})
ALARMS = {
    **dict.fromkeys((0x00, 0x04, 0x07), ActivationKind.DOOR),
    **dict.fromkeys((0x01, 0x05), ActivationKind.INTRUDER),
    **dict.fromkeys(SMOKE, ActivationKind.SMOKE),
}
"""What the alarm of a subtype is; others: unknown."""

NORMAL = frozenset({0x00, 0x01})
ALARM = frozenset({0x02, 0x03})
PANIC = 0x06
END_PANIC = 0x07
STATES = range(0x06)
"""Statuses that say how the sensor is; only they can carry tamper."""
SILENT = frozenset({0x04, 0x05, *range(0x09, 0x0E), *range(0x10, 0x18)})
"""Motion, arming, lights, battery, pairing: understood, and no call."""


def decode(packet: Packet) -> Decoded:
    """Read one frame.

    Raises:
        NotMine: another link.
        Corrupt: the length byte does not fit.
        Unknown: another type, subtype or status, and nothing else in it.
    """
    body = packet.body
    if packet.link != LINK:
        raise NotMine(f"link {packet.link!r}, expected {LINK!r}")
    if len(body) <= MIN_LENGTH or len(body) != body[0] + 1:
        raise Corrupt(f"{len(body)} bytes, expected as many as byte 1 says and one more, 5 or more")
    if body[1] in RECEIVER:
        return Decoded(())
    if body[1] != SECURITY1 or body[2] not in SUBTYPES:
        found = f"type {body[1]:02x}, subtype {body[2]:02x}"
        raise Unknown(f"{found}, expected type 20, subtype 00 to {SUBTYPES[-1]:02x}")
    if len(body) != SECURITY1_BYTES:
        raise Corrupt(f"type 20 of {len(body)} bytes, expected {SECURITY1_BYTES}")
    return _security(body[2], body[4:7].hex(), body[7], body[8] & 0x0F)


def _security(subtype: int, device: str, status: int, level: int) -> Decoded:
    signals: list[Signal] = [
        *_activation(subtype, device, status),
        *_tamper(subtype, device, status),
        *_battery(subtype, device, status, level),
    ]
    if _is_known(status):
        return Decoded(tuple(signals))
    error = Unknown(f"status {status:02x}, expected one of the picture in devices/catalogue")
    if not signals:
        raise error
    return Decoded(tuple(signals), (error,))


def _is_known(status: int) -> bool:
    plain = status & ~TAMPER
    if status & TAMPER:
        return plain in STATES
    return plain in STATES or plain in (PANIC, END_PANIC) or plain in SILENT


def _activation(subtype: int, device: str, status: int) -> Iterable[Activation]:
    """Give the call, or its end."""
    alarm = ALARMS.get(subtype, ActivationKind.UNKNOWN)
    panic = ActivationKind.SMOKE if subtype in SMOKE else ActivationKind.PANIC
    plain = status & ~TAMPER
    what, phase = alarm, Phase.START
    if plain in NORMAL and subtype in ALARMS:
        phase = Phase.END
    elif plain in (PANIC, END_PANIC):
        what, phase = panic, Phase.START if plain == PANIC else Phase.END
    elif plain not in ALARM:
        return
    yield Activation(device, what, phase=phase, code=f"{status:02x}")


def _tamper(subtype: int, device: str, status: int) -> Iterable[Status]:
    """Give the state of the case, of subtypes that report it with every state."""
    is_open = bool(status & TAMPER)
    if status & ~TAMPER not in STATES or (subtype in SMOKE | REMOTES and not is_open):
        return
    state = StatusState.FAULT if is_open else StatusState.RESTORED
    yield Status(device, StatusKind.TAMPER, state, code=f"{status:02x}")


def _battery(subtype: int, device: str, status: int, level: int) -> Iterable[Status]:
    """Give the battery's state; a smoke detector's only when it says that it is low."""
    said_low = status == BATTERY_LOW_STATUS
    if subtype in SMOKE:
        if said_low:
            yield Status(device, StatusKind.BATTERY, StatusState.LOW, code=f"{status:02x}")
        return
    state = StatusState.LOW if said_low or level <= BATTERY_LOW else StatusState.OK
    yield Status(device, StatusKind.BATTERY, state, float(level), code=str(level))
