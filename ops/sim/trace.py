"""What happened in a simulated run, in order, with its hash; whoever judges listens here.

Contract: an event is a word and plain values. Two runs of one seed write the same events, so they
have the same hash.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Happened:
    """One event: simulated seconds since the start, a word, its values."""

    at_s: float
    what: str
    values: dict[str, Plain]

    def line(self) -> str:
        """Give it as one line of text."""
        values = " ".join(f"{name}={value}" for name, value in self.values.items())
        return f"{self.at_s:.3f} {self.what} {values}".rstrip()


class Trace:
    """The events of one run."""

    def __init__(self, time_s: Callable[[], float]) -> None:
        """Start empty; `time_s` gives the simulated time."""
        self._time_s = time_s
        self._hash = hashlib.sha256()
        self.events: list[Happened] = []
        self.listeners: list[Callable[[Happened], None]] = []

    def add(self, what: str, /, **values: Plain) -> None:
        """Note an event and tell the listeners."""
        event = Happened(round(self._time_s(), 6), what, values)
        self.events.append(event)
        self._hash.update(event.line().encode() + b"\n")
        for listener in self.listeners:
            listener(event)

    @property
    def digest(self) -> str:
        """Give the hash of all events so far."""
        return self._hash.hexdigest()
