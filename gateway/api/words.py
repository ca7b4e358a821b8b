"""What was decided, in plain words: one sentence for each step, for people and for the record.

Pure. The names of rules and reasons stay beside the sentence; nothing here decides anything.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from alerts.case import Entry, Reason
from alerts.words import Disposition, TaskKind, What
from gateway.api.reason_words import REASONS

DISPOSITIONS: Mapping[Disposition, str] = {
    Disposition.EMERGENCY_999: "a 999 call by a person",
    Disposition.FIRE: "the fire service",
    Disposition.GAS: "the gas emergency service",
    Disposition.POLICE: "the police",
    Disposition.UCR: "urgent community response",
    Disposition.EDT: "the emergency duty team",
    Disposition.SOCIAL_CARE: "adult social care",
    Disposition.MENTAL_HEALTH: "the mental health line",
    Disposition.GP_111: "the GP or 111",
    Disposition.CLINICIAN: "a clinician",
    Disposition.RESPONDER: "a responder",
    Disposition.CONTACT: "a contact of the person",
    Disposition.ADVICE: "advice",
    Disposition.TECHNICAL: "the technical worklist",
    Disposition.CLOSE: "closing",
}
TASKS: Mapping[TaskKind, str] = {
    TaskKind.EMERGENCY_999: "call 999",
    TaskKind.PHONE_REFERRAL: "refer by telephone",
    TaskKind.CALL_PATIENT: "call the patient",
    TaskKind.RING_BACK: "a clinician rings back",
    TaskKind.COMFORT_CALL: "comfort call",
    TaskKind.FALLS_ASSESSMENT: "falls assessment",
    TaskKind.EQUIPMENT: "deliver equipment",
    TaskKind.ASSISTIVE_TECHNOLOGY: "fit assistive technology",
    TaskKind.HANDYPERSON: "send the handyperson",
    TaskKind.THERAPY: "therapy",
    TaskKind.SOCIAL_CARE: "adult social care",
    TaskKind.DEVICE_FAULT: "mend or replace the device",
    TaskKind.SUPERVISOR: "for the supervisor",
    TaskKind.FOLLOW_UP: "follow up",
}
ACTS = frozenset(
    {
        "take", "call", "spoke", "no_reply", "answer", "stumble", "note", "up", "hand_over",
        "receive", "seen", "accept", "set_out", "face_to_face", "contact", "ring_back", "outcome",
        "task_done", "status_changed", "record_changed", "death_reported",
    }
)  # fmt: skip


def plain(name: str) -> str:
    """Read a name of a closed list as words."""
    return name.replace("_", " ")


def because(reason: Reason) -> str:
    """Say a reason with the rule it follows; one of an older release may have lost its words."""
    words = REASONS.get(reason.reason) or plain(reason.reason)
    return f"{words} (rule {reason.rule}, version {reason.version})"


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S} UTC"


def _service(entry: Entry) -> str:
    return entry.service or "a service"


def _kind(entry: Entry) -> str:
    return plain(entry.kind.value) if entry.kind is not None else "case"


def _due(entry: Entry) -> str:
    return f", due by {_time(entry.due_at)}" if entry.due_at is not None else ""


def _said(entry: Entry) -> str:
    return f": {entry.text}" if entry.text else ""


def _disposed(entry: Entry) -> str:
    where = DISPOSITIONS[entry.disposition] if entry.disposition is not None else "nowhere yet"
    to = f" ({entry.service})" if entry.service else ""
    return f"It goes to {where}{to}{_said(entry)}"


def _made(entry: Entry) -> str:
    sort = "provisional referral, which nobody has confirmed," if entry.provisional else "referral"
    answer = f"; an answer is due by {_time(entry.due_at)}" if entry.due_at is not None else ""
    return f"A {sort} to {_service(entry)} was made{answer}"


def _task(entry: Entry) -> str:
    what = TASKS[entry.task] if entry.task is not None else "see the text"
    return f"A task for a person was made: {what}{_said(entry)}{_due(entry)}"


def _told(entry: Entry) -> str:
    text = entry.text or "see the reasons"
    return f"People were told: {REASONS.get(text, text)}"


def _countdown(entry: Entry) -> str:
    if entry.due_at is None:
        return "A countdown was started"
    return f"A countdown was started: unless somebody acts, more happens at {_time(entry.due_at)}"


def _refused(entry: Entry) -> str:
    detail = entry.text or plain(entry.reasons[0].reason)
    return f"Refused, nothing was changed by it: {detail}"


def _nothing(entry: Entry) -> str:
    first = entry.reasons[0]
    if first.reason not in ACTS:
        return f"Noted, nothing else was changed by it{_said(entry)}"
    who = first.inputs.get("operator") or first.inputs.get("by") or "somebody"
    then = f"; it happened at {_time(entry.occurred_at)}" if entry.occurred_at else ""
    return f"{who} recorded: {plain(first.reason)}{_said(entry)}{then}"


def _withdrawn(entry: Entry) -> str:
    return f"The referral to {_service(entry)} was withdrawn{_said(entry)}"


SENTENCES: Mapping[What, Callable[[Entry], str]] = {
    What.ALARM_OPENED: lambda entry: f"An alarm was opened: {_kind(entry)}",
    What.ALARM_JOINED: lambda entry: f"Another signal joined the open {_kind(entry)} alarm",
    What.ALARM_RAISED: lambda entry: f"The {_kind(entry)} alarm was raised and rings again",
    What.COUNTDOWN_STARTED: _countdown,
    What.DISPOSED: _disposed,
    What.REFERRAL_MADE: _made,
    What.REFERRAL_CONFIRMED: lambda entry: f"The referral to {_service(entry)} was confirmed",
    What.REFERRAL_WITHDRAWN: _withdrawn,
    What.REFERRAL_BREACHED: lambda entry: (
        f"{_service(entry)} has not answered the referral in time: an operator must act"
    ),
    What.TASK_MADE: _task,
    What.NOTICE_MADE: _told,
    What.ALARM_UNTAKEN: lambda entry: (
        f"The alarm went back to the queue, nobody has it{_said(entry)}"
    ),
    What.ALARM_CLOSED: lambda entry: f"The alarm was closed{_said(entry)}",
    What.TECHNICAL_OPENED: lambda _: "A technical alarm was opened",
    What.TECHNICAL_CLOSED: lambda _: "The technical alarm was closed: its causes are gone",
    What.REFUSED: _refused,
    What.NOTHING: _nothing,
}


def say(entry: Entry) -> str:
    """Say one step of a decision in a sentence, with why."""
    why = "; ".join(because(reason) for reason in entry.reasons)
    return f"{say_plainly(entry)}. Why: {why}."


def say_plainly(entry: Entry) -> str:
    """Say one step of a decision, without why."""
    return SENTENCES[entry.what](entry)


def refusal(entries: tuple[Entry, ...]) -> tuple[str, str] | None:
    """Give the reason's name and its words when an act was refused; None when it was not.

    An act's own entry comes after those of the timers that fired before it, so the last one counts.
    """
    for entry in reversed(entries):
        if entry.what is What.REFUSED:
            first = entry.reasons[0]
            return first.reason, entry.text or plain(first.reason)
    return None
