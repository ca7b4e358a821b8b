"""What each route answers: envelopes around the records of records.py."""

from datetime import date

from pydantic import Field

from gateway.api.records import (
    AlarmView,
    Joint,
    ListedAlarm,
    MdtWhy,
    NoteView,
    ReferralView,
    Step,
    TaskView,
)
from gateway.api.records_base import HomeWarning, View
from gateway.api.records_people import (
    PersonCard,
    PersonRecord,
    PlaceCard,
    ServiceView,
    UntestedDevice,
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
    resident_cards: tuple[PersonCard, ...] = Field(
        default=(), description="of a place where several people live: theirs, at most 20"
    )


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
    because: tuple[MdtWhy, ...] = Field(
        description="in_support: within 72 h of the first visit; tasks_left: not done by the "
        "day's end; follow_up: 91 days after its end, is the person at home?"
    )
    joint: tuple[Joint, ...] = Field(description="the other services of a joint response")
    card: PersonCard | None
    card_withheld: str | None = Field(description="why there is no card")
    tasks: tuple[TaskView, ...]
    alarms_24h: tuple[AlarmView, ...]


class MdtList(View):
    """A service's daily meeting: open referrals, and those of which `because` says why."""

    service: str
    date: date
    timezone: str
    entries: tuple[MdtEntry, ...]
    more: bool


class PersonDetail(View):
    """A person: the card, the record, and what was done to the record."""

    record: PersonRecord
    warning: HomeWarning | None = Field(description="read it before you call this home")
    card: PersonCard
    history: tuple[Step, ...] = Field(description="of no alarm or referral, the newest first")


class PersonChanged(View):
    """A person's record after somebody changed it; nothing was decided if it was so before."""

    record: PersonRecord
    decided: tuple[Step, ...]


class Untested(View):
    """Devices whose monthly user test is overdue, the longest ago first."""

    devices: tuple[UntestedDevice, ...]
    more: bool


class Alive(View):
    """The process lives."""

    alive: bool = True


class Ready(View):
    """Calls can be stored, decided and shown."""

    ready: bool = True
    storage: str
