"""A device on a line: the connection under test and a clock that the test moves."""

from datetime import UTC, datetime, timedelta

from devices.links.mqtt_connection import Connection
from devices.links.mqtt_events import (
    AcceptConnect,
    Command,
    ConnectRequested,
    Event,
    Limits,
    Reply,
)
from tests.devices import mqtt_wire as wire

START = datetime(2021, 2, 2, 6, 56, tzinfo=UTC)
DOWN = "lifeline/v1/17/down"
CALL = "lifeline/v1/17/call"


class Line:
    def __init__(self, limits: Limits | None = None) -> None:
        self.now = START
        self.connection = Connection(limits or Limits(), self.now)

    def after(self, seconds: float) -> "Line":
        self.now += timedelta(seconds=seconds)
        return self

    def hear(self, octets: bytes) -> list[Event]:
        return self.connection.receive(octets, self.now)

    def say(self, command: Command, entropy: bytes = b"") -> bytes:
        return self.connection.send(command, self.now, entropy)

    def due(self) -> list[Event]:
        return self.connection.due(self.now)

    def reply(self, octets: bytes) -> bytes:
        (event,) = self.hear(octets)
        assert isinstance(event, Reply), event
        return event.octets

    def enter(self, octets: bytes, down_topic: str | None = DOWN, entropy: bytes = b"") -> bytes:
        (event,) = self.hear(octets)
        assert isinstance(event, ConnectRequested), event
        return self.say(AcceptConnect(down_topic), entropy)


def connected(version: int = wire.V311, limits: Limits | None = None, **asked: object) -> Line:
    """A line whose device was let in; `asked` goes into its CONNECT."""
    line = Line(limits)
    line.enter(wire.connect(version, **asked))  # type: ignore[arg-type]  # named as connect names them
    return line
