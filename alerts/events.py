"""What comes to a case from outside: signals heard, and what operators, services and senders do."""

from datetime import datetime
from typing import Any

import msgspec

from alerts.case import Reason
from alerts.vital_words import Crisis, Level
from alerts.words import (
    CallTarget,
    CloseReason,
    DeliveryAct,
    Disposition,
    Mechanism,
    OperatorAct,
    PersonStatus,
    ServiceAct,
    Source,
    Standard,
)
from devices.model import Signal


class Deterioration(msgspec.Struct, frozen=True, tag="deterioration", tag_field="kind"):
    """A failing vital sign, handed over by the vitals half: the one signal between the halves.

    Attributes:
        alert: The id of the vitals half's alert; telecare's alarm takes the same.
        at_least: NEWS2 total, or its lower bound; 0 when nothing is scored.
        low_glucose: Glucose at or below the limit that is red.
        recovered: The readings have been normal since; nothing goes out by itself then.
        context: Readings with their age and source, score, limits, findings, events: all of it
            travels with a referral.
        clinician: Who confirmed it; None when nobody did.
    """

    person: str
    crisis: Crisis
    at: datetime
    alert: str
    level: Level
    reasons: tuple[Reason, ...] = ()
    at_least: int = 0
    low_glucose: bool = False
    recovered: bool = False
    context: dict[str, Any] = {}
    clinician: str | None = None
    need: str | None = None
    service: str | None = None


class Heard(msgspec.Struct, frozen=True):
    """A signal with where it came from.

    Attributes:
        receipt: The identity of the message: the same for every repeat, so that ids made from it
            agree between retries, processes and sites.
        sender: The enrolled device's name, or the claimed one of an unknown sender.
        known: Whether the sender is enrolled, enabled and proved who it is.
        fault: For a message that could not be read: the name of the error; `signal` is then None.
        detail: Plain words about the fault.
        press_shaped: For a fault: the message looked like a call for help, so it goes up to an
            operator and not only to the technical worklist.
    """

    receipt: str
    received_at: datetime
    sender: str
    line: str
    signal: Signal | Deterioration | None
    known: bool = True
    fault: str | None = None
    detail: str = ""
    press_shaped: bool = False


class DeviceLost(msgspec.Struct, frozen=True):
    """Nothing was heard from a device, or from many behind one line, for twice its interval."""

    at: datetime
    devices: tuple[str, ...]
    line: str = ""
    silent_since: datetime | None = None


class DeviceBack(msgspec.Struct, frozen=True):
    """A lost device was heard again."""

    at: datetime
    devices: tuple[str, ...]


class DeviceFault(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody recorded that a device is faulty since a time; None: it works again, or is replaced.

    Deciding reads the device's other parts from the facts, and what it is told here before them.
    """

    at: datetime
    by: str
    device: str
    faulty_since: datetime | None
    text: str = ""


class OperatorEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an operator did; `alarm` is None for a note on a referral.

    A call to 999 records the incident number and the ETA that ambulance control gave; a follow-up
    is due at `due_at`.
    """

    at: datetime
    operator: str
    do: OperatorAct
    alarm: str | None = None
    referral: str | None = None
    to: CallTarget | None = None
    question: str | None = None
    answer: str | None = None
    answers: dict[str, str] = {}
    given_by: str | None = None
    disposition: Disposition | None = None
    service: str | None = None
    need: str | None = None
    reason: str | None = None
    close_reason: CloseReason | None = None
    text: str = ""
    incident: str | None = None
    eta: datetime | None = None
    due_at: datetime | None = None


class ServiceEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a response service did. `occurred_at` is kept beside `at` (when it was entered).

    A clinician may ring back where there is no referral: `referral` is empty then, and `alarm`
    names the alarm, or is None for the person's open call for help. With `action_needed` an
    outcome asks us to act: it goes back in front of an operator. With `standard` an act re-grades
    the referral, and with `disposition` 999 the case: the first clock goes on (DECIDING 8).
    """

    at: datetime
    service: str
    do: ServiceAct
    referral: str = ""
    by: str = ""
    occurred_at: datetime | None = None
    person: str | None = None
    source: Source | None = None
    standard: Standard | None = None
    need: str | None = None
    eta: datetime | None = None
    mechanism: Mechanism | None = None
    reason: str | None = None
    result: str | None = None
    outcome: str | None = None
    tasks: tuple[str, ...] = ()
    text: str = ""
    alarm: str | None = None
    action_needed: bool = False
    disposition: Disposition | None = None


class DeliveryEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a sender reports about a referral's delivery to `delivery`, the service's id."""

    at: datetime
    delivery: str
    do: DeliveryAct
    referral: str
    text: str = ""


class TaskDone(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person did a task that no act on an alarm or referral ends; `task` is its id."""

    at: datetime
    by: str
    task: str
    text: str = ""


class PersonChanged(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody changed a person's record (DECIDING 8), from which the facts are read.

    `second` confirms a death; without another person's name it is a report, no death yet. With
    `changes` it is about other parts of the record than the status: name -> was and is, in words.
    """

    at: datetime
    by: str
    was: PersonStatus
    now: PersonStatus
    second: str | None = None
    changes: dict[str, str] = {}
    text: str = ""


class Unseen(msgspec.Struct, frozen=True, omit_defaults=True):
    """No console has shown an alarm since it rang last: nobody can have heard of it that way."""

    at: datetime
    alarm: str


Event = (
    OperatorEvent
    | ServiceEvent
    | DeliveryEvent
    | DeviceLost
    | DeviceBack
    | DeviceFault
    | TaskDone
    | PersonChanged
    | Unseen
)
