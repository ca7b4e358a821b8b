"""Readings as rows: which time counts, whose they are. Both lanes store them.

A message with a call for help, or with a part that cannot be read, takes the alarm lane; the good
values in it are readings all the same.
"""

from datetime import datetime

from devices.model import Measurement, Quality, is_plausible_time
from gateway.placing import Placed
from gateway.store import copying
from gateway.store.messages import MEASUREMENT_TYPES, Sender

SOURCE = "device"
COUNT = len(MEASUREMENT_TYPES).to_bytes(2)


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
    at, quality = _when(signal, received_at)
    number, word = _value(signal)
    return (
        at,
        sender.organisation_id,
        sender.person_id,
        sender.device_id,
        signal.code.value,
        number,
        word,
        quality.value,
        SOURCE,
        signal.at,
        received_at,
    )


def packed(one: Placed) -> list[bytes]:
    """Give the same rows as `measurements`, packed for COPY.

    A message's readings share their times as a rule, so that these are packed once.
    """
    sender = one.sender
    if sender is None:
        return []
    received_at = one.arrival.packet.received_at
    who = b"".join(map(copying.uuid, (sender.organisation_id, sender.person_id, sender.device_id)))
    rows: list[bytes] = []
    last: Measurement | None = None
    before = after = b""
    for signal in one.arrival.signals:
        if not isinstance(signal, Measurement):
            continue
        if last is None or signal.at is not last.at or signal.quality is not last.quality:
            at, quality = _when(signal, received_at)
            before = COUNT + copying.moment(at) + who
            times = copying.moment(signal.at) + copying.moment(received_at)
            after = copying.text(quality) + copying.text(SOURCE) + times
            last = signal
        number, word = _value(signal)
        value = copying.number(number) + copying.text(word)
        rows.append(before + copying.text(signal.code) + value + after)
    return rows


def _when(signal: Measurement, received_at: datetime) -> tuple[datetime, Quality]:
    """Say which time counts: the device's when it can be true, else that of the receipt."""
    if signal.at is None:
        return received_at, signal.quality
    if is_plausible_time(signal.at, received_at):
        return signal.at, signal.quality
    return received_at, Quality.DEVICE_CLOCK


def _value(signal: Measurement) -> tuple[float | None, str | None]:
    if isinstance(signal.value, str):
        return None, signal.value
    return (None if signal.value is None else float(signal.value)), None
