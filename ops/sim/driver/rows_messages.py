"""The rows of what senders said, and when they were heard; as ops/sim/driver/rows.py."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class DeviceHeard(NamedTuple):
    """When a device was last heard."""

    device_id: UUID
    organisation_id: UUID
    heard_at: datetime
    conditions: list[str]
    lost_at: datetime | None


class Receipt(NamedTuple):
    """Who said this before."""

    line: str
    sender: str
    key: str
    digest: bytes
    organisation_id: UUID
    seen_at: datetime
    generation: int
    verdict: str | None


class Quarantine(NamedTuple):
    """Evidence from a sender that proved nothing."""

    id: int
    organisation_id: UUID
    line: str
    sender: str
    received_at: datetime
    body: bytes
    problem: str | None


class Reception(NamedTuple):
    """Since when a line is received without a break."""

    line: str
    since: datetime
    alive_at: datetime


class Packet(NamedTuple):
    """A raw message."""

    received_at: datetime
    organisation_id: UUID
    line: str
    sender: str
    key: str
    topic: str | None
    lane: str
    authenticated: bool
    body: bytes
    problem: str | None


class Measurement(NamedTuple):
    """A vital sign."""

    at: datetime
    organisation_id: UUID
    person_id: UUID | None
    device_id: UUID
    code: str
    value: float | None
    word: str | None
    quality: str
    source: str
    device_at: datetime | None
    received_at: datetime
