"""What each route answers: envelopes around the records of records.py."""

from datetime import date

from pydantic import Field

from gateway.api.records import (
    AlarmView,
    ListedAlarm,
    NoteView,
    PersonCard,
    PlaceCard,
    ReferralView,
    ServiceView,
    Step,
    TaskView,
    View,
)


class Alarms(View):
    """Alarms, worst first."""

    alarms: tuple[ListedAlarm, ...]
    more: bool = Field(description="true: there are more than were asked for")


class AlarmDetail(ListedAlarm):
    """An alarm with its explanation and all that hangs on it."""

    explanation: tuple[Step, ...] = Field(description="every step with its reasons, oldest first")
    explanation_cut: bool = Field(description="true: only the first steps are shown")
    tasks: tuple[TaskView, ...]
    referrals: tuple[ReferralView, ...]
    card: PersonCard | None = Field(description="null without a person, or for your role")
    place_card: PlaceCard | None


class Acted(View):
    """What an operator's act led to."""

    alarm: AlarmView
    decided: tuple[Step, ...]


class Services(View):
    """The services, in the order they are tried."""

    services: tuple[ServiceView, ...]


class Referrals(View):
    """Referrals, longest waiting first."""

    referrals: tuple[ReferralView, ...]
    more: bool


class ReferralDetail(View):
    """A referral with its timeline; the person's card while open and 30 days after."""

    referral: ReferralView
    notes: tuple[NoteView, ...] = Field(description="what was said since, oldest first")
    timeline: tuple[Step, ...]
    timeline_cut: bool
    tasks: tuple[TaskView, ...]
    card: PersonCard | None
    card_withheld: str | None = Field(description="why there is no card")


class ReferralActed(View):
    """What an act on a referral led to."""

    referral: ReferralView
    decided: tuple[Step, ...]


class Tasks(View):
    """Tasks that want a person, by due time."""

    tasks: tuple[TaskView, ...]
    more: bool


class TaskDone(View):
    """A task after it was done."""

    task: TaskView
    notes: tuple[NoteView, ...] = Field(description="of the referral it belongs to")
    decided: tuple[Step, ...]


class MdtEntry(View):
    """One person of the daily meeting."""

    referral: ReferralView
    card: PersonCard | None
    tasks: tuple[TaskView, ...]
    alarms_24h: tuple[AlarmView, ...]


class MdtList(View):
    """A service's daily meeting: open referrals, and those made, attended or ended that day."""

    service: str
    date: date
    timezone: str
    entries: tuple[MdtEntry, ...]
    more: bool


class Alive(View):
    """The process lives."""

    alive: bool = True


class Ready(View):
    """Calls can be stored, decided and shown."""

    ready: bool = True
    storage: str
