"""Records as the desk shows them. Shapes only; build.py fills them.

Times are RFC 3339 UTC. Ids are the ids of the records; a person's details stand in the cards of
records_people.py and nowhere else.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from alerts.words import (
    AlarmKind,
    AlarmState,
    CloseReason,
    Disposition,
    Mechanism,
    ReferralState,
    Source,
    Standard,
    SubjectKind,
    TaskKind,
    TaskState,
)
from gateway.api import examples
from gateway.api.records_base import HomeWarning, View, example, warning_field


class AlarmView(View):
    """An alarm."""

    model_config = example(examples.ALARM_VIEW)

    id: str
    kind: AlarmKind
    state: AlarmState
    priority: int = Field(description="1 life safety, 2 help, 3 raised technical, 5 technical")
    what: str = Field(description="the activation that opened or last raised it")
    alarm_at: datetime = Field(description="when the gateway received the opening signal")
    pressed_at: datetime | None = Field(description="the device's own time, where it can be true")
    device: str | None
    signals: int
    rings: int
    taken_by: str | None = Field(description="who has it now")
    taken_at: datetime | None = Field(description="when somebody had it first")
    spoke_at: datetime | None
    silent_since: datetime | None
    on_floor_since: datetime | None
    disposition: Disposition | None
    also_disposition: Disposition | None = Field(
        default=None, description="what goes on beside the disposition: an emergency under way"
    )
    decided_at: datetime | None
    close_asked_by: str | None = Field(description="a second person must confirm the closing")
    closed_at: datetime | None
    close_reason: CloseReason | None
    speech: bool = Field(description="false: the unit that called can open no voice channel")
    known: bool = Field(description="false: the sender is not enrolled, or proved nothing")
    causes: tuple[str, ...] = Field(description="what a technical alarm is open for")
    answers: dict[str, str]
    given_by: dict[str, str] = Field(default={}, description="who gave each answer")
    note: str


class ListedAlarm(View):
    """An alarm with whose it is."""

    alarm: AlarmView
    subject: str
    subject_kind: SubjectKind
    person: str | None
    place: str | None
    place_name: str | None = Field(description="of a place's alarm; null for your role")
    residents: tuple[str, ...] = Field(
        default=(), description="of a place's alarm: the persons who live there, at most 20"
    )
    more_residents: bool = False
    warning: HomeWarning | None = warning_field()
    label: str | None = Field(description="what an unknown sender calls itself")


class ReasonView(View):
    """Why, with the rule and its version."""

    reason: str
    rule: str
    version: str
    inputs: dict[str, Any]


class Step(View):
    """One step that was decided, in plain words and in full."""

    model_config = example(examples.STEP)

    at: datetime = Field(description="when it was entered and decided")
    what: str
    says: str = Field(description="the step in plain words")
    reasons: tuple[ReasonView, ...]
    referral: str | None
    service: str | None
    disposition: str | None
    task: str | None
    due_at: datetime | None
    occurred_at: datetime | None = Field(description="when it happened, where that was said")


class TaskView(View):
    """Something a person must do."""

    model_config = example(examples.TASK_VIEW)

    id: str
    kind: TaskKind
    state: TaskState
    made_at: datetime
    due_at: datetime | None
    overdue: bool
    alarm: str | None
    referral: str | None
    subject: str
    person: str | None = Field(description="whom it is about; null where nobody knows yet")
    warning: HomeWarning | None = warning_field()
    service: str | None
    claimed_by: str | None
    claimed_at: datetime | None
    done_at: datetime | None
    text: str


class Clocks(View):
    """Both clocks of a referral (CLINICAL 2.4)."""

    model_config = example(examples.CLOCKS)

    minutes_elapsed: int | None = Field(description="national clock, once it has stopped")
    minutes_press_to_arrival: int | None = Field(description="from the press, once arrived")
    minutes_running: int | None = Field(description="national clock so far, while it runs")
    standard_met: bool | None = Field(description="null while it still can be met")
    standard_due_at: datetime | None = Field(description="by when the visit must have been made")
    breach_due_at: datetime | None = Field(description="by when it must be seen or accepted")
    breach_due: bool = Field(description="that time has passed without it")


class ReferralView(View):
    """A referral with its stamps and clocks."""

    model_config = example(examples.REFERRAL_VIEW)

    id: str
    service: str
    state: ReferralState
    provisional: bool = Field(description="nobody has confirmed or accepted it yet")
    source: Source
    standard: Standard
    need: str | None
    alarm: str | None
    subject: str
    person: str | None
    made_at: datetime
    pressed_at: datetime | None
    alarm_at: datetime | None
    taken_at: datetime | None
    spoke_at: datetime | None
    decided_at: datetime | None
    sent_at: datetime | None
    received_at: datetime | None
    seen_at: datetime | None
    confirmed_at: datetime | None
    accepted_at: datetime | None
    rejected_at: datetime | None
    set_out_at: datetime | None
    eta_at: datetime | None
    first_face_to_face_at: datetime | None
    support_until: datetime | None = Field(description="end of the 72 h of crisis support")
    closed_at: datetime | None
    withdrawn_at: datetime | None
    breached_at: datetime | None
    contacts: int
    outcome: str | None
    text: str = Field(description="the referrer's own words; what was said since stands in notes")
    assessed: dict[str, str] = Field(
        default={}, description="criterion to met, not_known or not_met; empty: not assessed"
    )
    joint_with: tuple[str, ...] = Field(
        default=(), description="the other services' referrals for the same alarm"
    )
    follows: str | None = Field(
        default=None, description="the referral into whose 72 h of support this one falls"
    )
    follow_up_on: date | None = Field(
        default=None, description="when somebody looks whether the person is at home (91 days)"
    )
    warning: HomeWarning | None = warning_field()
    helped: str | None = Field(
        default=None, description="it is for somebody else than the person, whose record is unknown"
    )
    clocks: Clocks


class NoteView(View):
    """What somebody said or did about a referral; a visit or contact stands here without words."""

    model_config = example(examples.NOTE_VIEW)

    at: datetime = Field(description="when it was entered")
    occurred_at: datetime = Field(description="when it happened")
    by: str
    what: str = Field(description="the act of the service or operator, or task_done")
    text: str
    mechanism: Mechanism | None = Field(description="how a contact was held, where it was said")


class MdtWhy(StrEnum):
    """Why a referral is looked at in a daily meeting."""

    OPEN = "open"
    MADE = "made"
    ATTENDED = "attended"
    ENDED = "ended"
    IN_SUPPORT = "in_support"
    TASKS_LEFT = "tasks_left"
    FOLLOW_UP = "follow_up"


class Joint(View):
    """What another service does for the same alarm."""

    referral: str
    service: str
    state: ReferralState
    accepted_at: datetime | None
    first_face_to_face_at: datetime | None
