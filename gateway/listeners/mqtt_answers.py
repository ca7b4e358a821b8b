"""Answers to one device that wait for the end of the loop's turn: a batch's commit is one write."""

from devices.links import native
from devices.links.mqtt_events import Answer
from devices.links.mqtt_reasons import Reason
from devices.model import Packet
from gateway.arrivals import Verdict


class Answers:
    """What one device is to be told; never more than it has in flight."""

    __slots__ = ("_each",)

    def __init__(self) -> None:
        """Begin with nothing to tell."""
        self._each: list[tuple[int | None, Reason, bytes | None]] = []

    def add(self, packet: Packet, packet_id: int | None, reason: Reason, verdict: Verdict) -> bool:
        """Note the answer to a message; True for the first, after which `take` is to be called.

        Args:
            packet: The message.
            packet_id: Its MQTT packet id, None at QoS 0.
            reason: What its topic deserves, when it was not refused.
            verdict: What became of it.
        """
        refused = verdict.result == "refused"
        receipt = None
        if verdict.receipt is not None:
            receipt = native.reply(packet, native.Result(verdict.result), verdict.reason or "")
        self._each.append((packet_id, Reason.REFUSED if refused else reason, receipt))
        return len(self._each) == 1

    def take(self) -> Answer | None:
        """Give all that has gathered, in one command; None when nothing has."""
        if not self._each:
            return None
        answer = Answer(self._each)
        self._each = []
        return answer
