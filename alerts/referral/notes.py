"""What people said about a referral: kept beside the referrer's own text, never in its place.

A visit or another contact is kept without words too, because a referral's stamps hold only the
first face-to-face one.
"""

from msgspec.structs import replace

from alerts.case import Note, Referral
from alerts.events import OperatorEvent, ServiceEvent, TaskDone
from alerts.step import Step
from alerts.words import ServiceAct

MAX_NOTES = 50
"""So many stay with a referral, the newest; every one stays in the decisions."""
CONTACTS = frozenset({ServiceAct.FACE_TO_FACE, ServiceAct.CONTACT})


def by_service(step: Step, referral: Referral, event: ServiceEvent) -> Referral:
    """Keep what a service said with its act, and every contact with when it happened."""
    text = said(event.reason, event.result, event.text)
    occurred_at = min(event.occurred_at or step.now, step.now)
    note = Note(step.now, occurred_at, event.by, event.do.value, text, event.mechanism)
    return _add(referral, note)


def by_operator(step: Step, referral: Referral, event: OperatorEvent) -> Referral:
    """Keep what an operator said with an act on a referral."""
    text = said(event.reason, event.text)
    return _add(referral, Note(step.now, step.now, event.operator, event.do.value, text))


def by_whoever_did(step: Step, referral: Referral, event: TaskDone) -> Referral:
    """Keep what was said when one of a referral's tasks was done."""
    return _add(referral, Note(step.now, step.now, event.by, "task_done", event.text))


def said(*words: str | None) -> str:
    """Give what was said as one line, without what was not."""
    return "; ".join(word for word in words if word)


def _add(referral: Referral, note: Note) -> Referral:
    if not note.text and note.what not in CONTACTS:
        return referral
    return replace(referral, notes=(*referral.notes, note)[-MAX_NOTES:])
