"""From stored values to records. Pure: rows and records in, views out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from alerts.case import Alarm, Entry, Referral, Task
from alerts.referral.clock import (
    STANDARD,
    minutes_elapsed,
    minutes_press_to_arrival,
    standard_met,
)
from alerts.ruleset import Rules
from alerts.step import CLOSED_REFERRALS, LIVE_TASKS
from gateway.api import records, records_people
from gateway.api.records_base import HomeWarning
from gateway.api.words import say

CARD_AFTER_END = timedelta(days=30)
MINUTE = timedelta(minutes=1)

alarm_of = msgspec.json.Decoder(Alarm).decode
referral_of = msgspec.json.Decoder(Referral).decode
task_of = msgspec.json.Decoder(Task).decode
entry_of = msgspec.json.Decoder(Entry).decode


Warnings = Mapping[UUID, HomeWarning]


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose a referral or task is, and what must be read before their home is called."""

    subject: UUID
    person: UUID | None
    warning: HomeWarning | None

    def fields(self) -> dict[str, Any]:
        """Give it as the views name it."""
        person = str(self.person) if self.person else None
        return {"subject": str(self.subject), "person": person, "warning": self.warning}


@dataclass(frozen=True, slots=True)
class Home:
    """Of an alarm: its place's name and residents, and what must be read before one calls."""

    name: str | None = None
    residents: tuple[UUID, ...] = ()
    more: bool = False
    warning: HomeWarning | None = None

    @property
    def only_resident(self) -> UUID | None:
        """Give who lives there alone."""
        return self.residents[0] if len(self.residents) == 1 and not self.more else None


def whose(row: Any, warned: Warnings) -> Whose:  # noqa: ANN401 - a row of a desk query
    """Say whose a row is."""
    return Whose(row.subject_id, row.person_id, warned.get(row.subject_id))


def alarm_view(alarm: Alarm) -> records.AlarmView:
    """Show an alarm."""
    return records.AlarmView.model_validate(alarm)


def owner(row: Any, home: Home) -> dict[str, Any]:  # noqa: ANN401 - a row of the desk's alarm queries
    """Say whose a listed alarm is; a place's is also the only resident's."""
    person = row.person_id or home.only_resident
    return {
        "subject": str(row.subject_id),
        "subject_kind": row.subject_kind,
        "person": str(person) if person else None,
        "place": str(row.place_id) if row.place_id else None,
        "place_name": home.name,
        "residents": tuple(map(str, home.residents)),
        "more_residents": home.more,
        "warning": home.warning,
        "label": row.label,
    }


def listed_alarm(row: Any, home: Home) -> records.ListedAlarm:  # noqa: ANN401 - as above
    """Show an alarm with whose it is."""
    return records.ListedAlarm(alarm=alarm_view(alarm_of(row.record)), **owner(row, home))


def step(entry: Entry) -> records.Step:
    """Show one step that was decided."""
    return records.Step(
        at=entry.at,
        what=entry.what.value,
        says=say(entry),
        reasons=tuple(records.ReasonView.model_validate(reason) for reason in entry.reasons),
        referral=entry.referral,
        service=entry.service,
        disposition=entry.disposition.value if entry.disposition else None,
        task=entry.task.value if entry.task else None,
        due_at=entry.due_at,
        occurred_at=entry.occurred_at,
    )


def steps(entries: Sequence[Entry]) -> tuple[records.Step, ...]:
    """Show the steps of a decision."""
    return tuple(step(entry) for entry in entries)


def task_view(task: Task, whose: Whose, now: datetime) -> records.TaskView:
    """Show a task."""
    late = task.state in LIVE_TASKS and task.due_at is not None and task.due_at < now
    fields = {**msgspec.structs.asdict(task), **whose.fields(), "overdue": late}
    return records.TaskView(**fields)


