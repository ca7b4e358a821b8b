"""Who belongs to which case in a story: persons, places and devices, and what is known of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from alerts.case import Case
from alerts.facts import Elsewhere, Facts, Person
from alerts.ruleset import Rules
from alerts.step import CLOSED_REFERRALS
from alerts.story_input import Story
from alerts.words import PersonStatus, SubjectKind
from devices.model import Signal

HOUR = timedelta(hours=1)
SUBJECTS = {
    "person": SubjectKind.PERSON,
    "place": SubjectKind.PLACE,
    "device": SubjectKind.UNKNOWN_DEVICE,
}


def subject_of(story: Story, device: str) -> str:
    """Name the case a device speaks for: its person's, its place's, its own."""
    known = story.devices.get(device)
    if known is not None and known.person is not None:
        return f"person:{known.person}"
    if known is not None and known.place is not None:
        return f"place:{known.place}"
    return f"device:{device}"


def subject_for(story: Story, device: str, signals: Sequence[Signal], rules: Rules) -> str:
    """Name the case of a message: fire, gas, heat and flood belong to the place (DESIGN 2)."""
    subject = subject_of(story, device)
    known = story.devices.get(device)
    if known is None or not rules.is_life_safety(signals):
        return subject
    person = story.persons.get(known.person or "")
    place = known.place or (None if person is None else person.place)
    return subject if place is None else f"place:{place}"


def person_of(story: Story, subject: str) -> Person | None:
    """Give the person of a case; of a place, the only one who lives there."""
    kind, _, name = subject.partition(":")
    if kind == "person":
        return story.persons.get(name)
    living = [p for p in story.persons.values() if kind == "place" and p.place == name]
    return living[0] if len(living) == 1 else None


def elsewhere(story: Story, subject: str, cases: Mapping[str, Case]) -> tuple[Elsewhere, ...]:
    """Give what is open for a case's person in the other cases of the story."""
    person = person_of(story, subject)
    if person is None:
        return ()
    return tuple(
        Elsewhere(referral.id, referral.service)
        for other, case in cases.items()
        if other != subject
        for referral in case.referrals
        if referral.person == person.id and referral.state not in CLOSED_REFERRALS
    )


def _is_bereaved(story: Story, kind: str, name: str) -> bool:
    """Say whether somebody died who lived in the home of a case; a care home is none here."""
    homes = {p.place for p in story.persons.values() if kind == "person" and p.id == name}
    homes |= {name} if kind == "place" else set()
    died = [p for p in story.persons.values() if p.status is PersonStatus.DECEASED]
    return any(p.place in homes and not p.care_home for p in died if p.place is not None)


def facts_of(
    story: Story, subject: str, now: datetime, automatic: Sequence[tuple[str, datetime]]
) -> Facts:
    """Give what is known for deciding a case; `automatic` are the referrals made by themselves."""
    kind, _, name = subject.partition(":")
    living = {p.id for p in story.persons.values() if kind == "place" and p.place == name}
    services = tuple(
        replace(s, automatic_last_hour=sum(n == s.id and at > now - HOUR for n, at in automatic))
        for s in story.services
    )
    devices = {
        d.id: d
        for d in story.devices.values()
        if subject_of(story, d.id) == subject
        or d.person in living
        or (kind == "place" and d.place == name)
    }
    return Facts(
        SUBJECTS[kind],
        person=person_of(story, subject),
        devices=devices,
        services=services,
        residents=tuple(sorted(living)),
        bereaved=_is_bereaved(story, kind, name),
    )
