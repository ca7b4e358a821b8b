"""The socket's side of a session: one write for many answers, reading that can be paused."""

import asyncio
import contextlib
import socket
from enum import StrEnum

KEEP_IDLE_S = 60
KEEP_INTERVAL_S = 15
KEEP_PROBES = 4
UNACKNOWLEDGED_MS = 60_000


class Pause(StrEnum):
    """Why a connection is not read just now."""

    DECIDING = "deciding"
    LANE_FULL = "lane_full"
    IN_FLIGHT = "in_flight"
    DEVICE_NOT_READING = "device_not_reading"
    STOPPING = "stopping"


class Wire:
    """A transport with a buffer in front of it and a list of reasons not to read."""

    def __init__(self, transport: asyncio.Transport) -> None:
        """Send small packets at once and find dead peers."""
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._out: list[bytes] = []
        self._pauses: set[Pause] = set()
        self._abort_timer: asyncio.TimerHandle | None = None
        _prepare(transport.get_extra_info("socket"))

    @property
    def source(self) -> str:
        """The peer's network address."""
        peer = self._transport.get_extra_info("peername")
        return str(peer[0]) if isinstance(peer, tuple) else ""

    @property
    def tls(self) -> object:
        """The TLS object, None on a plain connection."""
        return self._transport.get_extra_info("ssl_object")

    def write(self, octets: bytes) -> None:
        """Write with everything else that this turn of the loop brings."""
        if not octets:
            return
        if not self._out:
            self._loop.call_soon(self.flush)
        self._out.append(octets)

    def write_now(self, octets: bytes) -> None:
        """Write at once, behind what has gathered."""
        if octets:
            self._out.append(octets)
            self.flush()

    def flush(self) -> None:
        """Write what has gathered."""
        if self._out and not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def close(self, within_s: float) -> None:
        """Write what has gathered, then close; cut the line when the peer does not read it."""
        self.flush()
        if not self._transport.is_closing():
            self._transport.close()
            self._abort_timer = self._loop.call_later(within_s, self._transport.abort)

    def abort(self) -> None:
        """Cut the line."""
        self._transport.abort()

    def lost(self) -> None:
        """Take note that the line is gone."""
        self._out.clear()
        if self._abort_timer is not None:
            self._abort_timer.cancel()

    def pause(self, why: Pause) -> bool:
        """Stop reading; False when it was paused for this already."""
        if why in self._pauses:
            return False
        if not self._pauses and not self._transport.is_closing():
            self._transport.pause_reading()
        self._pauses.add(why)
        return True

    def is_paused_for(self, why: Pause) -> bool:
        """Say whether this is a reason not to read just now."""
        return why in self._pauses

    def resume(self, why: Pause) -> None:
        """Take one reason away; read again when it was the last."""
        self._pauses.discard(why)
        if not self._pauses and not self._transport.is_closing():
            self._transport.resume_reading()

    @property
    def paused_by_us(self) -> bool:
        """Whether it is our doing that the device is not heard."""
        return bool(self._pauses - {Pause.DEVICE_NOT_READING})


def _prepare(sock: socket.socket | None) -> None:
    if sock is None:
        return
    options = [
        (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.IPPROTO_TCP, "TCP_KEEPIDLE", KEEP_IDLE_S),
        (socket.IPPROTO_TCP, "TCP_KEEPINTVL", KEEP_INTERVAL_S),
        (socket.IPPROTO_TCP, "TCP_KEEPCNT", KEEP_PROBES),
        (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", UNACKNOWLEDGED_MS),
    ]
    for level, name, value in options:
        option = getattr(socket, name, None)
        if option is not None:
            with contextlib.suppress(OSError):  # a peer that is gone already
                sock.setsockopt(level, option, value)
