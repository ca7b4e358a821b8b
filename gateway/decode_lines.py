"""`lifeline decode`: one read of a device's bytes a line, its signals in one line (INTERFACES 5).

Without `stream` a line is one read by itself, and what is left over at its end is corrupt. With
`stream` lines of the same value share a framer, and what is left over waits in `pending_bytes`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

from devices.decoding import Families, decode, error_json, families
from devices.errors import Corrupt, DecodeError
from devices.framing import BadFrame, Framer
from devices.links import native, nonin2, rfxtrx
from devices.model import Packet, Signal
from devices.output import signal_json
from gateway.clock import Clock
from gateway.lines import BadInput, answer_lines

LINE = "decode"
MAX_STREAMS = 10_000
MAX_HEX_CHARS = 2 * 1_048_576
BODIES = ("hex", "text", "json")
FRAMERS: Mapping[str, Callable[[], Framer[bytes]]] = {
    nonin2.LINK: nonin2.NoninFramer,
    rfxtrx.LINK: rfxtrx.RfxtrxFramer,
}
LINKS = (native.LINK, *FRAMERS)


@dataclass(frozen=True, slots=True)
class Line:
    """A checked line."""

    link: str
    body: bytes
    topic: str
    retained: bool
    received_at: datetime
    stream: str | None


@dataclass(slots=True)
class Read:
    """What one line gave so far; `understood` says whether any frame of it was good."""

    signals: list[Signal] = field(default_factory=list)
    errors: list[DecodeError] = field(default_factory=list)
    understood: bool = False


def decode_lines(lines: IO[bytes], out: IO[str]) -> int:
    """Decode each line; give the exit code."""
    return answer_lines(lines, out, Decoder(families()).answer)


class Decoder:
    """Decodes lines, remembering the framing state of named streams."""

    def __init__(self, known: Families) -> None:
        """Begin with no stream."""
        self._known = known
        self._streams: dict[tuple[str, str], Framer[bytes]] = {}

    def answer(self, given: dict[str, Any]) -> dict[str, Any]:
        """Answer one line.

        Raises:
            BadInput: the envelope is wrong; names the key and what was expected.
        """
        line = _line(given)
        read = Read()
        pending_bytes = 0
        if line.link == native.LINK:
            self._take(read, _native(line))
        else:
            pending_bytes = self._cut(read, line)
        return _shape(read, pending_bytes)

    def _cut(self, read: Read, line: Line) -> int:
        """Cut the line's bytes into frames and read each; give how many bytes wait."""
        framer = self._framer(line)
        for frame in framer.feed(line.body):
            if isinstance(frame, BadFrame):
                read.errors.append(Corrupt(frame.message))
            else:
                self._take(read, _framed(line, frame))
        if line.stream is not None:
            return framer.pending_bytes
        if framer.pending_bytes:
            rest = f"{framer.pending_bytes} bytes left over, expected whole frames"
            read.errors.append(Corrupt(rest))
        elif not line.body:
            read.errors.append(Corrupt("0 bytes, expected a frame"))
        return 0

    def _framer(self, line: Line) -> Framer[bytes]:
        if line.stream is None:
            return FRAMERS[line.link]()
        key = (line.link, line.stream)
        if key not in self._streams and len(self._streams) >= MAX_STREAMS:
            raise BadInput(f"more than {MAX_STREAMS} streams in one run")
        return self._streams.setdefault(key, FRAMERS[line.link]())

    def _take(self, read: Read, packet: Packet) -> None:
        try:
            decoded = decode(packet, self._known)
        except DecodeError as error:
            read.errors.append(error)
            return
        read.understood = True
        read.signals.extend(decoded.signals)
        read.errors.extend(decoded.errors)


def _native(line: Line) -> Packet:
    return native.unwrap(
        line.topic,
        line.body,
        line=LINE,
        sender=LINE,
        received_at=line.received_at,
        authenticated=True,
        retained=line.retained,
        peer=None,
    )


def _framed(line: Line, frame: bytes) -> Packet:
    if line.link == rfxtrx.LINK:
        return rfxtrx.unwrap(frame, line=LINE, received_at=line.received_at)
    return nonin2.unwrap([frame], line=LINE, sender=LINE, received_at=line.received_at)


def _shape(read: Read, pending_bytes: int) -> dict[str, Any]:
    if read.errors and not read.understood:
        return error_json(read.errors[0])
    shape: dict[str, Any] = {
        "signals": [signal_json(signal) for signal in read.signals],
        "pending_bytes": pending_bytes,
    }
    if read.errors:
        shape["errors"] = [error_json(error) for error in read.errors]
    return shape


def _line(given: dict[str, Any]) -> Line:
    link = given.get("link")
    if link not in LINKS:
        raise BadInput(f"link is {link!r}, this version reads {', '.join(LINKS)}")
    bodies = [name for name in BODIES if given.get(name) is not None]
    if len(bodies) != 1:
        raise BadInput(f"{len(bodies)} of hex, text, json, expected exactly one")
    return Line(
        link=str(link),
        body=_body(bodies[0], given[bodies[0]]),
        topic=_text(given, "topic") or "",
        retained=_flag(given, "retained"),
        received_at=_time(given),
        stream=_text(given, "stream"),
    )


def _body(name: str, value: object) -> bytes:
    if name == "json":
        return json.dumps(value).encode()
    if not isinstance(value, str):
        raise BadInput(f"{name} is no string")
    if name == "text":
        return value.encode("utf-8", "surrogatepass")
    if len(value) > MAX_HEX_CHARS:
        raise BadInput(f"hex of {len(value)} characters, expected at most {MAX_HEX_CHARS}")
    try:
        return bytes.fromhex(value)
    except ValueError as error:
        raise BadInput(f"hex: {error}") from error


def _text(given: dict[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise BadInput(f"{name} is no string")
    return value


def _flag(given: dict[str, Any], name: str) -> bool:
    value = given.get(name, False)
    if value is not None and not isinstance(value, bool):
        raise BadInput(f"{name} is neither true nor false")
    return bool(value)


def _time(given: dict[str, Any]) -> datetime:
    """Read `received_at`; without one the line was received now."""
    text = _text(given, "received_at")
    if text is None:
        return Clock().now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"received_at: {error}") from error
    if at.tzinfo is None:
        raise BadInput("received_at has no time zone, expected RFC 3339 with Z")
    return at.astimezone(UTC)
