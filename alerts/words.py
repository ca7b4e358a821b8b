"""The closed lists of deciding (DESIGN 2, DECIDING 1, INTERFACES 7).

Every list here is printed by `lifeline decide --vocabulary` and is what tables, routes and screens
use. A word that is not in its list is an error, never a guess.
"""

from enum import StrEnum


class AlarmKind(StrEnum):
    """Which kind of open case an alarm is; one open alarm per subject and kind."""

    HELP = "help"
    LIFE_SAFETY = "life_safety"
    HEALTH = "health"
    TECHNICAL = "technical"


class AlarmState(StrEnum):
    """Where an alarm stands."""

    OPEN = "open"
    TAKEN = "taken"
    CLOSED = "closed"


class ReferralState(StrEnum):
    """Where a referral stands; `provisional` lasts until a person confirmed or accepted it."""

    PROVISIONAL = "provisional"
    SENT = "sent"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SET_OUT = "set_out"
    ATTENDED = "attended"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    BREACHED = "breached"
    PHONE_TASK = "phone_task"


class TaskState(StrEnum):
    """Where a task for a person stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    DONE = "done"
    CANCELLED = "cancelled"


class SubjectKind(StrEnum):
    """What the row everything about a case is locked by stands for."""

    PERSON = "person"
    PLACE = "place"
    UNKNOWN_DEVICE = "unknown_device"


class Disposition(StrEnum):
    """Where an alarm goes (DECIDING 1)."""

    EMERGENCY_999 = "999_task"
    FIRE = "fire"
    GAS = "gas"
    POLICE = "police"
    UCR = "ucr"
    EDT = "edt"
    SOCIAL_CARE = "social_care"
    MENTAL_HEALTH = "mental_health"
    GP_111 = "gp_111"
    CLINICIAN = "clinician"
    RESPONDER = "responder"
    CONTACT = "contact"
    ADVICE = "advice"
    TECHNICAL = "technical"
    CLOSE = "close"


class What(StrEnum):
    """What a decision did (INTERFACES 7)."""

    ALARM_OPENED = "alarm_opened"
    ALARM_JOINED = "alarm_joined"
    ALARM_RAISED = "alarm_raised"
    COUNTDOWN_STARTED = "countdown_started"
    DISPOSED = "disposed"
    REFERRAL_MADE = "referral_made"
    REFERRAL_CONFIRMED = "referral_confirmed"
    REFERRAL_WITHDRAWN = "referral_withdrawn"
    REFERRAL_BREACHED = "referral_breached"
    TASK_MADE = "task_made"
    NOTICE_MADE = "notice_made"
    ALARM_UNTAKEN = "alarm_untaken"
    ALARM_CLOSED = "alarm_closed"
    TECHNICAL_OPENED = "technical_opened"
    TECHNICAL_CLOSED = "technical_closed"
    REFUSED = "refused"
    NOTHING = "nothing"


class TaskKind(StrEnum):
    """What a task or notice asks of a person (INTERFACES 7)."""

    EMERGENCY_999 = "999"
    PHONE_REFERRAL = "phone_referral"
    CALL_PATIENT = "call_patient"
    RING_BACK = "ring_back"
    COMFORT_CALL = "comfort_call"
    FALLS_ASSESSMENT = "falls_assessment"
    EQUIPMENT = "equipment"
    ASSISTIVE_TECHNOLOGY = "assistive_technology"
    HANDYPERSON = "handyperson"
    THERAPY = "therapy"
    SOCIAL_CARE = "social_care"
    DEVICE_FAULT = "device_fault"
    SUPERVISOR = "supervisor"
    FOLLOW_UP = "follow_up"


class OperatorAct(StrEnum):
    """What an operator does (INTERFACES 7)."""

    TAKE = "take"
    RELEASE = "release"
    CALL = "call"
    SPOKE = "spoke"
    NO_REPLY = "no_reply"
    ANSWER = "answer"
    STUMBLE = "stumble"
    CONFIRM = "confirm"
    DECIDE = "decide"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    HAND_OVER = "hand_over"
    NOTE = "note"
    UP = "up"
    FOLLOW_UP = "follow_up"


class ServiceAct(StrEnum):
    """What a response service does (INTERFACES 7)."""

    RECEIVE = "receive"
    SEEN = "seen"
    ACCEPT = "accept"
    REJECT = "reject"
    SET_OUT = "set_out"
    FACE_TO_FACE = "face_to_face"
    CONTACT = "contact"
    RING_BACK = "ring_back"
    OUTCOME = "outcome"


class DeliveryAct(StrEnum):
    """What became of a referral's delivery (INTERFACES 7)."""

    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"


class CloseReason(StrEnum):
    """Why an alarm was closed (INTERFACES 7)."""

    REASSURED = "reassured"
    ACCIDENT = "accident"
    TEST = "test"
    DUPLICATE = "duplicate"
    RESOLVED_BY_RESPONDER = "resolved_by_responder"
    CONVEYED = "conveyed"
    TECHNICAL_FIXED = "technical_fixed"
    DECEASED = "deceased"


class CallTarget(StrEnum):
    """Whom an operator calls (INTERFACES 7)."""

    HOME = "home"
    MOBILE = "mobile"
    CONTACT = "contact"
    RESPONDER = "responder"
    EMERGENCY_999 = "999"
    LINE = "line"


class PersonStatus(StrEnum):
    """Where a person is (DECIDING 8)."""

    HOME = "home"
    AWAY = "away"
    IN_HOSPITAL = "in_hospital"
    RESPITE = "respite"
    ENDED = "ended"
    DECEASED = "deceased"


class Ceiling(StrEnum):
    """Ceiling of treatment on the record (DECIDING 1)."""

    NONE = "none"
    NOT_FOR_RESUSCITATION = "not_for_resuscitation"
    NOT_FOR_HOSPITAL = "not_for_hospital"
    COMFORT_ONLY = "comfort_only"


class Standard(StrEnum):
    """Which response standard a referral runs under (CLINICAL 2.4)."""

    TWO_HOUR = "two_hour"
    TWO_DAY = "two_day"


class Source(StrEnum):
    """Who asked for a referral; `telecare` is our own alarm."""

    TELECARE = "telecare"
    GP = "gp"
    HVS = "hvs"
    UCC_HUB = "ucc_hub"
    AMBULANCE = "ambulance"
    CARE_HOME = "care_home"
    SOCIAL_CARE = "social_care"
    NHS_111 = "111"
    FAMILY = "family"


class Mechanism(StrEnum):
    """How a contact was held; only face to face stops the clock (CLINICAL 2.4)."""

    FACE_TO_FACE = "face_to_face"
    TELEPHONE = "telephone"
    VIDEO = "video"
