"""In which order messages of a broker are acknowledged, and how many may be unacknowledged. No I/O.

MQTT-4.6.0-2 (both versions): PUBACKs go out in the order in which their PUBLISHes came. Commits
come in the order of the lanes, so a message that is done waits for those received before it.

One that cannot be done at all must not hold up all others for ever (influxdata/telegraf#13476): one
that was heard `stuck_s` ago, while a later one is done, is passed over. It is not acknowledged on
this connection any more, so the broker gives it again on the next.
"""

from collections import deque
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Slot:
    """One message's place in the order."""

    packet_id: int
    qos: int
    heard_s: float
    is_done: bool = False
    is_over: bool = False


class Window:
    """The unacknowledged messages of one connection, at most `limit` of them."""

    def __init__(self, limit: int, stuck_s: float) -> None:
        """Begin empty."""
        self._limit = limit
        self._stuck_s = stuck_s
        self._slots: deque[Slot] = deque()
        self._done = 0
        self.passed_over = 0

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def is_full(self) -> bool:
        """Say whether no further message may be taken."""
        return len(self._slots) >= self._limit

    def take(self, packet_id: int, qos: int, now_s: float) -> Slot:
        """Note a message that came."""
        assert not self.is_full, "the caller looks first"
        slot = Slot(packet_id, qos, now_s)
        self._slots.append(slot)
        return slot

    def settle(self, slot: Slot) -> list[Slot]:
        """Note that a message is stored; give those to acknowledge now, in their order."""
        if slot.is_done or slot.is_over:
            return []
        slot.is_done = True
        self._done += 1
        return self._ready()

    def pass_over(self, now_s: float) -> list[Slot]:
        """Let later messages go before those that are stuck; give those to acknowledge now."""
        ready: list[Slot] = []
        while self._done and self._slots[0].heard_s + self._stuck_s <= now_s:
            self._slots.popleft().is_over = True
            self.passed_over += 1
            ready += self._ready()
        return ready

    def _ready(self) -> list[Slot]:
        ready: list[Slot] = []
        while self._slots and self._slots[0].is_done:
            ready.append(self._slots.popleft())
        self._done -= len(ready)
        return ready
