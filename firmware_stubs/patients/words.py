"""The words of the made-up ward: signs, instruments, what happens to people and to readings."""

import json
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

Value = float | str | bool | None

DAY = timedelta(days=1)


class Sign(StrEnum):
    """A vital sign under its native name (INTERFACES 2)."""

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


class Pathway(StrEnum):
    """Why somebody is on the ward (INTERFACES 7)."""

    HEART_FAILURE = "heart_failure"
    COPD = "copd"
    COVID = "covid"
    FRAILTY = "frailty"
    REHABILITATION = "rehabilitation"


class Instrument(StrEnum):
    """What a reading was taken with; an observer counts breaths and looks; a sheet asks."""

    OXIMETER = "oximeter"
    CUFF = "cuff"
    SCALE = "scale"
    THERMOMETER = "thermometer"
    OBSERVER = "observer"
    GLUCOSE_METER = "glucose_meter"
    PEAK_FLOW_METER = "peak_flow_meter"
    SHEET = "sheet"


class EpisodeKind(StrEnum):
    """What can happen to a person's body; the last one is an illness, not a worsening."""

    COPD_EXACERBATION = "copd_exacerbation"
    HF_DECOMPENSATION = "hf_decompensation"
    FLUID_LOSS = "fluid_loss"
    CHEST_INFECTION = "chest_infection"
    URINE_INFECTION = "urine_infection"
    COVID_DECLINE = "covid_decline"
    FAST_FIBRILLATION = "fast_fibrillation"
    HYPERGLYCAEMIA = "hyperglycaemia"
    HYPOGLYCAEMIA = "hypoglycaemia"
    COVID_ILLNESS = "covid_illness"


class Artefact(StrEnum):
    """Why one reading is not the person's; a repeat is right."""

    COLD_FINGER = "cold_finger"
    MOTION = "motion"
    WRONG_PERSON = "wrong_person"
    CLOTHES = "clothes"
    CUFF_ERROR = "cuff_error"
    COLD_DRINK = "cold_drink"
    STRIP = "strip"


class FaultKind(StrEnum):
    """What can be wrong with a device for days; a repeat is as wrong."""

    DRIFT = "drift"
    STUCK = "stuck"
    CLOCK = "clock"
    BATTERY = "battery"
    OUTAGE = "outage"


class Beyond(StrEnum):
    """A meter's HI or LO, in the words of INTERFACES 5 for a measurement's quality."""

    ABOVE = "above_range"
    BELOW = "below_range"


class Episode(msgspec.Struct, frozen=True):
    """A true worsening: the label that rules are measured against.

    Attributes:
        patient: The person's id.
        severity: 1 is the middle; effects and symptoms are in proportion.
        onset: When the body began to change; nobody could know yet.
        notice_from: The body's change has reached NOTICE_LEVEL: a clinician would want to know.
        notice_until: Usual care takes hold and the change turns: telling it later gains nothing.
        peak: The change is whole.
        resolved: Back to normal.
        treatment: What usual care does at `notice_until`.
        silent: Signs that this episode does not move though its kind does: a decompensation
            without weight gain, an infection without fever.
        confused: New confusion while the episode is grave.
    """

    patient: str
    kind: EpisodeKind
    severity: float
    onset: datetime
    notice_from: datetime
    notice_until: datetime
    peak: datetime
    resolved: datetime
    treatment: str
    silent: tuple[Sign, ...] = ()
    confused: bool = False


class Fault(msgspec.Struct, frozen=True):
    """A device fault: which instrument (None: the hub, so all of them), from when to when.

    `amount` is the drift a day in the sign's unit (DRIFT), the clock's error in days (CLOCK; None
    is a clock that began again at its factory date), else None.
    """

    patient: str
    kind: FaultKind
    instrument: Instrument | None
    begins: datetime
    ends: datetime
    amount: float | None = None


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message of a patient's hub with its truth.

    Attributes:
        patient: The person's id.
        device: The hub's name, as in its topic.
        id: The message's id, unique for the device.
        instrument: What it was measured with; None for the hub's own status.
        measured_at: When it truly was measured; `received_at`: when the gateway has it.
        at: When the device says it was: differs from `measured_at` when its clock is wrong.
        vitals: Values by native name; None where `beyond` has the name: the meter showed HI or LO.
        artefacts: Names of `vitals` that are not the person's, and why.
        faults: Device faults that this message suffers from.
    """

    patient: str
    device: str
    id: str
    instrument: Instrument | None
    measured_at: datetime
    at: datetime
    received_at: datetime
    vitals: dict[str, Value]
    beyond: dict[str, Beyond]
    artefacts: dict[str, Artefact]
    faults: tuple[FaultKind, ...] = ()
    answers: dict[str, Value] | None = None
    status: dict[str, Value] | None = None

    def native(self) -> dict[str, object]:
        """Give the native body as an object (INTERFACES 2).

        The native format has no word for a meter's HI or LO: such a value stands as null in it,
        which our decoder takes as absent. Who needs it takes `beyond`.
        """
        body: dict[str, object] = {"id": self.id, "at": self.at.isoformat()[:19] + "Z"}
        for name in ("vitals", "answers", "status"):
            if part := getattr(self, name):
                body[name] = part
        return body

    def body(self) -> bytes:
        """Give the native body as JSON."""
        return json.dumps(self.native(), allow_nan=False, separators=(",", ":")).encode()