def clocks(referral: Referral, rules: Rules, now: datetime) -> records.Clocks:
    """Show both clocks; the national one only runs for what was confirmed or accepted."""
    counts = not referral.provisional and referral.received_at is not None
    runs = counts and referral.first_face_to_face_at is None and ended_at(referral) is None
    running = due_at = None
    if referral.received_at is not None and counts:
        due_at = referral.received_at + rules.span(STANDARD[referral.standard])
        running = (now - referral.received_at) // MINUTE if runs else None
    answered = referral.accepted_at is not None or ended_at(referral) is not None
    breach_at = None if answered else referral.breach_due_at
    return records.Clocks(
        minutes_elapsed=minutes_elapsed(referral),
        minutes_press_to_arrival=minutes_press_to_arrival(referral),
        minutes_running=running,
        standard_met=standard_met(referral, rules, now),
        standard_due_at=due_at,
        breach_due_at=breach_at,
        breach_due=breach_at is not None and breach_at <= now,
    )


def referral_view(
    referral: Referral, whose: Whose, rules: Rules, now: datetime
) -> records.ReferralView:
    """Show a referral."""
    known = {**msgspec.structs.asdict(referral), **whose.fields()}
    return records.ReferralView(**{**known, "clocks": clocks(referral, rules, now)})


def notes(referral: Referral) -> tuple[records.NoteView, ...]:
    """Show what was said about a referral."""
    return tuple(records.NoteView.model_validate(note) for note in referral.notes)


def referral_row(row: Any, warned: Warnings, rules: Rules, now: datetime) -> records.ReferralView:  # noqa: ANN401 - a row of the desk's referral queries
    """Show a referral that was read."""
    return referral_view(referral_of(row.record), whose(row, warned), rules, now)


def ended_at(referral: Referral) -> datetime | None:
    """Say since when a referral has been over; None while it is open."""
    if referral.state not in CLOSED_REFERRALS:
        return None
    return referral.closed_at or referral.withdrawn_at or referral.rejected_at


def card_withheld(referral: Referral, now: datetime) -> str | None:
    """Say why the person's card is not given (any more); None while it is (DESIGN 6)."""
    ended = ended_at(referral)
    if ended is None or now <= ended + CARD_AFTER_END:
        return None
    return f"the referral ended more than {CARD_AFTER_END.days} days ago"


def person_card(row: Any) -> records_people.PersonCard:  # noqa: ANN401 - a row of person_card
    """Show a person."""
    fields = row._asdict()
    place = fields.pop("place_name")
    return records_people.PersonCard(**{**fields, "id": str(row.id), "place": place})


def person_record(row: Any) -> records_people.PersonRecord:  # noqa: ANN401 - a row of person_record
    """Show the record that deciding reads."""
    return records_people.PersonRecord(**{**row._asdict(), "id": str(row.id)})


def untested(row: Any, now: datetime) -> records_people.UntestedDevice:  # noqa: ANN401 - a row of desk_untested
    """Show a device whose test is overdue."""
    return records_people.UntestedDevice(
        line=row.line,
        device=row.sender,
        model=row.model,
        subject=str(row.subject_id),
        person=str(row.person_id) if row.person_id else None,
        place=str(row.place_id) if row.place_id else None,
        tested_at=row.tested_at,
        days=(now - row.tested_at).days,
    )


def joint(row: Any) -> records.Joint:  # noqa: ANN401 - a row of desk_joint
    """Show what another service does for the same alarm."""
    return records.Joint(
        referral=str(row.id),
        service=row.service_id,
        state=row.state,
        accepted_at=row.accepted_at,
        first_face_to_face_at=row.first_face_to_face_at,
    )


def place_card(row: Any) -> records_people.PlaceCard:  # noqa: ANN401 - a row of place_card
    """Show a place."""
    return records_people.PlaceCard(**{**row._asdict(), "id": str(row.id)})


def service_view(row: Any) -> records_people.ServiceView:  # noqa: ANN401 - a row of desk_services
    """Show a service."""
    return records_people.ServiceView.model_validate(row)
