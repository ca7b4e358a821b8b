"""The parts of a broker's client that do not talk: settings, pauses, whom it knows, its notes."""

import json
import ssl
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import structlog

from devices.links import native

log = structlog.get_logger()

MAX_KNOWN = 10_000
ANY_DEVICE = "+"


class Topics(StrEnum):
    """The two classes of topics; each has a connection of its own (INTERFACES 2)."""

    CALLS = "calls"
    OTHERS = "others"


CHANNELS = {
    Topics.CALLS: (native.Channel.CALL,),
    Topics.OTHERS: (native.Channel.UP, native.Channel.WILL),
}


class Version(StrEnum):
    """The MQTT version spoken with a broker."""

    V311 = "3.1.1"
    V5 = "5"


@dataclass(frozen=True, slots=True)
class BrokerTiming:
    """Patience and bounds towards one broker.

    Attributes:
        keep_alive_s: MQTT keep-alive; pings go on whatever is unacknowledged.
        connect_s: For TCP and for TLS, each.
        answer_s: For CONNACK, SUBACK and UNSUBACK, each.
        pause_first_s: Before the second attempt; it doubles up to
        pause_max_s: which is never exceeded.
        held_s: A connection that held so long starts the pauses anew.
        flush_s: How long the last bytes before the end may take.
        drain_s: How long an orderly end waits for commits.
        stuck_s: After which a message that is not stored lets later ones be acknowledged.
        receive_maximum: Unacknowledged messages we ask for (version 5). A broker may overstep it.
        window: Unacknowledged messages that are held; those beyond stay with the broker.
        passed_over: So many stuck messages, and the connection is renewed: the broker gives them
            again.
        session_s: For how long a broker keeps our session without us (version 5).
        group_session_s: The same for a member of a group: a broker goes on giving an absent
            member its share until then (measured with mosquitto 2.0.11: every second press).
        outbound: Receipts and texts that wait; beyond it the oldest is dropped.
        in_flight_out: Receipts and texts that the broker has not acknowledged.
        body_bytes: Of a longer message only so much is kept, as evidence.
    """

    keep_alive_s: int = 20
    connect_s: float = 5.0
    answer_s: float = 10.0
    pause_first_s: float = 0.2
    pause_max_s: float = 5.0
    held_s: float = 1.0
    flush_s: float = 2.0
    drain_s: float = 5.0
    stuck_s: float = 60.0
    receive_maximum: int = 200
    window: int = 5_000
    passed_over: int = 10
    session_s: int = 604_800
    group_session_s: int = 30
    outbound: int = 10_000
    in_flight_out: int = 100
    body_bytes: int = 262_144


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """One broker.

    Attributes:
        line: The account space of the devices behind it.
        client_id: Ours; the two connections add `-calls` and `-others`.
        tls: Its context, None for a plain connection.
        group: Shares the messages with the other members of this group: `$share/<group>/…`.
        trusted_topics: Whether the broker's ACL makes sure that only a device itself publishes
            under its name. Then a message comes from the device its topic names, as if that had
            proved its name; else it comes from an unknown caller who claims to be that device.
        memory: Folder in which the subscriptions are noted; None: nothing is noted.
    """

    line: str
    host: str
    port: int
    client_id: str
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    group: str | None = None
    version: Version = Version.V5
    trusted_topics: bool = True
    memory: Path | None = None
    timing: BrokerTiming = field(default_factory=BrokerTiming)

    def filters(self, topics: Topics) -> tuple[str, ...]:
        """Give what is subscribed for a class of topics."""
        share = f"$share/{self.group}/" if self.group else ""
        return tuple(
            f"{share}{native.PREFIX}{ANY_DEVICE}/{channel.value}" for channel in CHANNELS[topics]
        )


class Pauses:
    """Pauses between attempts to connect: doubling, jittered, bounded."""

    def __init__(self, timing: BrokerTiming) -> None:
        """Begin with the shortest."""
        self._timing = timing
        self._next_s = timing.pause_first_s

    def after(self, held_s: float, entropy: float) -> float:
        """Give the pause after a connection that held so long.

        Args:
            held_s: 0 for one that was never made.
            entropy: A number in [0, 1): the pause is between half and all of its length.
        """
        if held_s >= self._timing.held_s:
            self._next_s = self._timing.pause_first_s
        longest_s = min(self._next_s, self._timing.pause_max_s)
        self._next_s = longest_s * 2
        return longest_s * (0.5 + 0.5 * entropy)


class Known:
    """The devices heard through this broker; so many, the one not heard for longest goes first."""

    def __init__(self) -> None:
        """Know nobody."""
        self._names: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def add(self, name: str) -> None:
        """Note that a device was heard."""
        self._names[name] = None
        self._names.move_to_end(name)
        if len(self._names) > MAX_KNOWN:
            self._names.popitem(last=False)


class SubscriptionNotes:
    """What a session is subscribed to at its broker, kept over restarts and changed settings.

    A persistent session keeps the subscriptions of earlier settings; the broker does not tell
    which. Noted before they are asked for, so that a kill in between forgets none.
    """

    def __init__(self, folder: Path | None, session: str) -> None:
        """Name the file; nothing is read yet."""
        self._file = None if folder is None else folder / f"{session}.json"

    def stale(self, wanted: Sequence[str]) -> list[str]:
        """Give the noted filters that are not wanted any more."""
        return [one for one in self._noted() if one not in wanted]

    def note(self, filters: Iterable[str]) -> None:
        """Add filters that may be subscribed from now on."""
        self._write(dict.fromkeys([*self._noted(), *filters]))

    def only(self, filters: Iterable[str]) -> None:
        """Note that these and no others are subscribed."""
        self._write(dict.fromkeys(filters))

    def _noted(self) -> list[str]:
        if self._file is None:
            return []
        try:
            found = json.loads(self._file.read_text())
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            log.warning("noted subscriptions cannot be read", error=type(error).__name__)
            return []
        return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []

    def _write(self, filters: Iterable[str]) -> None:
        """Write; a disk that refuses must not keep us from hearing calls."""
        if self._file is None:
            return
        fresh = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh.write_text(json.dumps(list(filters)))
            fresh.replace(self._file)
        except OSError as error:
            log.warning("subscriptions cannot be noted", error=type(error).__name__)
