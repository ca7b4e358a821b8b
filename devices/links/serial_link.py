"""What a listener on a serial port needs to know of the protocol behind it; pure.

A SerialLink is one conversation with what is plugged into one port. The listener opens the port
and calls `opened`, gives it what it reads (`receive`), calls `due` about once a second, and
`closed` when the port is gone. Each call answers a Turn: what to hand in, and what to write.
"""

from datetime import datetime
from typing import Protocol

import msgspec

from devices.model import Lane, Packet


class Turn(msgspec.Struct, frozen=True):
    """What follows from one call.

    Attributes:
        packets: To be handed in, in order.
        send: Bytes to be written to the port.
        ignored: Whole frames that are not for us, for counting.
        garbled: Runs of bytes that are no frame, for counting.
    """

    packets: tuple[Packet, ...] = ()
    send: bytes = b""
    ignored: int = 0
    garbled: int = 0


class SerialLink(Protocol):
    """One conversation; `now` is aware UTC and never goes back.

    Attributes:
        lane: The lane whose lack of room stops the reading.
    """

    lane: Lane

    @property
    def answers(self) -> bool:
        """Whether what is plugged in has shown that it works."""
        ...

    def opened(self, now: datetime) -> Turn:
        """Begin anew: the port has just been opened."""
        ...

    def receive(self, octets: bytes, now: datetime) -> Turn:
        """Take what a read gave."""
        ...

    def due(self, now: datetime) -> Turn:
        """Do what is due by now."""
        ...

    def closed(self, now: datetime) -> Turn:
        """Give what was still held back: the port is gone."""
        ...
