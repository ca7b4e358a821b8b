"""Devices that speak our native MQTT: alarm pendants, fall detectors, home hubs (INTERFACES 2).

The body is one JSON object; a part may be left out, several may stand together:

```
{"id": "17-0043",                    unique per device: boot number, counter
 "at": "2021-02-02T06:56:00Z",       the device's time, RFC 3339 with an offset
 "activation": "fall",               a word of ActivationKind; others still call: kind unknown
     "impact_g": 3.4,                0..200, g          "still_s": 20,     0..604800, s
     "of": "17-0042",                cancel: whose id   "location": "bath"
 "vitals": {"spo2_pct": 93, ...},    devices/vital_ranges.py; units in the names; null is absent
 "answers": {"breathlessness": 2},   name to string, number, boolean or null
 "status": {"battery_pct": 12,       low at 15 or less  "mains": false,    lost
            "tamper": false}}        restored
{"id": "17-0046"}                    a heartbeat
```
Unknown keys are ignored beside known parts. What is not strict JSON is Corrupt as a whole, a key
that stands twice too (devices/strict_json.py); apart from that a bad value harms itself only: the
good ones become Signals, the bad one an error beside them. Times: devices/fields.py `moment`.
"""

from collections.abc import Callable, Mapping
from typing import Annotated

import msgspec

from devices.decoding import Decoded, Family
from devices.errors import Corrupt, NotMine, Unknown
from devices.fields import Error, Moment, Types, from_to, moment, shown, values
from devices.links.native import LINK, Channel, parse_topic
from devices.model import (
    MAX_KEY_CHARS,
    Activation,
    ActivationKind,
    Answers,
    Flag,
    Measurement,
    Packet,
    Signal,
    Status,
    StatusKind,
    StatusState,
    VitalCode,
)
from devices.strict_json import Object, read_object
from devices.vital_ranges import VITALS

DEVICE = Family(LINK, "native MQTT pendants, fall detectors and hubs", "INTERFACES.md section 2")

MAX_ANSWERS = 100
MAX_ANSWER_CHARS = 1_000
MAX_WHOLE = 2**53
BATTERY_LOW_PCT = 15

STATUS = Types({"battery_pct": from_to(0, 100), "mains": bool, "tamper": bool})
CALL = Types({
    "activation": Annotated[str, msgspec.Meta(max_length=MAX_KEY_CHARS)],
    "of": Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_KEY_CHARS)],
    "location": Annotated[str, msgspec.Meta(max_length=MAX_KEY_CHARS)],
    "impact_g": from_to(0, 200),
    "still_s": from_to(0, 604_800),
})  # fmt: skip

Read = tuple[list[Signal], list[Error]]


class _Frame(msgspec.Struct, frozen=True):
    """What all signals of a message share."""

    device: str
    key: str
    message: Object
    moment: Moment


def decode(packet: Packet) -> Decoded:
    """Read one native message.

    Raises:
        NotMine: another link, or no topic on which devices speak.
        Corrupt: no JSON object as drawn above, and no good part in it.
        Unknown: nothing in it is known, or only a wish to call without saying what for.
    """
    topic = parse_topic(packet.topic)
    if packet.link != LINK or topic is None or topic.channel is Channel.DOWN:
        raise NotMine(f"link {packet.link!r}, expected topic lifeline/v1/<device>/call, up or will")
    flags = _flags(packet)
    if topic.channel is Channel.WILL:
        lost = StatusState.LOST
        return Decoded((Status(topic.device, StatusKind.LINK, lost, code="will", flags=flags),))
    message = read_object(packet.body)
    when = moment(message.get("at"), packet.received_at, flags)
    frame = _Frame(topic.device, packet.key, message, when)
    present = [name for name in _PARTS if name in message]
    signals: list[Signal] = []
    errors: list[Error] = []
    for name in present:
        more, wrong = _PARTS[name](frame)
        signals += more
        errors += wrong
    if message.get("id") is not None and not packet.key:
        errors.append(Corrupt(f"id: {shown(message['id'])}, expected 1 to 128 printable letters"))
    if topic.channel is Channel.CALL and "activation" not in message:
        errors.append(Unknown(f"{len(message)} keys on the call topic, expected an activation"))
    elif not present and not errors:
        signals.append(_heartbeat(frame))
    if errors and not signals:
        raise errors[0]
    return Decoded(tuple(signals), tuple(errors))


