"""What a listener needs of the rest of the gateway: who is it, and where do messages go.

Both are protocols: `gateway.__main__` puts the store's and the lanes' behind them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from devices.model import Lane, Packet
from gateway.arrivals import Verdict

Done = Callable[[Verdict], None]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a sender is: authenticated when known, enabled, and the secret or certificate right."""

    name: str
    authenticated: bool


class Gatekeeper(Protocol):
    """Knows the enrolled senders."""

    async def identify(
        self, line: str, name: str, password: bytes | None, certificate_sha256: str | None
    ) -> Identity:
        """Say whether a sender is who it says.

        Args:
            line: the listener's account space.
            name: the name it gave, at most 128 printable characters.
            password: the secret it gave.
            certificate_sha256: fingerprint of its verified client certificate, lower case hex.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        ...


class Intake(Protocol):
    """Takes messages towards their lane."""

    @property
    def blind(self) -> bool:
        """Whether nothing could be stored for longer than the bound."""
        ...

    def on_blind(self, listener: Callable[[bool], None]) -> None:
        """Call the listener with True when going blind and False when seeing again."""
        ...

    def offer(self, packet: Packet, done: Done) -> Lane:
        """Queue a message; it is never dropped here.

        `done` is called once, on the event loop, after the commit; never when we cannot store.

        Returns:
            The lane it went to: when that has no room, stop reading.
        """
        ...

    def has_room(self, lane: Lane) -> bool:
        """Say whether more messages for the lane may be read."""
        ...

    async def wait_for_room(self, lane: Lane) -> None:
        """Return when the lane has room again."""
        ...
