"""One serial port: opened, read, framed, handed in; opened again whenever it comes back.

Thin: what the bytes mean, which commands wake the receiver and what is a repeat, the link decides
(devices/links/serial_link.py). pyserial sets the line's speed and keeps a second program off the
port; bytes are read and written on its descriptor, because its own calls use select(), which ends
at 1,024 descriptors, and a gateway with many devices has more.

The event loop watches the descriptor; there is no thread. Not to read is then all that
back-pressure needs, a stop interrupts nothing half done, and what a read gave is handed in before
anything else happens. Only opening, which a driver may draw out, runs beside the loop.

A port is gone when reading fails, when it reads as ended, or when its path leads elsewhere; it is
tried again every REOPEN_S. This link delivers weakly: a radio device or an oximeter gets no
acknowledgement and says nothing twice for want of one. What was on the air while the port was gone,
while the lane had no room for longer than the driver's buffer lasts, or in the moment this process
was killed, is lost.
"""

import asyncio
import os
import termios
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import serial
import structlog

from devices.links.nonin2_stream import NoninStream
from devices.links.rfxtrx_receiver import RfxtrxReceiver
from devices.links.serial_link import SerialLink, Turn
from gateway.arrivals import Verdict
from gateway.listeners import serial_metrics
from gateway.listeners.ports import Intake
from gateway.serial_ports import SerialPort

log = structlog.get_logger()

REOPEN_S = 0.5
CHECK_S = 0.25
"""How often what is due is looked at, and whether the path still leads to the open port."""
READ_BYTES = 4_096
ABSENT = (OSError, ValueError, termios.error)
"""What opening a port says that is not there, not ours, or pulled out at that moment."""

Note = Callable[[str, bool], None]


class SerialListener:
    """Listens on one port until cancelled."""

    def __init__(
        self, port: SerialPort, intake: Intake, now: Callable[[], datetime], note: Note
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            note: Called with the port's name and whether its receiver works, at every look.
        """
        self._port = port
        self._intake = intake
        self._now = now
        self._note = note
        self._link = _link_of(port)
        self._absent_said = False

    async def run(self) -> None:
        """Listen; return never."""
        while True:
            try:
                device = await asyncio.to_thread(self._open)
            except ABSENT as error:
                self._say_absent(error)
            else:
                await self._attend(device)
            await asyncio.sleep(REOPEN_S)

    def _open(self) -> serial.Serial:
        """Open the port.

        Raises:
            OSError: it is not there, or not ours to open.
            termios.error: it was pulled out meanwhile.
            ValueError: it cannot be set to this speed.
        """
        return serial.Serial(
            str(self._port.path),
            baudrate=self._port.speed_baud,
            bytesize=serial.EIGHTBITS,
            parity=serial.PARITY_NONE,
            stopbits=serial.STOPBITS_ONE,
            timeout=0,
            exclusive=True,
        )

    async def _attend(self, device: serial.Serial) -> None:
        """Listen on the open port until it is gone."""
        fd = device.fileno()
        serial_metrics.opened.labels(line=self._port.line).inc()
        log.info("a serial port is open", port=self._port.name, line=self._port.line)
        self._absent_said = False
        try:
            self._do(fd, self._link.opened(self._now()))
            while True:
                if await self._has_room():
                    octets = await _read(fd)
                    if octets:
                        self._do(fd, self._link.receive(octets, self._now()))
                    self._do(fd, self._link.due(self._now()))
                self._note(self._port.name, self._link.answers)
                _check_same(fd, self._port)
        except OSError as error:
            self._say_absent(error)
        finally:
            self._hand_in(self._link.closed(self._now()))
            self._note(self._port.name, False)
            with suppress(OSError):
                device.close()

    def _do(self, fd: int, turn: Turn) -> None:
        self._hand_in(turn)
        if turn.send and (sent := os.write(fd, turn.send)) != len(turn.send):
            raise OSError(f"{sent} bytes written, expected {len(turn.send)}")

    def _hand_in(self, turn: Turn) -> None:
        line = self._port.line
        for packet in turn.packets:
            self._intake.offer(packet, _nobody_waits)
        serial_metrics.packets.labels(line=line).inc(len(turn.packets))
        serial_metrics.ignored.labels(line=line).inc(turn.ignored)
        serial_metrics.garbled.labels(line=line).inc(turn.garbled)

    async def _has_room(self) -> bool:
        """Say whether to read now; else wait a little for room."""
        if self._intake.has_room(self._link.lane):
            return True
        serial_metrics.paused.labels(line=self._port.line).inc()
        with suppress(TimeoutError):
            async with asyncio.timeout(CHECK_S):
                await self._intake.wait_for_room(self._link.lane)
        return False

    def _say_absent(self, error: Exception) -> None:
        self._note(self._port.name, False)
        if not self._absent_said:
            self._absent_said = True
            log.warning(
                "a serial receiver is absent: plug it in, or correct serial_ports; "
                "it is tried again twice a second",
                port=self._port.name,
                line=self._port.line,
                error=type(error).__name__,
            )


def _link_of(port: SerialPort) -> SerialLink:
    if port.link == "rfxtrx":
        return RfxtrxReceiver(port.line)
    return NoninStream(port.line, port.sender)


def _nobody_waits(verdict: Verdict) -> None:
    del verdict


async def _read(fd: int) -> bytes:
    """Give what is there, waiting a little for something; b"" when nothing came.

    Raises:
        OSError: the port is gone.
    """
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(fd, readable.set)
    try:
        async with asyncio.timeout(CHECK_S):
            await readable.wait()
    except TimeoutError:
        return b""
    finally:
        loop.remove_reader(fd)
    try:
        octets = os.read(fd, READ_BYTES)
    except BlockingIOError:
        return b""
    if not octets:
        raise OSError("the port reads as ended, expected bytes")
    return octets


def _check_same(fd: int, port: SerialPort) -> None:
    """Look whether the path still leads to the open port.

    Raises:
        OSError: it does not, or is gone.
    """
    there, ours = port.path.stat(), os.fstat(fd)
    if (there.st_dev, there.st_ino, there.st_rdev) != (ours.st_dev, ours.st_ino, ours.st_rdev):
        raise OSError(f"{port.name} leads to another device than the open one")
