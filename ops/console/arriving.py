"""A device's message as the device endpoint hands it to the intake."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from devices.decoding import families
from devices.links import native
from gateway.arrivals import Arrival, Verdict, understand
from ops.console.people import LINE
from ops.console.program import HOST

FAMILIES = families()


def arrival(device: str, body: Mapping[str, object], channel: str, now: datetime) -> Arrival:
    """Give the message, read and understood."""
    packet = native.unwrap(
        f"lifeline/v1/{device}/{channel}",
        msgspec.json.encode(body),
        line=LINE,
        sender=device,
        received_at=now,
        authenticated=True,
        retained=False,
        peer=HOST,
    )
    return understand(packet, FAMILIES, _ignore)


def _ignore(verdict: Verdict) -> None:
    """Take an answer nobody waits for."""
    del verdict