def _flags(packet: Packet) -> frozenset[Flag]:
    flags = frozenset({Flag.RETAINED} if packet.retained else ())
    return flags if packet.authenticated else flags | {Flag.UNAUTHENTICATED}


def _activation(frame: _Frame) -> Read:
    message, when = frame.message, frame.moment
    good, errors = values(message, CALL, "call")
    code = good.pop("activation", None)
    if code is None:
        return [], errors or [Corrupt("call.activation: null, expected a word")]
    what = _KINDS.get(code, ActivationKind.UNKNOWN)
    if what is ActivationKind.CANCEL and message.get("of") is not None and "of" not in good:
        return [], errors  # a cancel of nobody knows what must not end a call for help
    if code not in _KINDS:
        errors.append(Unknown(f"call.activation: {shown(code)}, expected a word of the list"))
    call = Activation(
        frame.device, what, key=frame.key, at=when.at, code=code, flags=when.flags, **good
    )
    return [call], errors


def _vitals(frame: _Frame) -> Read:
    good, errors = values(frame.message["vitals"], VITALS, "vitals")
    when = frame.moment
    shared = (when.quality, when.measured_at, when.measured_flags)
    return [
        Measurement(frame.device, _CODES[name], value, *shared) for name, value in good.items()
    ], errors


def _answers(frame: _Frame) -> Read:
    sent = {} if frame.message["answers"] is None else frame.message["answers"]
    if not isinstance(sent, dict) or len(sent) > MAX_ANSWERS:
        return [], [Corrupt(f"answers: {shown(sent)}, expected an object of up to {MAX_ANSWERS}")]
    good = {name: value for name, value in sent.items() if _is_answer(name, value)}
    answers = Answers(frame.device, good, frame.moment.at, frame.moment.flags)
    errors: list[Error] = []
    if len(good) < len(sent):
        limits = f"{MAX_ANSWER_CHARS} characters or {MAX_WHOLE}, no lists or objects"
        errors = [Corrupt(f"answers: {len(sent) - len(good)} of {len(sent)}, expected to {limits}")]
    return [answers] if good else [], errors


def _is_answer(name: str, value: object) -> bool:
    if isinstance(value, int):
        return abs(value) <= MAX_WHOLE
    text = name + value if isinstance(value, str) else name
    return len(text) <= MAX_ANSWER_CHARS and not isinstance(value, dict | list)


def _status(frame: _Frame) -> Read:
    sent, when = frame.message["status"], frame.moment
    good, errors = values(sent, STATUS, "status")
    signals: list[Signal] = []
    for name, value in good.items():
        code = msgspec.json.encode(sent[name]).decode()
        if name == "battery_pct":
            state = StatusState.LOW if value <= BATTERY_LOW_PCT else StatusState.OK
            kind, level = StatusKind.BATTERY, value
        else:
            kind, level = StatusKind(name), None
            state = _SWITCHES[kind][value]
        signals.append(Status(frame.device, kind, state, level, when.at, code, when.flags))
    return signals, errors


def _heartbeat(frame: _Frame) -> Status:
    message, when = frame.message, frame.moment
    if message.get("id") is None:
        raise Corrupt(f"{len(message)} keys, expected an id, a part or both")
    if extra := message.keys() - {"id", "at"}:
        raise Unknown(f"{len(extra)} keys beside id and at, expected some of {', '.join(_PARTS)}")
    return Status(frame.device, StatusKind.HEARTBEAT, at=when.at, flags=when.flags)


_KINDS = {kind.value: kind for kind in ActivationKind}
_CODES = {code.value: code for code in VitalCode}
_SWITCHES = {
    StatusKind.MAINS: {True: StatusState.RESTORED, False: StatusState.LOST},
    StatusKind.TAMPER: {True: StatusState.FAULT, False: StatusState.RESTORED},
}
_PARTS: Mapping[str, Callable[[_Frame], Read]] = {
    "activation": _activation,
    "vitals": _vitals,
    "answers": _answers,
    "status": _status,
}
