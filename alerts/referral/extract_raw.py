"""What reporting reads of one referral: its record, its alarm, its decisions, and who it is for.

Contract: pure. Nothing is inferred that nobody entered: a contact is an entry of a decision, an
outcome counts only when it is said in the words of the code rows, and a referral counts only when a
person confirmed or accepted it and its service has received it (DECIDING 2).
"""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from alerts.case import Alarm, Entry, Referral
from alerts.facts import Service
from alerts.rule_ids import Rule
from alerts.rule_rows import CodeList
from alerts.ruleset import Rules
from alerts.words import CloseReason, Mechanism, ReferralState, What

FALL = "fall"
VISIT = "face_to_face"
CONTACT = "contact"
LEFT = "left_by_service"
MAX_OUTCOME_WORDS = 8
DECEMBER = 12
FAR = datetime.max.replace(tzinfo=ZoneInfo("UTC"))


class Patient(msgspec.Struct, frozen=True):
    """Whom a referral is for, as far as an extract needs it: no name, no address."""

    id: str
    born: date | None = None
    nhs_number: str | None = None
    postcode: str | None = None


class Raw(msgspec.Struct, frozen=True):
    """One referral as it was recorded.

    Attributes:
        patient: The person of the case; `whom` says whether the referral is for them.
        entries: Its decisions, in the order in which they were made.
        beside: Every referral of the same person, this one included or not.
    """

    referral: Referral
    service: Service
    patient: Patient | None = None
    alarm: Alarm | None = None
    entries: tuple[Entry, ...] = ()
    beside: tuple[Referral, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the service, in which its months and hours are told."""
        return ZoneInfo(self.service.timezone)

    @property
    def whom(self) -> Patient | None:
        """Whom it was for; None when that was somebody whose record is not known."""
        return None if self.referral.helped else self.patient


class Contact(msgspec.Struct, frozen=True):
    """A contact that a service entered; `number` counts them in the order of entry, from 1."""

    number: int
    at: datetime
    mechanism: Mechanism | None
    by: str


class Onward(msgspec.Struct, frozen=True):
    """Something that a service left for others: when, and which kind of task."""

    at: datetime
    kind: str


class Period(msgspec.Struct, frozen=True):
    """A calendar month, told in whichever time zone it is asked for."""

    year: int
    month: int

    @property
    def label(self) -> str:
        """The month as `YYYY-MM`."""
        return f"{self.year:04d}-{self.month:02d}"

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Give the month's first instant and the next month's."""
        after = (self.year + 1, 1) if self.month == DECEMBER else (self.year, self.month + 1)
        return datetime(self.year, self.month, 1, tzinfo=zone), datetime(*after, 1, tzinfo=zone)

    def holds(self, at: datetime | None, zone: ZoneInfo) -> bool:
        """Say whether a time lies in the month; no time lies in none."""
        since, until = self.span(zone)
        return at is not None and since <= at < until


def parse_period(text: str) -> Period:
    """Read `YYYY-MM`.

    Raises:
        ValueError: it is no month; says what was found and expected.
    """
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise ValueError(f"{text!r} is no month: expected YYYY-MM, such as 2026-11") from error
    return Period(first.year, first.month)


def ended_at(referral: Referral) -> datetime | None:
    """Give when a referral ended, however it did."""
    return referral.closed_at or referral.withdrawn_at or referral.rejected_at


def is_counted(referral: Referral) -> bool:
    """Say whether the national clock counts for it: confirmed or accepted, and received."""
    return not referral.provisional and referral.received_at is not None


def is_withdrawn_before_acceptance(referral: Referral) -> bool:
    """Say whether it was withdrawn before its service accepted it."""
    return referral.state is ReferralState.WITHDRAWN and referral.accepted_at is None


def is_active(raw: Raw, period: Period) -> bool:
    """Say whether a counted referral was open at some time of the month."""
    since, until = period.span(raw.zone)
    received_at, end = raw.referral.received_at, ended_at(raw.referral) or FAR
    return (
        is_counted(raw.referral)
        and received_at is not None
        and received_at < until
        and end >= since
    )


def need(raw: Raw, rules: Rules) -> str | None:
    """Give which need it was for: the referral's own, else the last that a person decided with.

    Another word for one of the nine is that one's name; any other word stays as it was said.
    """
    said = (reason.inputs.get("need") for entry in raw.entries for reason in entry.reasons)
    words = [str(one) for one in (*said, raw.referral.need) if one]
    if not words:
        return None
    row = rules.scripts.needs.get(words[-1])
    return words[-1] if row is None else row.name


def is_fall(raw: Raw, rules: Rules) -> bool:
    """Say whether a referral is about a fall: its need says so, or its alarm was a fall."""
    return need(raw, rules) == FALL or (raw.alarm is not None and raw.alarm.what == FALL)


def is_joint(raw: Raw) -> bool:
    """Say whether another service went as well: both accepted, and together.

    Together is for one alarm (alerts/referral/joint.py), or the same person at the same time.
    """
    mine = raw.referral
    return any(_together(mine, other) for other in raw.beside)


def _together(mine: Referral, other: Referral) -> bool:
    if other.service == mine.service or mine.accepted_at is None or other.accepted_at is None:
        return False
    if other.id in mine.joint_with and mine.alarm is not None and mine.alarm == other.alarm:
        return True
    return other.accepted_at < (ended_at(mine) or FAR) and mine.accepted_at < (
        ended_at(other) or FAR
    )


def contacts(raw: Raw) -> tuple[Contact, ...]:
    """Give the contacts that were entered, each with when it happened."""
    found: list[Contact] = []
    for entry in raw.entries:
        reason = next((r for r in entry.reasons if r.rule == Rule.SERVICE_ACTS.value), None)
        if entry.what is not What.NOTHING or reason is None:
            continue
        if reason.reason not in (VISIT, CONTACT):
            continue
        said = reason.inputs.get("mechanism")
        mechanism = None if said is None else Mechanism(said)
        if reason.reason == VISIT:
            mechanism = Mechanism.FACE_TO_FACE
        at = entry.occurred_at or entry.at
        found.append(Contact(len(found) + 1, at, mechanism, str(reason.inputs.get("by") or "")))
    return tuple(found)


def onward(raw: Raw) -> tuple[Onward, ...]:
    """Give what the service left for others to do."""
    return tuple(
        Onward(entry.at, entry.task.value)
        for entry in raw.entries
        if entry.what is What.TASK_MADE
        and entry.task is not None
        and any(reason.reason == LEFT for reason in entry.reasons)
    )


def outcome_words(raw: Raw, rules: Rules) -> tuple[str, ...]:
    """Give the words of an outcome when every one of them is a known one, else none.

    Free text stays text: "not conveyed" must never count as conveyed.
    """
    text = (raw.referral.outcome or "").replace(",", " ").replace(";", " ")
    words = tuple(text.lower().split())
    known = all(
        (CodeList.ENDING, word) in rules.codes or (CodeList.AVOIDED, word) in rules.codes
        for word in words
    )
    return words if known and len(words) <= MAX_OUTCOME_WORDS else ()


def ending(raw: Raw, rules: Rules) -> str | None:
    """Give how it ended: `home`, `conveyed`, `other`; None when nobody said so in known words.

    Where the service said nothing, an alarm that an operator closed as conveyed is conveyed.
    """
    for word in outcome_words(raw, rules):
        row = rules.codes.get((CodeList.ENDING, word))
        if row is not None:
            return row.code
    if raw.alarm is not None and raw.alarm.close_reason is CloseReason.CONVEYED:
        return CloseReason.CONVEYED.value
    return None


def avoided(raw: Raw, rules: Rules) -> frozenset[str]:
    """Give what a clinician entered as avoided; never inferred (CLINICAL 1.3)."""
    rows = (rules.codes.get((CodeList.AVOIDED, word)) for word in outcome_words(raw, rules))
    return frozenset(row.code for row in rows if row is not None and row.code is not None)


def by_service(raws: Iterable[Raw]) -> dict[str, list[Raw]]:
    """Sort referrals by their service."""
    found: dict[str, list[Raw]] = {}
    for raw in raws:
        found.setdefault(raw.service.id, []).append(raw)
    return dict(sorted(found.items()))
