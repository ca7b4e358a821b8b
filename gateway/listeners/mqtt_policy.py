"""What a device may publish where, what it is called, how fast a stranger may talk. No I/O.

A topic is only ever a reason to say so in the PUBACK and to count: whatever came is handed in,
because evidence is kept and a call for help is heard wherever it was sent.
"""

from collections import OrderedDict
from dataclasses import dataclass

from devices.links import native
from devices.links.mqtt_reasons import Reason
from devices.model import MAX_SENDER_CHARS

NAMELESS = "nameless"
OTHER = "other"
SOURCES = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """What a topic means for the one who published to it."""

    word: str
    reason: Reason


class Topics:
    """The topics of one device; remembers a few that were looked at before."""

    def __init__(self, name: str) -> None:
        """Know the device's name."""
        self._name = name
        self._own = {
            native.topic_of(name, channel): Standing(channel.value, Reason.SUCCESS)
            for channel in (native.Channel.CALL, native.Channel.UP)
            if native.is_device_name(name)
        }

    @property
    def down(self) -> str | None:
        """Where receipts go; None when no topic can carry the name."""
        if not native.is_device_name(self._name):
            return None
        return native.topic_of(self._name, native.Channel.DOWN)

    def will(self, asked: str) -> str:
        """Where a will is handed in; as the device asked when no topic can carry the name."""
        if not native.is_device_name(self._name):
            return asked
        return native.topic_of(self._name, native.Channel.WILL)

    def standing(self, topic: str) -> Standing:
        """Say what a published topic is: own, another device's (0x87), or nobody's (0x10)."""
        own = self._own.get(topic)
        if own is not None:
            return own
        parsed = native.parse_topic(topic)
        if parsed is None:
            return Standing(OTHER, Reason.NO_MATCHING_SUBSCRIBERS)
        return Standing(parsed.channel.value, Reason.NOT_AUTHORIZED)


def claimed_name(username: str | None, common_name: str | None, client_id: str) -> str:
    """Say what a sender calls itself: its user name, its certificate's name, its client id.

    Cut at 128 characters; what cannot be printed becomes "?".
    """
    name = username or common_name or client_id or NAMELESS
    return "".join(one if one.isprintable() else "?" for one in name[:MAX_SENDER_CHARS])


class Bucket:
    """A rate with a burst: so many tokens, refilled over time. For strangers' readings only."""

    __slots__ = ("_burst", "_per_s", "_then_s", "_tokens")

    def __init__(self, burst: int, per_s: float, now_s: float) -> None:
        """Begin full."""
        self._burst = burst
        self._per_s = per_s
        self._tokens = float(burst)
        self._then_s = now_s

    def take(self, now_s: float) -> bool:
        """Take a token; False when there is none."""
        refilled = self._tokens + (now_s - self._then_s) * self._per_s
        self._then_s = now_s
        self._tokens = min(float(self._burst), refilled)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class StrangerRates:
    """How fast the strangers of each address may talk, whatever their connections come and go.

    Remembers so many addresses; the one not heard for longest is forgotten first.
    """

    def __init__(self, burst: int, per_s: float) -> None:
        """Give every address this burst, refilled at this rate."""
        self._burst = burst
        self._per_s = per_s
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, source: str, now_s: float) -> bool:
        """Take a token of an address; False when there is none."""
        bucket = self._buckets.pop(source, None) or Bucket(self._burst, self._per_s, now_s)
        if len(self._buckets) >= SOURCES:
            self._buckets.popitem(last=False)
        self._buckets[source] = bucket
        return bucket.take(now_s)
