"""What the receiver got: every message as it came, and the referrals they add up to.

A referral is opened by each `new` message that was kept. An update belongs to the referral it
names by the receiver's id, else to the latest of the same X-Correlation-Id. So a sender that refers
one case twice under new ids has two effective referrals here: two teams would set out.

No personal data in the list: ids, codes, the case number and the time.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from gateway.practice_receiver.answers import Later, Opened
from gateway.practice_receiver.reading import Message, text, values

MAX_LISTED = 10_000
MAX_SEEN = 20_000


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it came, and how it was met.

    Attributes:
        number: From 1, in the order of arrival.
        at: When it came.
        status: Of the ServiceRequest: active, revoked, entered-in-error; empty when unread.
        reason: new, update, delete; empty when unread.
        referral_id: The receiver's id of the referral it belongs to; empty when it was not kept.
        mood: Empty when it was refused before any mood was asked: headers or token.
        answered: The HTTP status; None when no answer was given.
        kept: Whether it changed what the receiver holds.
        problems: What was wrong, in words without data.
    """

    number: int
    at: datetime
    request_id: str
    correlation_id: str
    bundle_id: str
    reason: str
    status: str
    case_number: str
    referral_id: str
    mood: str
    answered: int | None
    kept: bool
    problems: tuple[str, ...]


@dataclass(slots=True)
class Case:
    """A referral the receiver holds. Changes with each message and each answer."""

    opened: Opened
    correlation_id: str
    case_number: str
    opened_at: datetime
    messages: int = 1
    status: str = "active"
    answer: str = "planned"
    said: list[Later] = field(default_factory=list)

    @property
    def effective(self) -> bool:
        """Whether a team would set out, or has: neither withdrawn nor rejected."""
        return self.status == "active" and self.answer != Later.CANCELLED

    def shown(self) -> dict[str, object]:
        """Give the referral as it is listed."""
        return {
            "referral_id": self.opened.referral_id,
            "reference": self.opened.reference,
            "case_number": self.case_number,
            "correlation_id": self.correlation_id,
            "opened_at": self.opened_at,
            "messages": self.messages,
            "status": self.status,
            "answer": self.answer,
            "effective": self.effective,
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """What an X-Request-Id was first used for."""

    digest: bytes
    correlation_id: str


class Ledger:
    """Everything the receiver holds, in memory and bounded.

    The list drops its oldest lines at MAX_LISTED; referrals are never dropped, because a dropped
    one would be taken a second time: at `most` the receiver says 503 (see `full`).
    """

    def __init__(self, most: int) -> None:
        """Begin empty; `most` is how many referrals are held."""
        self.most = most
        self.messages: deque[Received] = deque(maxlen=MAX_LISTED)
        self.cases: dict[str, Case] = {}
        self.count = 0
        self._seen: dict[str, Seen] = {}
        self._kept_bundles: dict[str, bytes] = {}

    @property
    def full(self) -> bool:
        """Whether no further message can be kept."""
        return len(self.cases) >= self.most or len(self._kept_bundles) >= MAX_SEEN

    def first_use(self, request_id: str, seen: Seen) -> Seen:
        """Remember what an X-Request-Id is used for; give what it was first used for."""
        if len(self._seen) >= MAX_SEEN:
            self._seen.pop(next(iter(self._seen)))
        return self._seen.setdefault(request_id, seen)

    def body_of(self, bundle_id: str) -> bytes | None:
        """Give the digest of the kept body with this Bundle.id; None when there is none."""
        return self._kept_bundles.get(bundle_id)

    def case_of(self, message: Message, correlation_id: str) -> Case | None:
        """Find the referral an update belongs to."""
        named = self.cases.get(text(message.one("ServiceRequest"), "id"))
        if named is not None:
            return named
        same = [one for one in self.cases.values() if one.correlation_id == correlation_id]
        return same[-1] if same else None

    def of_patient(self, system: str, value: str) -> list[Case]:
        """Find the referrals of a person by an identifier."""
        return [
            case
            for case in self.cases.values()
            if any(
                text(one, "system").lower() == system.lower() and text(one, "value") == value
                for one in values(case.opened.message.one("Patient"), "identifier")
            )
        ]

    def keep(self, case: Case, bundle_id: str, digest: bytes) -> None:
        """Hold a case, opened or changed by a message."""
        self.cases[case.opened.referral_id] = case
        self._kept_bundles[bundle_id] = digest

    def write(self, received: Received) -> None:
        """List a message."""
        self.messages.append(received)

    def next_number(self) -> int:
        """Give the number of the message that comes now."""
        self.count += 1
        return self.count
