"""Shouting "receiver blind" by ways that do not need the database.

When nothing can be stored the gateway refuses devices and calls for people: the log at its highest
level, the metric `lifeline_receiver_blind`, `/readyz`, and a webhook where one is set. It shouts
again every minute until it can see.
"""

import asyncio

import httpx
import structlog

log = structlog.get_logger()

AGAIN_EVERY_S = 60.0
WEBHOOK_S = 3.0


class Shout:
    """Told when sight is lost and found; tells people."""

    def __init__(self, webhook: str | None) -> None:
        """Remember whom to tell besides the log; None: nobody."""
        self._webhook = webhook
        self._blind = asyncio.Event()
        self._turned = asyncio.Event()

    def __call__(self, blind: bool) -> None:  # noqa: FBT001 - a listener of Sight
        """Note a change of sight; called on the event loop."""
        if blind:
            self._blind.set()
        else:
            self._blind.clear()
        self._turned.set()

    async def run(self) -> None:
        """Shout while blind, and once when sight is back."""
        while True:
            await self._turned.wait()
            self._turned.clear()
            while self._blind.is_set():
                log.critical(
                    "receiver blind: nothing can be stored, devices are refused; "
                    "check the database and its disk"
                )
                await self._tell("receiver_blind")
                try:
                    async with asyncio.timeout(AGAIN_EVERY_S):
                        await self._turned.wait()
                except TimeoutError:
                    continue
                self._turned.clear()
            log.warning("the receiver sees again: messages are stored and acknowledged")
            await self._tell("receiver_sees")

    async def _tell(self, what: str) -> None:
        if self._webhook is None:
            return
        try:
            async with httpx.AsyncClient(timeout=WEBHOOK_S) as client:
                answer = await client.post(self._webhook, json={"notice": what})
                answer.raise_for_status()
        except Exception as error:  # noqa: BLE001 - a wrong address must not end us when we are blind
            log.error("the blind webhook did not take the notice", error=type(error).__name__)
