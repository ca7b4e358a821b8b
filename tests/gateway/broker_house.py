"""A real Mosquitto for a test, a client of it, and devices: killed and started at will."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import trustme
from prometheus_client import REGISTRY

from firmware_stubs.native import NativeDevice
from firmware_stubs.words import Address, Timing
from gateway.listeners.mqtt_client import BrokerClient
from gateway.listeners.mqtt_client_parts import BrokerSettings, BrokerTiming
from gateway.listeners.ports import Intake
from ops.chaos.mosquitto import HOST, Mosquitto, MosquittoError

LINE = "site-3"
GATEWAY = ("gateway", "secret-of-the-gateway")
DASHBOARD = ("dashboard", "secret-of-the-dashboard")
DEVICES = {name: f"secret-of-{name}" for name in ("17", "18", "19")}
WAIT_S = 20.0
QUICK = BrokerTiming(
    pause_first_s=0.05, pause_max_s=0.2, drain_s=0.2, flush_s=2.0, connect_s=2.0, answer_s=5.0
)
EAGER = Timing(
    repeat_s=0.5, repeats=3, interval_s=1e6, connect_s=2, pause_first_s=0.02, pause_max_s=0.1
)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Broker(Mosquitto):
    """One broker, with a gateway's and three devices' passwords."""

    def settings(self, **more: Any) -> BrokerSettings:
        """Give what a gateway needs to know of it."""
        user, password = GATEWAY
        given = BrokerSettings(
            LINE, HOST, self.port, "gateway-1", username=user, password=password, timing=QUICK
        )
        return replace(given, **more)


@asynccontextmanager
async def broker(folder: Path, **settings: object) -> AsyncIterator[Broker]:
    """Give a running broker; skip the test where none is installed."""
    try:
        made = Broker(folder, free_port(), dict([GATEWAY, DASHBOARD, *DEVICES.items()]), **settings)
    except MosquittoError as error:
        pytest.skip(str(error))
    await asyncio.to_thread(made.start)
    try:
        yield made
    finally:
        made.stop()


@asynccontextmanager
async def client(settings: BrokerSettings, intake: Intake) -> AsyncIterator[BrokerClient]:
    """Give a client that is connected and subscribed."""
    made = BrokerClient(settings, intake, lambda: datetime.now(UTC))
    made.start()
    try:
        await until(lambda: made.is_up)
        yield made
    finally:
        await made.stop()


async def until(holds: Callable[[], bool]) -> None:
    """Return when it holds."""
    async with asyncio.timeout(WAIT_S):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event for tests
            await asyncio.sleep(0.01)


def device(broker: Broker, name: str = "17", boot: int = 1, **more: Any) -> NativeDevice:
    """Give an honest device: it repeats until its receipt."""
    address = Address(more.pop("host", HOST), broker.port)
    return NativeDevice([address], name, DEVICES[name], boot, **{"timing": EAGER, **more})


@asynccontextmanager
async def publisher(broker: Broker, name: str = "17", **more: Any) -> AsyncIterator[Any]:
    """Give a bare MQTT client with a device's rights."""
    secret = dict([GATEWAY, *DEVICES.items()])[name]
    async with aiomqtt.Client(
        HOST, broker.port, username=name, password=secret, identifier=f"{name}-bare", **more
    ) as bare:
        yield bare


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"line": LINE, **labels}) or 0.0


class Certificates:
    """An authority, and the broker's certificate."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        certificate = self._authority.issue_cert("localhost")
        self.chain, self.key = folder / "server.pem", folder / "server.key"
        certificate.private_key_pem.write_to_path(self.key)
        certificate.cert_chain_pems[0].write_to_path(self.chain)
        self.ca = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(self.ca)

    @property
    def broker(self) -> dict[str, object]:
        return {"certfile": self.chain, "keyfile": self.key}

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca))
