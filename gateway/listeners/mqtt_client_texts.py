"""Receipts and texts on their way to devices behind a broker: bounded, in order, not forgotten.

A client library drops what is published while it is disconnected, or keeps it without a bound
(node-red/node-red#2864): here it waits in a queue of ours, and what the broker has not acknowledged
when a connection ends goes again, first. What it weakens: when too much waits, the oldest is
dropped and counted; a device that misses its receipt repeats and gets another. A text that waits
already is not added again: while a broker is away, every repeat would ask for its receipt anew.
"""

from dataclasses import dataclass
from typing import Protocol

from devices.links import native
from gateway.listeners import mqtt_client_metrics as metrics


@dataclass(frozen=True, slots=True)
class Text:
    """What goes out on a topic."""

    topic: str
    payload: bytes


class Publisher(Protocol):
    """What carries texts while it is there."""

    def publish(self, text: Text) -> int | None:
        """Publish at QoS 1; give the packet id, None when it cannot go out now."""
        ...


class Texts:
    """The texts of one session at a broker."""

    def __init__(self, line: str, limit: int, in_flight: int) -> None:
        """Begin empty and without a connection.

        Args:
            line: For the metrics.
            limit: Texts that wait, those on their way included.
            in_flight: Texts that the broker may have without an acknowledgement.
        """
        self._line = line
        self._limit = limit
        self._in_flight_limit = in_flight
        self._waiting: dict[Text, None] = {}
        self._in_flight: dict[int, Text] = {}
        self._publisher: Publisher | None = None

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_flight)

    def tell(self, device: str, payload: bytes) -> None:
        """Publish on a device's `down`, now or when the broker is back."""
        self._waiting[Text(native.topic_of(device, native.Channel.DOWN), payload)] = None
        if len(self) > self._limit:
            del self._waiting[next(iter(self._waiting))]
            metrics.untold.labels(self._line).inc()
        self._pump()

    def connected(self, publisher: Publisher) -> None:
        """Publish through this connection from now on."""
        self._publisher = publisher
        self._pump()

    def delivered(self, packet_id: int) -> None:
        """Note that the broker has what went out with this packet id."""
        if self._in_flight.pop(packet_id, None) is not None:
            metrics.told.labels(self._line).inc()
        self._pump()

    def disconnected(self) -> None:
        """Keep what was on its way for the next connection."""
        self._publisher = None
        self._waiting = dict.fromkeys([*self._in_flight.values(), *self._waiting])
        self._in_flight.clear()

    def _pump(self) -> None:
        """Publish what waits, as far as the broker keeps up."""
        while (
            self._publisher is not None
            and self._waiting
            and len(self._in_flight) < self._in_flight_limit
        ):
            text = next(iter(self._waiting))
            packet_id = self._publisher.publish(text)
            if packet_id is None:
                return
            del self._waiting[text]
            self._in_flight[packet_id] = text
