"""Says at a broker whether this gateway is there: for dashboards, and for devices that choose.

    lifeline/v1/gateway/<name>/status   retained   {"state": "online"}    calls are stored
                                                   {"state": "blind"}     they are not, just now
                                                   {"state": "offline"}   said by the broker as our
                                                                          will, and when we stop

Published with aiomqtt over a connection of its own: what is only good to know must not stand in a
press's way. It is true within a keep-alive of the truth, no more; nothing here is acknowledged by
anyone, and no device is named.
"""

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import suppress

import aiomqtt
import structlog

from devices.links.native import PREFIX
from gateway.listeners.mqtt_client_parts import BrokerSettings, Pauses, Version
from gateway.listeners.ports import Intake

log = structlog.get_logger()

PROTOCOLS = {
    Version.V5: aiomqtt.ProtocolVersion.V5,
    Version.V311: aiomqtt.ProtocolVersion.V311,
}
LOOK_EVERY_S = 2.0


class Presence:
    """Keeps one retained word true."""

    def __init__(
        self,
        settings: BrokerSettings,
        name: str,
        intake: Intake,
        entropy: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; `run` connects. `name` is the gateway's, as in the topic."""
        self._settings = settings
        self._topic = f"{PREFIX}gateway/{name}/status"
        self._intake = intake
        self._entropy = entropy
        self._turned = asyncio.Event()
        self._ends = False
        intake.on_blind(self._on_blind)

    def finish(self) -> None:
        """Say that we are gone, and end: `run` returns."""
        self._ends = True
        self._turned.set()

    async def run(self) -> None:
        """Stay connected until `finish`."""
        pauses = Pauses(self._settings.timing)
        loop = asyncio.get_running_loop()
        while not self._ends:
            began_s = loop.time()
            try:
                await self._once()
            except (aiomqtt.MqttError, OSError) as error:
                log.info("our status cannot be told", line=self._settings.line,
                         error=type(error).__name__)  # fmt: skip
            if not self._ends:
                await self._turning(pauses.after(loop.time() - began_s, self._entropy()))

    async def _once(self) -> None:
        settings = self._settings
        client = aiomqtt.Client(
            settings.host,
            settings.port,
            username=settings.username,
            password=settings.password,
            identifier=f"{settings.client_id}-status",
            protocol=PROTOCOLS[settings.version],
            will=aiomqtt.Will(self._topic, _word("offline"), qos=1, retain=True),
            timeout=settings.timing.answer_s,
            keepalive=settings.timing.keep_alive_s,
            tls_context=settings.tls,
        )
        async with client:
            while not self._ends:
                await self._say(client, "blind" if self._intake.blind else "online")
                await self._turning(LOOK_EVERY_S)  # so often a lost connection is noticed
            await self._say(client, "offline")

    async def _turning(self, wait_s: float) -> None:
        """Return when sight turned, or after so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._turned.wait()
        self._turned.clear()

    async def _say(self, client: aiomqtt.Client, state: str) -> None:
        await client.publish(self._topic, _word(state), qos=1, retain=True)

    def _on_blind(self, blind: bool) -> None:  # noqa: FBT001 - the listener's shape
        del blind
        self._turned.set()


def _word(state: str) -> bytes:
    return json.dumps({"state": state}).encode()
