"""The device endpoint: an MQTT listener inside the gateway (INTERFACES 2, STACK 1).

A PUBACK from here means "stored and decided". While nothing can be stored, every connection is
closed and CONNECT is refused, so that a device tries its next receiver; a device that proved
nothing is heard as an unknown caller (DECIDING 6).

    endpoint = MqttEndpoint(settings, gatekeeper, intake, clock.now)
    await endpoint.start()      # endpoint.port tells the port
    await endpoint.stop()       # before the intake stops: what it commits is still acknowledged
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from devices.links.mqtt_reasons import Reason
from gateway.listeners.mqtt_metrics import EndpointMetrics
from gateway.listeners.mqtt_policy import StrangerRates
from gateway.listeners.mqtt_session import Session
from gateway.listeners.mqtt_shared import MqttSettings, Registry, RoomWaiters, Shared
from gateway.listeners.ports import Gatekeeper, Intake

log = structlog.get_logger()

BACKLOG = 1_024
TLS_HANDSHAKE_S = 10.0
CUT_S = 1.0
"""Behind `close_s`, when lines that are not read are cut, all sessions are over within this."""


class MqttEndpoint:
    """Listens on one address for the devices of one line."""

    def __init__(
        self,
        settings: MqttSettings,
        gatekeeper: Gatekeeper,
        intake: Intake,
        now: Callable[[], datetime],
    ) -> None:
        """Prepare; nothing is opened yet."""
        self._settings = settings
        self._registry: Registry[Session] = Registry(
            settings.connections, settings.strangers_per_source
        )
        self._rooms = RoomWaiters(intake)
        self._shared = Shared(
            settings,
            gatekeeper,
            intake,
            now,
            EndpointMetrics(settings.line),
            self._registry,
            self._rooms,
            StrangerRates(settings.stranger_burst, settings.stranger_per_s),
        )
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that is listened on, 0 when none is."""
        if self._server is None or not self._server.sockets:
            return 0
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def line(self) -> str:
        """The account space of the devices that connect here."""
        return self._settings.line

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address cannot be had.
        """
        tls = self._settings.tls
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Session(self._shared),
            self._settings.host,
            self._settings.port,
            ssl=tls,
            backlog=BACKLOG,
            ssl_handshake_timeout=None if tls is None else TLS_HANDSHAKE_S,
            ssl_shutdown_timeout=None if tls is None else self._settings.close_s,
        )
        self._shared.intake.on_blind(self._on_blind)
        log.info("devices may connect", line=self._settings.line, port=self.port)

    def tell(self, name: str, payload: bytes) -> bool:
        """Send a later message to a device that proved its name; False when it is not here."""
        session = self._registry.holder(name)
        return session is not None and session.tell(payload)

    async def stop(self) -> None:
        """Stop accepting and reading, acknowledge what is committed, then close (STACK trap 6)."""
        if self._server is None:
            return
        self._server.close()
        sessions = self._registry.everyone()
        for session in sessions:
            session.stop_reading()
        owed_nothing = await self._registry.settle(
            lambda: not self._registry.owing(), self._settings.drain_s
        )
        for session in self._registry.everyone():
            session.end(Reason.SERVER_SHUTTING_DOWN, "the gateway is stopping")
        await self._registry.settle(
            lambda: not self._registry.everyone(), self._settings.close_s + CUT_S
        )
        self._rooms.cancel()
        await self._server.wait_closed()
        log.info(
            "devices are disconnected",
            line=self._settings.line,
            sessions=len(sessions),
            all_acknowledged=owed_nothing,
        )

    def _on_blind(self, blind: bool) -> None:  # noqa: FBT001 - the listener's shape
        """Close everything when nothing can be stored: silence would keep devices waiting."""
        if not blind:
            return
        for session in self._registry.everyone():
            session.end(Reason.SERVER_BUSY, "nothing can be stored")
