"""The simulated pendant of the story: a real MQTT device, on the story's clock.

It remembers what it heard on `down`, with the moment, so that "team expected 07:40" can be shown to
have reached it.
"""

import asyncio
from time import perf_counter
from typing import Protocol

from devices.links.native import Result
from firmware_stubs.native import NativeDevice
from firmware_stubs.words import Address, Receipt, Timing
from gateway.clock import Clock
from gateway.demo.missing import Missing
from gateway.demo.people import INTERVAL_S
from gateway.demo.stories import PENDANT

HEAR_S = 10.0
RECEIPTS = frozenset(Result)
PATIENT = Timing(interval_s=10 * INTERVAL_S)  # beats when the story says so, not by real time


class Unit(Protocol):
    """What she presses."""

    async def press(self) -> Receipt | None:
        """Press; give the receipt, None where the unit cannot hear one."""
        ...

    async def beat(self) -> None:
        """Say that it lives, where the unit does."""
        ...

    async def heard(self, text: str) -> float:
        """Give the moment (perf_counter) at which it heard a text, once it has."""
        ...


class Pendant:
    """One simulated pendant."""

    def __init__(self, port: int, secret: str, clock: Clock) -> None:
        """Know where the device endpoint is, and the device's own secret."""
        self._heard: dict[str, float] = {}
        self._news = asyncio.Event()
        self.device = NativeDevice(
            [Address("127.0.0.1", port)],
            PENDANT,
            secret,
            boot=1,
            timing=PATIENT,
            now=clock.now,
            on_down=self._hear,
        )

    def _hear(self, told: dict[str, object]) -> None:
        text = told.get("result")
        if isinstance(text, str) and text not in RECEIPTS:
            self._heard[text] = perf_counter()
            self._news.set()

    async def press(self) -> Receipt:
        """Press; returns when the receipt "stored" came.

        Raises:
            Missing: no receipt.
        """
        try:
            return await asyncio.wait_for(self.device.press(), HEAR_S)
        except TimeoutError as late:
            raise Missing(f"no receipt within {HEAR_S:g} s of the press") from late

    async def beat(self) -> None:
        """Say that it lives.

        Raises:
            Missing: the heartbeat was not acknowledged.
        """
        try:
            await asyncio.wait_for(self.device.heartbeat(), HEAR_S)
        except TimeoutError as late:
            raise Missing(f"no acknowledgement within {HEAR_S:g} s of a heartbeat") from late

    async def heard(self, text: str) -> float:
        """Give the moment (perf_counter) at which it heard a text, once it has.

        Raises:
            Missing: it did not come.
        """
        try:
            async with asyncio.timeout(HEAR_S):
                while text not in self._heard:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError as late:
            heard = ", ".join(self._heard) or "nothing"
            raise Missing(f"her unit was to hear {text!r}, it heard: {heard}") from late
        return self._heard[text]
