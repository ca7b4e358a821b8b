"""Where things stand and what may happen to them: tables state -> event -> state.

Two rules: everything that moves an alarm, a referral or a task moves it through these tables; and
a missing cell is an error (Forbidden), which deciding turns into a `refused` entry. Nothing
automatic leads to `closed` from a state in which a person has the alarm.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from alerts.case import Reason
from alerts.rule_ids import Rule
from alerts.words import AlarmState, ReferralState, TaskState

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class Forbidden(ValueError):  # noqa: N818 - it is an answer, not a failure
    """A person's event cannot be done as things stand; deciding answers `refused` with its rule."""

    def __init__(
        self, message: str, rule: Rule = Rule.LIFECYCLE, reasons: tuple[Reason, ...] = ()
    ) -> None:
        super().__init__(message)
        self.rule = rule
        self.reasons = reasons


class AlarmEvent(StrEnum):
    """What moves an alarm."""

    TAKE = "take"
    RELEASE = "release"
    ACT = "act"
    UNTAKE = "untake"
    JOIN = "join"
    NOTE = "note"
    CLOSE = "close"
    CAUSE_GONE = "cause_gone"


class ReferralEvent(StrEnum):
    """What moves a referral."""

    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    BREACH = "breach"
    RECEIVE = "receive"
    SEEN = "seen"
    ACCEPT = "accept"
    REJECT = "reject"
    SET_OUT = "set_out"
    FACE_TO_FACE = "face_to_face"
    CONTACT = "contact"
    RING_BACK = "ring_back"
    OUTCOME = "outcome"


class TaskEvent(StrEnum):
    """What moves a task."""

    CLAIM = "claim"
    DONE = "done"
    CANCEL = "cancel"


_OPEN, _TAKEN, _CLOSED = AlarmState.OPEN, AlarmState.TAKEN, AlarmState.CLOSED

ALARM: Mapping[AlarmState, Mapping[AlarmEvent, AlarmState]] = {
    _OPEN: {
        AlarmEvent.TAKE: _TAKEN,
        AlarmEvent.ACT: _TAKEN,
        AlarmEvent.JOIN: _OPEN,
        AlarmEvent.NOTE: _OPEN,
        AlarmEvent.CLOSE: _CLOSED,
        AlarmEvent.CAUSE_GONE: _CLOSED,
    },
    _TAKEN: {
        AlarmEvent.RELEASE: _OPEN,
        AlarmEvent.ACT: _TAKEN,
        AlarmEvent.UNTAKE: _OPEN,
        AlarmEvent.JOIN: _TAKEN,
        AlarmEvent.NOTE: _TAKEN,
        AlarmEvent.CLOSE: _CLOSED,
        AlarmEvent.CAUSE_GONE: _TAKEN,
    },
    _CLOSED: {AlarmEvent.NOTE: _CLOSED},
}

_R, _E = ReferralState, ReferralEvent
_VISIT = {
    _E.SEEN: None,
    _E.RING_BACK: None,
    _E.CONTACT: None,
    _E.ACKNOWLEDGED: None,
    _E.CONFIRM: None,
    _E.FACE_TO_FACE: _R.ATTENDED,
    _E.OUTCOME: _R.CLOSED,
    _E.WITHDRAW: _R.WITHDRAWN,
}
_UNANSWERED = {
    **_VISIT,
    _E.RECEIVE: _R.RECEIVED,
    _E.ACKNOWLEDGED: _R.RECEIVED,
    _E.FAILED: _R.PHONE_TASK,
    _E.BREACH: _R.BREACHED,
    _E.ACCEPT: _R.ACCEPTED,
    _E.REJECT: _R.REJECTED,
    _E.SET_OUT: _R.SET_OUT,
}
_LATE = {**_UNANSWERED, _E.ACKNOWLEDGED: None, _E.RECEIVE: None}
_GOING = {
    **_VISIT,
    _E.FAILED: None,
    _E.ACCEPT: None,
    _E.REJECT: _R.REJECTED,
    _E.SET_OUT: _R.SET_OUT,
}
_CELLS: Mapping[ReferralState, Mapping[ReferralEvent, ReferralState | None]] = {
    _R.PROVISIONAL: {**_UNANSWERED, _E.CONFIRM: _R.SENT},
    _R.SENT: _UNANSWERED,
    _R.RECEIVED: _UNANSWERED,
    _R.BREACHED: {**_LATE, _E.FAILED: None},
    _R.PHONE_TASK: {**_LATE, _E.FAILED: None, _E.BREACH: None},
    _R.ACCEPTED: _GOING,
    _R.SET_OUT: _GOING,
    _R.ATTENDED: {
        _E.SEEN: None,
        _E.RING_BACK: None,
        _E.CONTACT: None,
        _E.ACKNOWLEDGED: None,
        _E.FAILED: None,
        _E.CONFIRM: None,
        _E.ACCEPT: None,
        _E.SET_OUT: None,
        _E.FACE_TO_FACE: None,
        _E.OUTCOME: _R.CLOSED,
    },
    _R.REJECTED: {},
    _R.WITHDRAWN: {_E.ACKNOWLEDGED: None, _E.FAILED: None, _E.SEEN: None},
    _R.CLOSED: {_E.CONTACT: None, _E.FACE_TO_FACE: None, _E.ACKNOWLEDGED: None},
}
# A None above reads "stays where it is".
REFERRAL: Mapping[ReferralState, Mapping[ReferralEvent, ReferralState]] = {
    state: {event: state if after is None else after for event, after in row.items()}
    for state, row in _CELLS.items()
}

_T = TaskState
TASK: Mapping[TaskState, Mapping[TaskEvent, TaskState]] = {
    _T.OPEN: {
        TaskEvent.CLAIM: _T.CLAIMED,
        TaskEvent.DONE: _T.DONE,
        TaskEvent.CANCEL: _T.CANCELLED,
    },
    _T.CLAIMED: {TaskEvent.DONE: _T.DONE, TaskEvent.CANCEL: _T.CANCELLED},
    _T.DONE: {},
    _T.CANCELLED: {},
}


def advance(table: Mapping[S, Mapping[E, S]], state: S, event: E) -> S:
    """Give the state after an event.

    Raises:
        Forbidden: the table has no cell for it.
    """
    after = table[state].get(event)
    if after is None:
        allowed = ", ".join(sorted(table[state])) or "nothing"
        raise Forbidden(f"{event} is not possible when {state}; possible: {allowed}")
    return after
