"""From a Packet to its Signals: find the device family, ask it. Pure.

A family is a file in devices/catalogue with two names, `DEVICE` (a Family) and `decode`. Being in
the folder registers it: `families()` walks the folder once, the caller keeps what it returns.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Protocol, cast

import msgspec

from devices import catalogue
from devices.errors import Corrupt, DecodeError, NotMine, Unknown
from devices.model import Packet, Signal


class Decoded(msgspec.Struct, frozen=True):
    """What one packet said, and beside it what in it could not be used.

    `signals` is empty when the message is understood and means nothing to us. `errors` stand only
    beside a message that was understood in part: when nothing good is left the first one is raised.
    """

    signals: tuple[Signal, ...]
    errors: tuple[Corrupt | Unknown, ...] = ()


class Family(msgspec.Struct, frozen=True):
    """What a device family is.

    Attributes:
        link: The wire protocol it speaks.
        name: For people.
        source: The document its decoder follows: name, version, section.
    """

    link: str
    name: str
    source: str


class FamilyModule(Protocol):
    """A file of devices/catalogue."""

    DEVICE: Family

    def decode(self, packet: Packet) -> Decoded:
        """Read one packet; raises NotMine, Corrupt or Unknown."""


Families = Mapping[str, tuple[FamilyModule, ...]]


def families() -> Families:
    """Find all device families, by link, in the order of their file names.

    Imports every file of devices/catalogue; call it once at start and keep the result.

    Raises:
        TypeError: when a file there lacks `DEVICE` or `decode`.
    """
    found: dict[str, tuple[FamilyModule, ...]] = {}
    for info in sorted(pkgutil.iter_modules(catalogue.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{catalogue.__name__}.{info.name}")
        device = getattr(module, "DEVICE", None)
        if not isinstance(device, Family) or not callable(getattr(module, "decode", None)):
            msg = f"devices/catalogue/{info.name}.py lacks DEVICE or decode, expected both"
            raise TypeError(msg)
        found[device.link] = (*found.get(device.link, ()), cast("FamilyModule", module))
    return found


def decode(packet: Packet, known: Families) -> Decoded:
    """Ask the families of the packet's link in turn; the first one whose message it is answers.

    Raises:
        NotMine: no family speaks this link, or none of them knows the message as its own.
        Corrupt: it is theirs, but broken.
        Unknown: it is intact, but its meaning is not known.
    """
    refusals: list[str] = []
    for family in known.get(packet.link, ()):
        try:
            return family.decode(packet)
        except NotMine as error:
            refusals.append(str(error))
    msg = "; ".join(refusals) or f"link {packet.link!r}, expected one of {sorted(known)}"
    raise NotMine(msg)


def error_json(error: DecodeError) -> dict[str, str]:
    """Give an error as INTERFACES 5 prints it."""
    return {"error": error.word, "message": str(error)}
