"""The data-quality report: what an extract lacks or cannot be right, and what to do about it.

Contract: pure. One finding for each missing or implausible item of each referral; one for each code
that is to be agreed with the provider; one for each item that this gateway does not hold. A finding
names ids and items, never a person, a number or a date of birth.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum

import msgspec

from alerts.case import Referral
from alerts.referral.extract import Asked
from alerts.referral.extract_codes import TO_BE_AGREED, Coder
from alerts.referral.extract_raw import Patient, Raw, contacts, ending, is_active, need
from alerts.referral.nhs_number import is_nhs_number
from alerts.rule_ids import Rule
from alerts.ruleset import Rules
from alerts.words import Mechanism

POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}", re.IGNORECASE)
ORDER = (
    ("alarm_at", "sent_at"),
    ("sent_at", "received_at"),
    ("received_at", "accepted_at"),
    ("received_at", "first_face_to_face_at"),
    ("first_face_to_face_at", "closed_at"),
)


class Problem(StrEnum):
    """What is wrong with an item."""

    MISSING = "missing"
    IMPLAUSIBLE = "implausible"
    TO_BE_AGREED = "to_be_agreed"
    NOT_HELD = "not_held"


BY_REFERRAL = frozenset({Problem.MISSING, Problem.IMPLAUSIBLE})


class Finding(msgspec.Struct, frozen=True):
    """One thing to put right; `count` is how many records it concerns."""

    problem: Problem
    item: str
    found: str
    what_to_do: str
    referral: str | None = None
    service: str | None = None
    count: int = 1


NOT_HELD = (
    ("CYP001.Gender", "the provider's own record supplies it"),
    ("CYP002.GPPractice", "the provider's own record supplies it"),
    ("CYP101.ReferringOrganisation", "agree the organisation code of whoever refers"),
    ("CYP105.OnwardOrganisation", "agree the organisation code of each onward service"),
    ("CYP201.Duration", "only the time of a contact is entered; the provider's record supplies it"),
)


def findings(raws: tuple[Raw, ...], asked: Asked, coder: Coder) -> tuple[Finding, ...]:
    """Give what is wrong with the month's extract; `coder` is the one it was made with."""
    found = [
        msgspec.structs.replace(one, referral=raw.referral.id, service=raw.referral.service)
        for raw in sorted(raws, key=lambda raw: (raw.referral.made_at, raw.referral.id))
        if is_active(raw, asked.period)
        for one in _of(raw, asked)
    ]
    if not raws:
        return tuple(found)
    agree = "agree the code with the provider who submits, then approve it in the code rows"
    found += [
        Finding(
            Problem.TO_BE_AGREED,
            use.item,
            f"{use.word}: {'no code' if use.printed == TO_BE_AGREED else use.printed}",
            agree,
            count=count,
        )
        for use, count in sorted(coder.not_agreed.items())
    ]
    return (*found, *(Finding(Problem.NOT_HELD, item, "", do) for item, do in NOT_HELD))


def _of(raw: Raw, asked: Asked) -> Iterator[Finding]:
    yield from _person(raw, asked)
    yield from _words(raw, asked.rules)
    yield from _times(raw.referral, asked)
    yield from _contacts(raw, asked.now)


def _missing(item: str, do: str) -> Finding:
    return Finding(Problem.MISSING, item, "nothing", do)


def _doubt(item: str, found: str, do: str) -> Finding:
    return Finding(Problem.IMPLAUSIBLE, item, found, do)


def _person(raw: Raw, asked: Asked) -> Iterator[Finding]:
    patient = raw.whom
    if patient is None:
        yield _missing("CYP001", "find out whom the referral was for and record the person")
        return
    number, postcode = patient.nhs_number, patient.postcode
    if not number:
        yield _missing("CYP001.NHSNumber", "look the number up and enrol it")
    elif not is_nhs_number(number):
        do = "check the number with the person's practice and correct the enrolment"
        yield _doubt("CYP001.NHSNumber", "fails its check digit", do)
    if not postcode:
        yield _missing("CYP001.Postcode", "enrol the postcode of where the person lives")
    elif not POSTCODE.fullmatch(postcode.strip()):
        yield _doubt("CYP001.Postcode", "is no full postcode", "correct the enrolment")
    yield from _birth(patient, raw.referral.made_at.date(), asked.rules)


def _birth(patient: Patient, on: date, rules: Rules) -> Iterator[Finding]:
    born, item = patient.born, "CYP001.DateOfBirth"
    if born is None:
        yield _missing(item, "enrol the date of birth")
        return
    years = age(born, on)
    if years < rules.count(Rule.ADULT_AGE):
        do = "correct the enrolment; nobody of this age is referred here"
        yield _doubt(item, f"age {years}", do)
    if years > rules.count(Rule.EXTRACT_OLDEST):
        yield _doubt(item, f"age {years}", "correct the enrolment")


def age(born: date, on: date) -> int:
    """Give whole years of age on a day."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _words(raw: Raw, rules: Rules) -> Iterator[Finding]:
    referral = raw.referral
    reason, which = need(raw, rules), "ask the team which of the nine needs it was"
    if reason is None:
        yield _missing("CYP101.PrimaryReason", which)
    elif reason not in rules.scripts.needs:
        yield _doubt("CYP101.PrimaryReason", "the need is free text", which)
    if referral.closed_at is None or ending(raw, rules) is not None:
        return
    if not referral.outcome:
        yield _missing("CYP102.ClosureReason", "ask the team for the outcome")
        return
    do = "ask the team to choose one of the outcome words of the code rows"
    yield _doubt("CYP102.ClosureReason", "the outcome is free text", do)


def _times(referral: Referral, asked: Asked) -> Iterator[Finding]:
    for earlier, later in ORDER:
        first, then = getattr(referral, earlier), getattr(referral, later)
        if first is not None and then is not None and then < first:
            do = "check both times with the team; the clocks are computed from them"
            yield _doubt(later, f"before {earlier} by {_minutes(first, then)} min", do)
        if then is not None and then > asked.now:
            yield _doubt(later, "in the future", "check the clock of whoever entered it")
    start, stop = referral.received_at, referral.first_face_to_face_at
    if start and stop and stop - start > asked.rules.span(Rule.EXTRACT_LONGEST):
        do = "check with the team that this visit belongs to this referral"
        yield _doubt("CYP104.RTT_EndDate", f"{(stop - start).days} days after the start", do)


def _minutes(first: datetime, then: datetime) -> int:
    return int((first - then).total_seconds() // 60)


def _contacts(raw: Raw, now: datetime) -> Iterator[Finding]:
    held = contacts(raw)
    for one in held:
        item = f"CYP201 contact {one.number}"
        if one.mechanism is None:
            do = "ask the team how the contact was held"
            yield _missing(f"{item} ConsultationMechanism", do)
        if not one.by:
            yield _missing(f"{item} CareProfessionalLocalID", "ask the team who held it")
        if one.at > now:
            yield _doubt(item, "in the future", "check the clock of whoever entered it")
    visits = [one.at for one in held if one.mechanism is Mechanism.FACE_TO_FACE]
    stamp = raw.referral.first_face_to_face_at
    if stamp != min(visits, default=None):
        do = "the stamp and the entered visits disagree: check with the team which visit was first"
        yield _doubt("CYP104.RTT_EndTime", f"{len(visits)} visits entered", do)
