"""What stands around the demo's gateway: a receiver, a broker, a radio; whatever the ways need.

Contract: started before the gateway, which is told of it by settings; gone after it.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.bars_settings import BarsEndpoint
from gateway.broker_settings import Broker
from gateway.clock import Clock
from gateway.demo.broker import Mosquitto, mosquitto
from gateway.demo.practice import Practice, practice
from gateway.demo.radio import Radio, radio
from gateway.demo.ways import Receiver, Via, Ways
from gateway.serial_ports import SerialPort


@dataclass(frozen=True, slots=True)
class Around:
    """What runs beside the gateway, and what it must be set to for that."""

    practice: Practice | None = None
    radio: Radio | None = None
    mosquitto: Mosquitto | None = None

    @property
    def bars(self) -> dict[str, BarsEndpoint]:
        """Give the setting `bars`."""
        return {} if self.practice is None else {"icrs": self.practice.endpoint}

    @property
    def brokers(self) -> tuple[Broker, ...]:
        """Give the setting `brokers`."""
        return () if self.mosquitto is None else (self.mosquitto.broker,)

    @property
    def serial_ports(self) -> tuple[SerialPort, ...]:
        """Give the setting `serial_ports`."""
        return () if self.radio is None else (self.radio.port,)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Say what runs."""
        found = []
        if self.mosquitto is not None:
            found.append(("Mosquitto, her broker", f"127.0.0.1:{self.mosquitto.port}"))
        if self.radio is not None:
            found.append(("serial receiver, RFXtrx433", str(self.radio.path.readlink())))
        if self.practice is not None:
            found.append(("practice receiver, BaRS", self.practice.receiver.address))
        return found


@asynccontextmanager
async def around(ways: Ways, folder: Path, clock: Clock) -> AsyncIterator[Around]:
    """Start what the ways need.

    Raises:
        GatewayError, OSError: something cannot start; says what to do.
    """
    async with AsyncExitStack() as stack:
        service = heard = broker = None
        if ways.receiver is Receiver.PRACTICE:
            service = await stack.enter_async_context(practice(folder, clock))
        if ways.via is Via.SERIAL:
            heard = await stack.enter_async_context(radio(folder))
        if ways.via is Via.MOSQUITTO:
            broker = await stack.enter_async_context(mosquitto(folder))
        yield Around(service, heard, broker)
