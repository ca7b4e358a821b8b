"""The case: everything open about one subject, locked and stored as one value.

A Case is a frozen value. Deciding returns a new one; the store keeps it in the subject's row and
writes the tables people query (alarm, referral, task) from the same value in the same transaction.
Closed parts leave the case when nothing can look at them any more (30 days).
"""

from datetime import date, datetime
from typing import Any

import msgspec

from alerts.words import (
    AlarmKind,
    AlarmState,
    CloseReason,
    Disposition,
    Mechanism,
    ReferralState,
    Source,
    Standard,
    TaskKind,
    TaskState,
    What,
)


class Reason(msgspec.Struct, frozen=True):
    """Why: a name, the rule that said so, its version, and what it looked at."""

    reason: str
    rule: str
    version: str
    inputs: dict[str, Any] = {}


class Alarm(msgspec.Struct, frozen=True):
    """An open case that someone must deal with.

    Attributes:
        id: UUIDv5 of its opening receipt and kind.
        alarm_at: Receipt of the opening signal by the gateway.
        pressed_at: The device's own time of the opening signal, where it can be true.
        what: The activation that opened or last raised it.
        priority: 1 is the life-safety lane; 2 help; 3 raised technical; 5 technical.
        signals: How many signals joined, the first included.
        rings: How often it rang; a repeat of the protocol never rings.
        taken_by: Who has it now; None when nobody has. `taken_at`: when somebody had it first.
        spoke_at: First intelligible voice of the client.
        on_floor_since: Since when the client has been on the floor; None when up or not known.
        marks: Named things that happened, for the order of decision: name -> time.
        keys: Message ids of the signals that joined, so that a cancel finds its fall; the last 20.
        causes: What a technical alarm is open for, as `device:condition`.
        silent_since: Since when the client has not answered; None once heard or seen.
        close_asked_by: Who first asked to close a silent alarm; a second person confirms.
        known: False for an unknown caller; nothing goes out by itself then.
        fall_key: `device/id` of the fall's message, so that only its own cancel cancels it.
        speech: False when no unit that called has a voice channel: no 60 s, 180 s (DECIDING 8).
        answers: The last to each question; `given_by` says who gave it.
        also_disposition: What goes on by itself beside a person's decision: a 999 task.
        context: Of a deterioration: the readings and all else that travels with it.
        calls: Which calls of a plan stand (`press`, `fall`), and since when; None: not kept yet.
    """

    id: str
    kind: AlarmKind
    state: AlarmState
    alarm_at: datetime
    what: str
    device: str | None = None
    opened_by: str = ""
    priority: int = 2
    pressed_at: datetime | None = None
    last_signal_at: datetime | None = None
    signals: int = 1
    rings: int = 1
    taken_by: str | None = None
    taken_at: datetime | None = None
    acted_at: datetime | None = None
    spoke_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: CloseReason | None = None
    disposition: Disposition | None = None
    decided_at: datetime | None = None
    on_floor_since: datetime | None = None
    cancelled_at: datetime | None = None
    marks: dict[str, datetime] = {}
    answers: dict[str, str] = {}
    note: str = ""
    keys: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    silent_since: datetime | None = None
    close_asked_by: str | None = None
    known: bool = True
    fall_key: str = ""
    speech: bool = True
    given_by: dict[str, str] = {}
    also_disposition: Disposition | None = None
    context: dict[str, Any] | None = None
    calls: dict[str, datetime] | None = None


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody said or did about a referral.

    Attributes:
        at: When it was entered.
        occurred_at: When it happened, which may be before.
        by: Who entered it.
        what: The act: of a service, of an operator, or `task_done`.
        mechanism: For a contact: how it was held, where that was said.
    """

    at: datetime
    occurred_at: datetime
    by: str
    what: str
    text: str = ""
    mechanism: Mechanism | None = None


class Referral(msgspec.Struct, frozen=True):
    """A request to a service, with its clock (DESIGN 6).

    `provisional` is whether nobody has confirmed or accepted it; it stays beside `state`, because a
    provisional referral is sent and received too. The national clock runs from `received_at` to
    `first_face_to_face_at`, and only counts once confirmed or accepted.

    `text` is the referrer's own and never changes; what is said later stands in `notes`, the newest
    of them (alerts/referral/notes.py). `person` is whom it was made for: who lives in a place may
    change while its case goes on. `follows` is the referral whose 72 h of support it falls into;
    `joint_with` are the other services' for the same alarm; on `follow_up_on` (91 days) somebody
    looks whether the person is at home. `assessed` maps each criterion to met, not_known or
    not_met; empty is not assessed, as of an automatic one. `helped` says that it is for somebody
    else than the person of the case, whose record is not known: spouse, visitor, ...
    """

    id: str
    service: str
    state: ReferralState
    provisional: bool
    made_at: datetime
    alarm: str | None = None
    source: Source = Source.TELECARE
    standard: Standard = Standard.TWO_HOUR
    need: str | None = None
    alarm_at: datetime | None = None
    taken_at: datetime | None = None
    spoke_at: datetime | None = None
    decided_at: datetime | None = None
    sent_at: datetime | None = None
    received_at: datetime | None = None
    seen_at: datetime | None = None
    confirmed_at: datetime | None = None
    accepted_at: datetime | None = None
    rejected_at: datetime | None = None
    set_out_at: datetime | None = None
    eta_at: datetime | None = None
    first_face_to_face_at: datetime | None = None
    closed_at: datetime | None = None
    withdrawn_at: datetime | None = None
    breached_at: datetime | None = None
    breach_due_at: datetime | None = None
    outcome: str | None = None
    contacts: int = 0
    text: str = ""
    pressed_at: datetime | None = None
    support_until: datetime | None = None
    notes: tuple[Note, ...] = ()
    person: str | None = None
    follows: str | None = None
    joint_with: tuple[str, ...] = ()
    follow_up_on: date | None = None
    assessed: dict[str, str] = {}
    helped: str | None = None


class Task(msgspec.Struct, frozen=True):
    """Something a person must do, with its owner and its due time."""

    id: str
    kind: TaskKind
    state: TaskState
    made_at: datetime
    alarm: str | None = None
    referral: str | None = None
    service: str | None = None
    due_at: datetime | None = None
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    done_at: datetime | None = None
    text: str = ""


class Timer(msgspec.Struct, frozen=True):
    """Something that will be decided at a time unless it is cancelled before.

    `kind` is a name of alerts/telecare/timers.py's table; `about` the id of the alarm, referral or
    task it belongs to.
    """

    kind: str
    due_at: datetime
    about: str


class PendingCancel(msgspec.Struct, frozen=True):
    """A cancel that came before its fall; kept 60 s (DESIGN 4, Time)."""

    device: str
    of: str
    at: datetime


class Past(msgspec.Struct, frozen=True):
    """One thing that happened and still counts: `press`, `fall`, `silent`, `cancelled_fall`.

    `about` is the alarm it belongs to; a voice takes the alarm's `silent` back, unless no reply was
    recorded or the ladder went past the telephones.
    """

    kind: str
    at: datetime
    about: str = ""


class Case(msgspec.Struct, frozen=True):
    """Everything open about one subject.

    `as_of` never goes back; time used for a decision is max(now, as_of). `tested` is when each
    device's user test was heard last (DECIDING 8).
    """

    subject: str
    as_of: datetime
    alarms: tuple[Alarm, ...] = ()
    referrals: tuple[Referral, ...] = ()
    tasks: tuple[Task, ...] = ()
    timers: tuple[Timer, ...] = ()
    cancels: tuple[PendingCancel, ...] = ()
    past: tuple[Past, ...] = ()
    tested: dict[str, datetime] = {}

    @property
    def next_due_at(self) -> datetime | None:
        """When something will be due next; None when nothing will."""
        return min((timer.due_at for timer in self.timers), default=None)


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a decision, as `lifeline decide` prints it (INTERFACES 7).

    `at` is when it was entered and decided; `occurred_at`, where it was said, when it happened.
    """

    at: datetime
    what: What
    reasons: tuple[Reason, ...]
    person: str | None = None
    alarm: str | None = None
    kind: AlarmKind | None = None
    referral: str | None = None
    service: str | None = None
    disposition: Disposition | None = None
    provisional: bool | None = None
    due_at: datetime | None = None
    task: TaskKind | None = None
    task_id: str | None = None
    text: str = ""
    occurred_at: datetime | None = None


class Outgoing(msgspec.Struct, frozen=True):
    """Something to send after the commit.

    Attributes:
        stream: Messages of one stream go out in order; a referral's id, or an alarm's for notices.
        what: `referral_request`, `referral_update`, `referral_withdrawal`, `notice`, `device_down`.
        to: The service, the audience of a notice (`consoles`, `partner`, ...), or the device.
    """

    stream: str
    what: str
    to: str
    referral: str | None = None
    alarm: str | None = None
    body: dict[str, Any] = {}


class Decision(msgspec.Struct, frozen=True):
    """What deciding returns: the new case, every step with its reasons, and what to send."""

    case: Case
    entries: tuple[Entry, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()

    @property
    def next_due_at(self) -> datetime | None:
        """When this case must be looked at next."""
        return self.case.next_due_at
