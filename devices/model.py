"""The words between devices and decisions: Packet, Signal and its kinds.

A Packet is bytes as they came. A Signal is what the device said, understood. Everything here is
a frozen value; times are aware UTC; units stand last in a field's name. The closed lists are those
of INTERFACES 5, so that `lifeline decode` prints these values as they are.
"""

from datetime import datetime
from enum import StrEnum

import msgspec


class ActivationKind(StrEnum):
    """What called for help (INTERFACES 5, "activation")."""

    PENDANT = "pendant"
    PULL_CORD = "pull_cord"
    BUTTON = "button"
    PANIC = "panic"
    FALL = "fall"
    MAN_DOWN = "man_down"
    SEIZURE = "seizure"
    INACTIVITY = "inactivity"
    BED_EXIT = "bed_exit"
    CHAIR_EXIT = "chair_exit"
    DOOR = "door"
    WANDERING = "wandering"
    SMOKE = "smoke"
    HEAT = "heat"
    FIRE = "fire"
    CO = "co"
    GAS = "gas"
    FLOOD = "flood"
    TEMPERATURE_HIGH = "temperature_high"
    TEMPERATURE_LOW = "temperature_low"
    MEDICATION_MISSED = "medication_missed"
    INTRUDER = "intruder"
    BOGUS_CALLER = "bogus_caller"
    ASSISTANCE = "assistance"
    CANCEL = "cancel"
    RESET = "reset"
    UNKNOWN = "unknown"


class Phase(StrEnum):
    """Whether an activation begins or ends."""

    START = "start"
    END = "end"


class Flag(StrEnum):
    """What weakens a signal; a flag never removes a call for help."""

    RETAINED = "retained"
    CACHED = "cached"
    FROM_MEMORY = "from_memory"
    SIMULATED = "simulated"
    TEST = "test"
    CLOCK_SUSPECT = "clock_suspect"
    POSITION_INVALID = "position_invalid"
    UNAUTHENTICATED = "unauthenticated"


class VitalCode(StrEnum):
    """A vital sign under its native name, which ends in its unit (INTERFACES 2)."""

    SPO2 = "spo2_pct"
    HEART_RATE = "heart_rate_bpm"
    RESPIRATORY_RATE = "respiratory_rate_bpm"
    SYSTOLIC = "systolic_mmhg"
    DIASTOLIC = "diastolic_mmhg"
    TEMPERATURE = "temperature_c"
    WEIGHT = "weight_kg"
    GLUCOSE = "glucose_mmol_l"
    PEAK_FLOW = "peak_flow_l_min"
    CONSCIOUSNESS = "consciousness"
    OXYGEN = "oxygen"


class Quality(StrEnum):
    """How far a measured value may be trusted."""

    OK = "ok"
    ARTEFACT = "artefact"
    DEVICE_CLOCK = "device_clock"
    ABOVE_RANGE = "above_range"
    BELOW_RANGE = "below_range"


class StatusKind(StrEnum):
    """Which technical condition a Status speaks of."""

    HEARTBEAT = "heartbeat"
    BATTERY = "battery"
    MAINS = "mains"
    TAMPER = "tamper"
    JAMMING = "jamming"
    RADIO = "radio"
    LINK = "link"
    FAULT = "fault"
    AVAILABILITY = "availability"
    ATTENDANCE = "attendance"


class StatusState(StrEnum):
    """The condition's state."""

    OK = "ok"
    LOW = "low"
    LOST = "lost"
    RESTORED = "restored"
    FAULT = "fault"


class Lane(StrEnum):
    """Which of the two queues a message takes (DESIGN 4)."""

    ALARM = "alarm"
    VITALS = "vitals"


