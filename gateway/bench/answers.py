"""What came back on the load program's connections: which message was acknowledged, which seen.

A PUBACK belongs to the message that went out on the same connection with its packet id. A call is
seen when its receipt says "stored" on the device's own `down`, or when an alert with its id comes
on the connection that is subscribed to alerts. No I/O; times are given.
"""

import contextlib
import json
from array import array
from dataclasses import dataclass

from gateway.bench import wire
from gateway.bench.messages import Order, Plan, number_of

NEVER = -1
RECEIPT_OF_CALL = b'{"receipt":"c'


@dataclass(slots=True)
class Said:
    """What the program says of a step, besides its samples.

    Attributes:
        acked: Messages acknowledged in time.
        strange: Acknowledgements of nothing that was published, or a second time.
        closed: Connections that the system closed.
        cpu_s, wall_s: Of this program while messages were offered.
        clock_moved_s: What the machine's clock was set by meanwhile.
    """

    acked: int = 0
    strange: int = 0
    closed: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    clock_moved_s: float = 0.0


class Run:
    """One step under way."""

    def __init__(self, order: Order, planned: Plan, began_ns: int) -> None:
        """Wait for everything."""
        self.order, self.plan, self.began_ns = order, planned, began_ns
        never = array("q", [NEVER]) * order.offered
        self.queued, self.acked, self.seen = never[:], never[:], never[:]
        self.said = Said()
        self.rest = b""
        self._calls_left = order.calls

    @property
    def is_waiting(self) -> bool:
        """Whether an acknowledgement or an alert has not come."""
        return self.said.acked < self.order.offered or self._calls_left > 0

    def take(self, line: int, data: bytes, now_ns: int) -> bytes:
        """Take what came on a connection; give what must be answered, and keep the rest."""
        answers = bytearray()
        read = 0
        for first, begin, end in wire.packets(data):
            read = end
            kind = first >> 4
            if kind == wire.PUBACK:
                self._acknowledged(line, int.from_bytes(data[begin:end]), now_ns)
            elif kind == wire.PUBLISH:
                packet_id, body = wire.told(data, first, begin, end)
                if packet_id is not None:
                    answers += wire.puback(packet_id)
                self._heard(body, now_ns, is_alert=line >= len(self.plan.owners))
        self.rest = data[read:]
        return bytes(answers)

    def _acknowledged(self, line: int, packet_id: int, now_ns: int) -> None:
        mine = self.plan.owners[line] if line < len(self.plan.owners) else []
        number = mine[packet_id - 1] if 0 < packet_id <= len(mine) else None
        if number is None or self.acked[number] != NEVER or self.queued[number] == NEVER:
            self.said.strange += 1
            return
        self.acked[number] = now_ns
        self.said.acked += 1

    def _heard(self, body: bytes, now_ns: int, *, is_alert: bool) -> None:
        if is_alert:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                self._saw(str(json.loads(body)["id"]), now_ns)
        elif body.startswith(RECEIPT_OF_CALL):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                receipt = json.loads(body)
                if receipt["result"] == "stored":
                    self._saw(receipt["receipt"], now_ns)

    def _saw(self, message_id: str, now_ns: int) -> None:
        number = number_of(message_id, self.order.step)
        if number is None or number >= self.order.offered or self.seen[number] != NEVER:
            return
        self.seen[number] = now_ns
        self._calls_left -= self.order.is_call(number)
