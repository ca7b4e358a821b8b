"""The stream of an oximeter that speaks Nonin's format 2: collected, ten seconds at a time. Pure.

Three packets a second are too many to keep one by one (DESIGN 7): what came within FOLD_S is
handed in as one Packet whose body holds them all, verbatim; its decoder makes one reading per vital
sign of it. A reading is thereby up to FOLD_S late. An oximeter that is switched off is silent, and
so is one whose speed was set wrong: both are found by supervision, as any device that falls silent.
"""

from datetime import datetime, timedelta

from devices.framing import BadFrame
from devices.links import nonin2
from devices.links.serial_link import Turn
from devices.model import Lane

FOLD_S = 10.0


class NoninStream:
    """One oximeter on one port; a SerialLink."""

    lane = Lane.VITALS

    def __init__(self, line: str, sender: str) -> None:
        self._line = line
        self._sender = sender
        self._framer = nonin2.NoninFramer()
        self._waiting: list[bytes] = []
        self._since: datetime | None = None
        self._open = False

    @property
    def answers(self) -> bool:
        """Whether the port is open: an oximeter is asked nothing."""
        return self._open

    def opened(self, now: datetime) -> Turn:
        """Begin anew."""
        del now
        self._framer = nonin2.NoninFramer()
        self._open = True
        return Turn()

    def receive(self, octets: bytes, now: datetime) -> Turn:
        """Take what a read gave; hand in what is ten seconds old or enough."""
        turns = [self.due(now)]
        found = self._framer.feed(octets)
        for one in found:
            if isinstance(one, BadFrame):
                continue
            self._since = self._since or now
            self._waiting.append(one)
            if len(self._waiting) >= nonin2.MAX_PACKETS:
                turns.append(self._fold(now))
        return Turn(
            packets=tuple(packet for turn in turns for packet in turn.packets),
            garbled=sum(isinstance(one, BadFrame) for one in found),
        )

    def due(self, now: datetime) -> Turn:
        """Hand in what was collected, when its time is over."""
        if self._since is None or now - self._since < timedelta(seconds=FOLD_S):
            return Turn()
        return self._fold(now)

    def closed(self, now: datetime) -> Turn:
        """Hand in what was collected: it is not known when more will come."""
        self._open = False
        return self._fold(now) if self._waiting else Turn()

    def _fold(self, now: datetime) -> Turn:
        packets, self._waiting, self._since = self._waiting, [], None
        packet = nonin2.unwrap(packets, line=self._line, sender=self._sender, received_at=now)
        return Turn(packets=(packet,))
