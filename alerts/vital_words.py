"""The closed lists of the vitals half (DECIDING 7); `lifeline decide --vocabulary` prints them."""

from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is; nothing at all is no finding."""

    AMBER = "amber"
    RED = "red"


class ReadingSource(StrEnum):
    """Who or what gave a reading (DECIDING 7)."""

    DEVICE = "device"
    CLINICIAN = "clinician"
    CARER = "carer"
    LINK_PAGE = "link_page"
    SMS = "sms"


class Pathway(StrEnum):
    """What a person is watched for (INTERFACES 7)."""

    HEART_FAILURE = "heart_failure"
    COPD = "copd"
    COVID = "covid"
    FRAILTY = "frailty"
    REHABILITATION = "rehabilitation"


class Reference(StrEnum):
    """A figure of the person's own that readings are compared with."""

    BASELINE_SPO2 = "baseline_spo2_pct"
    TARGET_SPO2 = "target_spo2_pct"
    DRY_WEIGHT = "dry_weight_kg"


class ClinicianAct(StrEnum):
    """What a clinician of the ward does about a person or an open alarm of theirs."""

    ACKNOWLEDGE = "acknowledge"
    REVIEW = "review"
    SNOOZE = "snooze"
    CONFIRM = "confirm"
    EMERGENCY = "emergency"
    CLOSE = "close"
    NOTE = "note"
    RECORD = "record"
    STATUS = "status"
    DISCHARGE = "discharge"


class VitalEvent(StrEnum):
    """What happened on a pathway, and is shown beside the readings (issue 6)."""

    RESCUE_PACK_STARTED = "rescue_pack_started"
    OXYGEN_FLOW_CHANGED = "oxygen_flow_changed"
    DIURETIC_CHANGED = "diuretic_changed"


class Crisis(StrEnum):
    """Why a deterioration is handed to telecare."""

    LADDER_EXHAUSTED = "ladder_exhausted"
    CLINICIAN_CONFIRMED = "clinician_confirmed"
    NEW_CONFUSION = "new_confusion"
    NOT_ALERT = "not_alert"
    EMERGENCY = "emergency"
