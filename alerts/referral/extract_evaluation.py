"""A pseudonymised record of each referral, for evaluation by others than its service.

Contract: pure; the key comes from outside and never leaves the gateway. No name, number, address,
date of birth, date, staff id or free text: words outside the closed lists become `other`. Times are
spans in minutes and a month, a kind of day and a part of the day. This is still personal data of
people who could be recognised by who knows them: it goes to named evaluators, not to the public.
"""

import hmac
from base64 import b32encode
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

import msgspec

from alerts.referral.clock import minutes_elapsed, minutes_press_to_arrival, standard_met
from alerts.referral.extract import MINUTE, Asked, stop_reason
from alerts.referral.extract_quality import age
from alerts.referral.extract_raw import (
    Patient,
    Raw,
    avoided,
    contacts,
    ending,
    is_fall,
    is_joint,
    need,
    onward,
)
from alerts.words import Mechanism

PSEUDONYM_LETTERS = 16
AGE_BANDS = ((18, "under 18"), (65, "18-64"), (75, "65-74"), (85, "75-84"), (1000, "85+"))
HOURS_A_PART = 4
SATURDAY = 5
OTHER = "other"
UNKNOWN = "unknown"


class Evaluated(msgspec.Struct, frozen=True):
    """One referral without whose it is; `ordinal` counts a person's referrals of the month."""

    person: str
    referral: str
    ordinal: int
    service: str
    month: str
    day: str
    part_of_day: str
    age_band: str
    source: str
    standard: str
    need: str
    what: str
    state: str
    provisional: bool
    fall: bool
    joint: bool
    outcome: str
    stop_reason: str | None
    admission_avoided: bool
    ambulance_avoided: bool
    breached: bool
    standard_met: bool | None
    minutes_made_to_accepted: int | None
    minutes_elapsed: int | None
    minutes_press_to_arrival: int | None
    presses: int
    visits: int
    telephone_contacts: int
    video_contacts: int
    tasks_left: int


def pseudonym(key: bytes, kind: str, id_: str) -> str:
    """Give the same letters for the same id under one key; without the key it leads nowhere."""
    code = hmac.new(key, f"{kind}|{id_}".encode(), sha256).digest()
    return b32encode(code).decode()[:PSEUDONYM_LETTERS]


def evaluated(raws: Iterable[Raw], asked: Asked, key: bytes) -> tuple[Evaluated, ...]:
    """Give the month's referrals, in the order of their pseudonyms and not of time."""
    seen: dict[str, int] = {}
    found = []
    for raw in sorted(raws, key=lambda raw: (raw.referral.made_at, raw.referral.id)):
        if asked.period.holds(raw.referral.made_at, raw.zone):
            whose = pseudonym(key, "person", _whose(raw))
            seen[whose] = seen.get(whose, 0) + 1
            found.append(_evaluated(raw, asked, key, (whose, seen[whose])))
    return tuple(sorted(found, key=lambda one: (one.person, one.ordinal)))


def _whose(raw: Raw) -> str:
    """Give whose referral it is; one that names nobody is somebody of its own."""
    return raw.referral.id if raw.whom is None else raw.whom.id


def _evaluated(raw: Raw, asked: Asked, key: bytes, whose: tuple[str, int]) -> Evaluated:
    referral, rules = raw.referral, asked.rules
    local = referral.made_at.astimezone(raw.zone)
    held = [one.mechanism for one in contacts(raw)]
    word, without = need(raw, rules), avoided(raw, rules)
    return Evaluated(
        person=whose[0],
        referral=pseudonym(key, "referral", referral.id),
        ordinal=whose[1],
        service=referral.service,
        month=asked.period.label,
        day="weekend" if local.weekday() >= SATURDAY else "weekday",
        part_of_day=_part(local),
        age_band=_band(raw.whom, referral.made_at),
        source=referral.source.value,
        standard=referral.standard.value,
        need=UNKNOWN if word is None else word if word in rules.scripts.needs else OTHER,
        what="" if raw.alarm is None else raw.alarm.what,
        state=referral.state.value,
        provisional=referral.provisional,
        fall=is_fall(raw, rules),
        joint=is_joint(raw),
        outcome=ending(raw, rules) or UNKNOWN,
        stop_reason=stop_reason(raw, rules),
        admission_avoided="admission_avoided" in without,
        ambulance_avoided="ambulance_avoided" in without,
        breached=referral.breached_at is not None,
        standard_met=standard_met(referral, rules, asked.now),
        minutes_made_to_accepted=_minutes(referral.made_at, referral.accepted_at),
        minutes_elapsed=minutes_elapsed(referral),
        minutes_press_to_arrival=minutes_press_to_arrival(referral),
        presses=0 if raw.alarm is None else raw.alarm.signals,
        visits=held.count(Mechanism.FACE_TO_FACE),
        telephone_contacts=held.count(Mechanism.TELEPHONE),
        video_contacts=held.count(Mechanism.VIDEO),
        tasks_left=len(onward(raw)),
    )


def _minutes(since: datetime, until: datetime | None) -> int | None:
    return None if until is None else (until - since) // MINUTE


def _part(local: datetime) -> str:
    first = local.hour // HOURS_A_PART * HOURS_A_PART
    return f"{first:02d}-{first + HOURS_A_PART:02d}"


def _band(patient: Patient | None, made_at: datetime) -> str:
    if patient is None or patient.born is None:
        return UNKNOWN
    years = age(patient.born, made_at.date())
    return next(band for below, band in AGE_BANDS if years < below)