class Packet(msgspec.Struct, frozen=True, gc=False):
    """Bytes as they came, with where from and when.

    Attributes:
        link: The wire protocol that carried it: `native`, later `scaip`, `dc09`, ...
        line: The listener's account space; senders are unique by (line, sender).
        sender: The name the sender gave or proved, at most 128 characters.
        key: The protocol's own repeat key (native: `id`), or "" when it has none or none could be
            read; then the digest of the content stands for it.
        body: The message, verbatim.
        topic: The topic it came on, for links that have one.
        received_at: The gateway's clock, UTC.
        authenticated: Whether the sender proved its name.
        retained: The transport gave it from its memory.
        repeat_window_s: For how long the same key and content is the same message.
        peer: Network address of the sender; for folding of unknown callers, never logged.
        integrity: Whether the link can tell a whole message from a garbled one. Where it cannot,
            any noise may look like a call: only an enrolled sender may call then (ADR 0004).
    """

    link: str
    line: str
    sender: str
    key: str
    body: bytes
    received_at: datetime
    topic: str | None = None
    authenticated: bool = True
    retained: bool = False
    repeat_window_s: int = 2_592_000
    peer: str | None = None
    integrity: bool = True


class Activation(msgspec.Struct, frozen=True, tag="activation", tag_field="kind"):
    """A call for help, or its cancel, reset or end.

    Attributes:
        device: The sender's name as INTERFACES 5 gives it per link; None when the link has none.
        what: What called.
        key: The message's own id, so that a cancel can name it (`of`).
        at: The device's own time, or None when it sent none that can be true.
        code: The original string.
        still_s: Seconds the wearer has lain still, where the detector says so.
    """

    device: str | None
    what: ActivationKind
    key: str = ""
    phase: Phase = Phase.START
    at: datetime | None = None
    code: str = ""
    flags: frozenset[Flag] = frozenset()
    of: str | None = None
    location: str | None = None
    impact_g: float | None = None
    still_s: float | None = None


class Measurement(msgspec.Struct, frozen=True, gc=False, tag="measurement", tag_field="kind"):
    """One vital sign or sensor value.

    `value` is None exactly when `quality` is above_range or below_range; `consciousness` carries
    its letter (A, C, V, P, U), `oxygen` a boolean, all others a number in the unit of the code.
    `lowest` and `highest` are the extremes of a folded reading (DESIGN 7), where it is one.
    """

    device: str | None
    code: VitalCode
    value: float | str | bool | None
    quality: Quality = Quality.OK
    at: datetime | None = None
    flags: frozenset[Flag] = frozenset()
    lowest: float | None = None
    highest: float | None = None


class Status(msgspec.Struct, frozen=True, gc=False, tag="status", tag_field="kind"):
    """A technical condition: heartbeat, battery, mains, tamper, link.

    `value` is the number that came with it (battery: percent or the maker's level).
    """

    device: str | None
    what: StatusKind
    state: StatusState = StatusState.OK
    value: float | None = None
    at: datetime | None = None
    code: str = ""
    flags: frozenset[Flag] = frozenset()


class Answers(msgspec.Struct, frozen=True, tag="answers", tag_field="kind"):
    """Answers to a questionnaire, as sent: question name to answer."""

    device: str | None
    answers: dict[str, str | int | float | bool | None]
    at: datetime | None = None
    flags: frozenset[Flag] = frozenset()


Signal = Activation | Measurement | Status | Answers

MAX_SENDER_CHARS = 128
MAX_KEY_CHARS = 128

PARTITION_PAST_DAYS = 400
PARTITION_FUTURE_S = 300


def lane_of(signals: tuple[Signal, ...]) -> Lane:
    """Say which lane a message takes: any activation or cancel goes before everything else."""
    return Lane.ALARM if Activation in map(type, signals) else Lane.VITALS


def is_plausible_time(at: datetime, received_at: datetime) -> bool:
    """Say whether a device's time may stand for when something happened (DESIGN 7).

    Within [received - 400 days, received + 5 min]; outside of it the receive time is used, with
    quality `device_clock`, and the device's own time is kept beside it.
    """
    late_s = (received_at - at).total_seconds()
    return -PARTITION_FUTURE_S <= late_s <= PARTITION_PAST_DAYS * 86_400
