"""Many presses through the real endpoint, measured one by one: figures to report, not to assert.

Each device is a real MQTT client with its own connection and secret. A press is timed from just
before its publish to the committed acknowledgement of its referral, as the observer sees it.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from uuid import UUID

from firmware_stubs.native import NativeDevice
from firmware_stubs.words import Address, Timing
from gateway.demo.house import House
from gateway.demo.missing import Missing
from gateway.demo.observe import Observer
from gateway.demo.people import MEASURED, crowd
from gateway.enrol import enrol, person_id

PRESSES = 200
TOGETHER = 10
WAIT_S = 60.0
QUIET = Timing(interval_s=86_400.0)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured, in milliseconds, one value a press."""

    receipt_ms: tuple[float, ...]
    referral_ms: tuple[float, ...]
    seconds: float


async def measure(house: House, observer: Observer) -> Figures:
    """Press PRESSES times, TOGETHER at once, and wait for every referral.

    Raises:
        Missing: a press was not stored, or its referral not acknowledged.
    """
    line = house.context.settings.mqtt_line
    now = house.clock.now()
    enrolled = await enrol(house.context.sessions, crowd(PRESSES, line, now), now)
    address = [Address("127.0.0.1", house.device_port)]
    devices = [
        NativeDevice(address, name, secret, boot=1, timing=QUIET, now=house.clock.now)
        for (_, name), secret in enrolled.secrets.items()
    ]
    taken: list[tuple[float, float]] = []
    began = perf_counter()
    try:
        async with asyncio.timeout(WAIT_S), AsyncExitStack() as stack:
            waiting = iter(devices)
            while group := list(islice(waiting, TOGETHER)):
                for device in group:
                    await stack.enter_async_context(device)
                await asyncio.gather(*(device.connected.wait() for device in group))
                taken += await asyncio.gather(*(_press(device, observer) for device in group))
    except TimeoutError as late:
        raise Missing(
            f"{len(taken)} of {PRESSES} presses had an acknowledged referral after {WAIT_S:g} s"
        ) from late
    return Figures(
        receipt_ms=tuple(receipt for receipt, _ in taken),
        referral_ms=tuple(referral for _, referral in taken),
        seconds=perf_counter() - began,
    )


async def _press(device: NativeDevice, observer: Observer) -> tuple[float, float]:
    person: UUID = person_id(MEASURED, device.name)
    acknowledged = observer.expect(person)
    began = perf_counter()
    receipt = await device.press()
    stored = perf_counter()
    if receipt.result != "stored":
        raise Missing(f"a receipt says {receipt.result!r}, expected 'stored'")
    _, delivered = await acknowledged
    return (stored - began) * 1_000, (delivered - began) * 1_000
