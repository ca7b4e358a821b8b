"""What the desk calls things. Pure; closed lists in, British English out."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerts.timing import TimerKind
from alerts.words import (
    AlarmKind,
    CallTarget,
    Ceiling,
    CloseReason,
    Disposition,
    PersonStatus,
    ReferralState,
)
from devices.model import ActivationKind, StatusKind

WHAT: Mapping[str, str] = {
    ActivationKind.PENDANT: "Pendant pressed",
    ActivationKind.PULL_CORD: "Cord pulled",
    ActivationKind.BUTTON: "Button pressed",
    ActivationKind.PANIC: "Personal attack button",
    ActivationKind.FALL: "Fall detected",
    ActivationKind.MAN_DOWN: "Man down",
    ActivationKind.SEIZURE: "Seizure detected",
    ActivationKind.INACTIVITY: "No movement",
    ActivationKind.BED_EXIT: "Left bed",
    ActivationKind.CHAIR_EXIT: "Left chair",
    ActivationKind.DOOR: "Door opened",
    ActivationKind.WANDERING: "Left home",
    ActivationKind.SMOKE: "Smoke alarm",
    ActivationKind.HEAT: "Heat alarm",
    ActivationKind.FIRE: "Fire alarm",
    ActivationKind.CO: "Carbon monoxide alarm",
    ActivationKind.GAS: "Gas alarm",
    ActivationKind.FLOOD: "Flood alarm",
    ActivationKind.TEMPERATURE_HIGH: "Home too hot",
    ActivationKind.TEMPERATURE_LOW: "Home too cold",
    ActivationKind.MEDICATION_MISSED: "Medication missed",
    ActivationKind.INTRUDER: "Intruder alarm",
    ActivationKind.BOGUS_CALLER: "Bogus caller button",
    ActivationKind.ASSISTANCE: "Call for assistance",
    ActivationKind.CANCEL: "Cancelled",
    ActivationKind.RESET: "Reset",
    ActivationKind.UNKNOWN: "Call",
}
KINDS: Mapping[AlarmKind, str] = {
    AlarmKind.HELP: "Call for help",
    AlarmKind.LIFE_SAFETY: "Life safety",
    AlarmKind.HEALTH: "Health alarm",
    AlarmKind.TECHNICAL: "Technical",
}
# What happens by itself at a timer's time, as the end of "in 40 s: ...".
STEPS: Mapping[TimerKind, str] = {
    TimerKind.FALL_VOICE: "999 task unless a voice is heard",
    TimerKind.SEIZURE: "999 task unless the seizure has ended",
    TimerKind.CONFUSION: "999 task unless somebody has spoken to the person",
    TimerKind.LADDER_999: "999 task for forced entry",
    TimerKind.LADDER_SPEECH: "the home and mobile telephone are to be tried",
    TimerKind.LADDER_CONTACTS: "contacts and responder are to be called",
    TimerKind.TASK_999_CONSOLES: "all consoles and the supervisor ring: 999 not claimed",
    TimerKind.TASK_999_PARTNER: "the partner centre is asked: 999 not claimed",
    TimerKind.RECALL_999: "call ambulance control again",
    TimerKind.RING_BACK: "999 task unless a clinician has rung back",
    TimerKind.LONG_LIE: "long lie: a clinician or 999 must decide",
    TimerKind.FLOOR_RETRIAGE: "ask again, and send a second responder",
    TimerKind.COMFORT: "comfort call",
    TimerKind.COMFORT_ANSWER: "silent ladder, unless the comfort call is answered",
    TimerKind.REFER: "a provisional referral goes out by itself",
    TimerKind.PRESSED_AGAIN: "returns to the queue: pressed again, no response",
    TimerKind.TAKEN_IDLE: "returns to the queue unless something is done",
    TimerKind.CLIMB_CONSOLES: "all consoles ring",
    TimerKind.CLIMB_SUPERVISOR: "the supervisor's telephone rings",
    TimerKind.CLIMB_PARTNER: "the partner centre is asked",
    TimerKind.SEEN: "the service must have seen the referral",
    TimerKind.ACCEPT: "the service must have accepted the referral",
    TimerKind.ARRIVE: "somebody is told that the team is not there yet",
    TimerKind.CANCEL_KEPT: "a cancel without its fall is forgotten",
    TimerKind.FAULT_OVERDUE: "the fault is overdue",
}
CALLS: Mapping[CallTarget, str] = {
    CallTarget.HOME: "Home telephone",
    CallTarget.MOBILE: "Mobile telephone",
    CallTarget.CONTACT: "A contact",
    CallTarget.RESPONDER: "Responder",
    CallTarget.EMERGENCY_999: "999",
    CallTarget.LINE: "Clinical line",
}
STATUSES: Mapping[str, str] = {
    PersonStatus.HOME: "At home",
    PersonStatus.AWAY: "Away",
    PersonStatus.IN_HOSPITAL: "In hospital",
    PersonStatus.RESPITE: "In respite care",
    PersonStatus.ENDED: "Service ended",
    PersonStatus.DECEASED: "Has died",
}
CEILINGS: Mapping[str, str] = {
    Ceiling.NONE: "None recorded",
    Ceiling.NOT_FOR_RESUSCITATION: "Not for resuscitation",
    Ceiling.NOT_FOR_HOSPITAL: "Not for hospital",
    Ceiling.COMFORT_ONLY: "Comfort only",
}
CLOSE_REASONS: Mapping[CloseReason, str] = {
    CloseReason.REASSURED: "Reassured",
    CloseReason.ACCIDENT: "Pressed by accident",
    CloseReason.TEST: "Test",
    CloseReason.DUPLICATE: "Duplicate",
    CloseReason.RESOLVED_BY_RESPONDER: "Resolved by a responder",
    CloseReason.CONVEYED: "Taken to hospital",
    CloseReason.TECHNICAL_FIXED: "Technical fault mended",
    CloseReason.DECEASED: "Has died",
}
DISPOSITIONS: Mapping[Disposition, str] = {
    Disposition.EMERGENCY_999: "999 ambulance",
    Disposition.FIRE: "Fire service",
    Disposition.GAS: "Gas emergency",
    Disposition.POLICE: "Police",
    Disposition.UCR: "Urgent community response",
    Disposition.EDT: "Emergency duty team",
    Disposition.SOCIAL_CARE: "Adult social care",
    Disposition.MENTAL_HEALTH: "Mental health line",
    Disposition.GP_111: "GP or 111",
    Disposition.CLINICIAN: "Clinician rings back",
    Disposition.RESPONDER: "Responder or falls lifting",
    Disposition.CONTACT: "A contact goes there",
    Disposition.ADVICE: "Advice given",
    Disposition.TECHNICAL: "Technical worklist",
    Disposition.CLOSE: "Close",
}
REFERRALS: Mapping[ReferralState, str] = {
    ReferralState.PROVISIONAL: "being sent",
    ReferralState.SENT: "sent, not yet received",
    ReferralState.RECEIVED: "received",
    ReferralState.ACCEPTED: "accepted",
    ReferralState.REJECTED: "rejected",
    ReferralState.SET_OUT: "team has set out",
    ReferralState.ATTENDED: "team has been there",
    ReferralState.CLOSED: "closed",
    ReferralState.WITHDRAWN: "withdrawn",
    ReferralState.BREACHED: "not answered in time",
    ReferralState.PHONE_TASK: "to be made by telephone",
}
ANSWERS: Mapping[str, str] = {
    "under_18": "Under 18",
    "5_or_more": "5 or more",
    "under_5": "Under 5",
    "head_on_anticoagulants": "Head, on anticoagulants",
    "unknown": "Not known",
}
LANGUAGES: Mapping[str, str] = {
    "gu": "Gujarati",
    "pa": "Punjabi",
    "ur": "Urdu",
    "pl": "Polish",
    "en": "English",
    "bn": "Bengali",
    "hi": "Hindi",
}


# What a technical alarm is open for: the last part of its causes (alerts/telecare/technical.py).
CAUSES: Mapping[str, str] = {
    StatusKind.BATTERY: "Battery low",
    StatusKind.MAINS: "No mains power",
    StatusKind.TAMPER: "Opened or moved",
    StatusKind.JAMMING: "Radio jammed",
    StatusKind.RADIO: "Radio reception poor",
    StatusKind.LINK: "Connection poor",
    StatusKind.FAULT: "Unit faulty",
    StatusKind.AVAILABILITY: "Unit not available",
    StatusKind.HEARTBEAT: "No sign of life",
    "lost": "Unit silent",
    "message": "Message cannot be read",
    "cancel_without_fall": "A fall was cancelled that never came",
}
UTC_CLOCK = re.compile(r"\b(\d\d):(\d\d):(\d\d) UTC\b")


def local_clocks(text: str, near: datetime, zone: ZoneInfo) -> str:
    """Give the times of day in a sentence as people in the room read them; `near` says which day.

    The sentences of gateway/api/words.py name UTC, because programs read them too.
    """

    def local(found: re.Match[str]) -> str:
        hour, minute, second = (int(part) for part in found.groups())
        at = near.astimezone(UTC).replace(hour=hour, minute=minute, second=second)
        return f"{at.astimezone(zone):%H:%M:%S}"

    return UTC_CLOCK.sub(local, text)


def plain(name: str) -> str:
    """Read a name of a closed list as words."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def what(kind: str) -> str:
    """Say what called."""
    return WHAT.get(kind) or plain(kind)


def cause(name: str) -> str:
    """Say what a technical alarm is open for: `20:mains` is the mains of unit 20."""
    sender, _, condition = name.rpartition(":")
    said = CAUSES.get(condition) or plain(condition)
    return f"{said} (unit {sender})" if sender else said


def answer(word: str) -> str:
    """Say an answer of a script."""
    return ANSWERS.get(word) or plain(word)


def language(code: str | None) -> str | None:
    """Name a language; None for none recorded, and for English, which needs no word."""
    if not code:
        return None
    name = LANGUAGES.get(code.lower().partition("-")[0], plain(code))
    return None if name == "English" else name
