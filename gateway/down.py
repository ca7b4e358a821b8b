"""Texts for devices: whoever holds a device's connection writes them there.

Every ingest process listens on one channel; the one that has the device connected acts.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from devices.links import native
from gateway.senders.devices import DOWN_CHANNEL
from gateway.store.connect import Dsn
from gateway.store.listen import notifications


class Holder(Protocol):
    """A listener that may have a device connected."""

    @property
    def line(self) -> str:
        """The account space of its devices."""
        ...

    def tell(self, name: str, payload: bytes) -> bool:
        """Send to a device that is connected here and proved its name; False when it is not."""
        ...


class DownText(msgspec.Struct):
    """One text on the channel."""

    device: str
    lines: tuple[str, ...]
    receipt: str | None = None
    text: str = ""


_text_of = msgspec.json.Decoder(DownText).decode


async def pass_down(dsn: Dsn, holders: Sequence[Holder]) -> None:
    """Pass texts to connected devices until cancelled."""
    async for payload in notifications(dsn, DOWN_CHANNEL):
        if payload:
            text = _text_of(payload)
            message = native.down_text(text.receipt or "", text.text)
            for holder in holders:
                if holder.line in text.lines and holder.tell(text.device, message):
                    break
