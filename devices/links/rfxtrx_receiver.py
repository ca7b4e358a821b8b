"""The conversation with an RFXtrx433: wake it, ask whether it lives, take what it hears. Pure.

    opened ----> reset; after RESET_S: get status, start receiving
    a frame that matters -> it answers; after QUIET_S without one: get status
    asked, nothing for ANSWER_S -> it does not answer; from then on reset and ask, over and over

Source of the commands: PROTOCOLS 5.3 (reset, get status) and pyRFXtrx 258ff8d (start receiving);
how long a reset takes, and that asking again does no harm, are not confirmed.

A remote sends one press several times within a second. What an id says again within BURST_S, with
nothing else in between, has the same key and is a repeat; the oldest ids are forgotten first.
"""

from datetime import datetime, timedelta

from devices.framing import BadFrame
from devices.links import rfxtrx
from devices.links.serial_link import Turn
from devices.model import Lane, Packet

RESET = bytes.fromhex("0d00000000") + bytes(9)
GET_STATUS = bytes.fromhex("0d00000102") + bytes(9)
START = bytes.fromhex("0d00000307") + bytes(9)

RESET_S = 0.5
ANSWER_S = 3.0
QUIET_S = 60.0
BURST_S = 2.0
MAX_BURSTS = 1_000


class RfxtrxReceiver:
    """One RFXtrx433 on one port; a SerialLink."""

    lane = Lane.ALARM

    def __init__(self, line: str) -> None:
        self._line = line
        self._framer = rfxtrx.RfxtrxFramer()
        self._bursts: dict[str, tuple[bytes, datetime]] = {}
        self._answers = False
        self._started = False
        self._ask_at: datetime | None = None
        self._answer_by: datetime | None = None

    @property
    def answers(self) -> bool:
        """Whether a frame came since the port was opened or it was last asked in vain.

        Frames that noise makes easily (other types) do not count.
        """
        return self._answers

    def opened(self, now: datetime) -> Turn:
        """Begin anew with a reset."""
        self._framer = rfxtrx.RfxtrxFramer()
        self._answers = False
        return self._reset(now)

    def receive(self, octets: bytes, now: datetime) -> Turn:
        """Take what a read gave: Security1 frames become Packets, others are counted."""
        found = self._framer.feed(octets)
        frames = [one for one in found if not isinstance(one, BadFrame)]
        if any(rfxtrx.is_strong(one) for one in frames):
            self._answers = True
            self._answer_by = None
            if self._started:
                self._ask_at = now + timedelta(seconds=QUIET_S)
        packets = tuple(self._packet(one, now) for one in frames if rfxtrx.is_security(one))
        return Turn(
            packets=packets,
            ignored=len(frames) - len(packets),
            garbled=len(found) - len(frames),
        )

    def due(self, now: datetime) -> Turn:
        """Ask what is due to be asked, and give up on what was not answered."""
        if self._answer_by is not None and now >= self._answer_by:
            self._answers = False
            return self._reset(now)
        if self._ask_at is None or now < self._ask_at:
            return Turn()
        self._ask_at = now + timedelta(seconds=QUIET_S)
        self._answer_by = now + timedelta(seconds=ANSWER_S)
        started, self._started = self._started, True
        return Turn(send=GET_STATUS if started else GET_STATUS + START)

    def closed(self, now: datetime) -> Turn:
        """Nothing is held back but half a frame."""
        del now
        self._answers = False
        self._ask_at = self._answer_by = None
        return Turn()

    def _reset(self, now: datetime) -> Turn:
        self._ask_at = now + timedelta(seconds=RESET_S)
        self._answer_by = None
        self._started = False
        return Turn(send=RESET)

    def _packet(self, frame: bytes, now: datetime) -> Packet:
        sender = rfxtrx.sender_of(frame)
        said = frame[2:3] + frame[7:8]
        before, since = self._bursts.get(sender, (b"", now))
        if before != said or now - since > timedelta(seconds=BURST_S):
            self._bursts.pop(sender, None)
            if len(self._bursts) >= MAX_BURSTS:
                del self._bursts[next(iter(self._bursts))]
            self._bursts[sender] = (said, now)
            since = now
        key = f"{sender}/{said.hex()}/{since.isoformat()}"
        return rfxtrx.unwrap(frame, line=self._line, received_at=now, key=key)
