"""Readings as rows: which time counts, whose they are. Both lanes store them.

A message with a call for help, or with a part that cannot be read, takes the alarm lane; the good
values in it are readings all the same.
"""

from datetime import datetime

from devices.model import Measurement, Quality, is_plausible_time
from gateway.placing import Placed
from gateway.store.messages import Sender


def measurements(one: Placed) -> list[tuple[object, ...]]:
    """Give the rows of a message's readings, in the order of the query's columns.

    Empty for a sender that proved nothing: its readings are nobody's.
    """
    if one.sender is None:
        return []
    received_at = one.arrival.packet.received_at
    return [
        _measurement(one.sender, signal, received_at)
        for signal in one.arrival.signals
        if isinstance(signal, Measurement)
    ]


def _measurement(sender: Sender, signal: Measurement, received_at: datetime) -> tuple[object, ...]:
    at, quality = received_at, signal.quality
    if signal.at is not None:
        if is_plausible_time(signal.at, received_at):
            at = signal.at
        else:
            quality = Quality.DEVICE_CLOCK
    number: float | None = None
    word: str | None = None
    if isinstance(signal.value, str):
        word = signal.value
    elif signal.value is not None:
        number = float(signal.value)
    return (
        at,
        sender.organisation_id,
        sender.person_id,
        sender.device_id,
        signal.code.value,
        number,
        word,
        quality.value,
        "device",
        signal.at,
        received_at,
    )
