"""A 433 MHz panic button and the RFXtrx433 that hears it, on a pseudo-terminal.

Contract: what reaches the gateway are bytes on a serial port, as from a real receiver; it answers
the gateway's commands and passes on what is on the air. The button only sends: no receipt, no
"a person has it", no heartbeat, and so nothing that supervises it.
"""

import asyncio
import os
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from devices.links import rfxtrx
from devices.links.rfxtrx_receiver import GET_STATUS, RESET, START
from gateway.demo.missing import Missing
from gateway.enrol import DeviceRow
from gateway.serial_ports import SerialPort

LINE = "demo-radio"
PANIC = bytes.fromhex("0820024ed3dc540689")
"""Security1, subtype X10 remote, id d3dc54, panic (PROTOCOLS 5.3)."""
STATUS = bytes.fromhex("0d0100010253450c000000000000")
"""What an RFXtrx433 answers to "get status" (PROTOCOLS 5.3)."""
COMMAND_BYTES = len(RESET)
WAKE_S = 15.0


@dataclass(slots=True)
class Radio:
    """The receiver's far end and the button; a Unit (gateway/demo/pendant.py)."""

    path: Path
    far: int
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    _commands: bytearray = field(default_factory=bytearray)

    @property
    def port(self) -> SerialPort:
        """Give the port as the setting `serial_ports` lists it."""
        return SerialPort(path=self.path, link="rfxtrx", line=LINE)

    @property
    def device(self) -> DeviceRow:
        """Give the button as it is enrolled: without enrolment its frames may not call."""
        return DeviceRow(
            line=LINE,
            sender=rfxtrx.sender_of(PANIC),
            model="433 MHz panic button",
            speech=False,
        )

    def listen(self) -> None:
        """Answer as the receiver does; called when the gateway has written something."""
        self._commands += os.read(self.far, 4_096)
        while len(self._commands) >= COMMAND_BYTES:
            command = bytes(self._commands[:COMMAND_BYTES])
            del self._commands[:COMMAND_BYTES]
            if command == GET_STATUS:
                os.write(self.far, STATUS)
            if command == START:
                self.awake.set()

    async def ready(self) -> None:
        """Return when the gateway has woken the receiver.

        Raises:
            Missing: it does not.
        """
        try:
            await asyncio.wait_for(self.awake.wait(), WAKE_S)
        except TimeoutError as late:
            raise Missing(f"nobody woke the serial receiver within {WAKE_S:g} s") from late

    async def press(self) -> None:
        """Press: the receiver hears the frame; nothing comes back."""
        os.write(self.far, PANIC)

    async def beat(self) -> None:
        """Do nothing: a panic button says nothing between presses."""

    async def heard(self, text: str) -> float:
        """Say that it cannot.

        Raises:
            Missing: always.
        """
        raise Missing(f"her one-way button cannot hear {text!r}")


@asynccontextmanager
async def radio(folder: Path) -> AsyncIterator[Radio]:
    """Plug the receiver in; pull it out at the end.

    Raises:
        OSError: there is no pseudo-terminal.
    """
    far, near = os.openpty()
    try:
        tty.setraw(near)
        path = folder / "rfxtrx433"
        path.symlink_to(os.ttyname(near))
        made = Radio(path, far)
        loop = asyncio.get_running_loop()
        loop.add_reader(far, made.listen)
        try:
            yield made
        finally:
            loop.remove_reader(far)
    finally:
        os.close(far)
        os.close(near)
