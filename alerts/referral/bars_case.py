"""What a BaRS-shaped message is built from: one value, read at send time (CLINICAL 3).

BaRS-shaped means: built like the messages of the NHS Booking and Referral Standard. No conformance
is claimed; there is no BaRS application for telecare yet (CLINICAL 0.1, 3).
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID, uuid5

import msgspec

NAMESPACE_BARS = UUID("6f2b1f0a-43c1-5d0e-9a57-1d6a0c5f7e04")


class Flow(StrEnum):
    """Ask "will you take it, else I send 999" (validation), or hand care over (referral)."""

    VALIDATION = "validation"
    REFERRAL = "referral"


class Change(StrEnum):
    """What a message does to the receiver's referral."""

    NEW = "new"
    UPDATE = "update"
    REVOKED = "revoked"
    ENTERED_IN_ERROR = "entered-in-error"

    @property
    def is_cancel(self) -> bool:
        """Say whether the referral ends with it."""
        return self in (Change.REVOKED, Change.ENTERED_IN_ERROR)


class Contact(msgspec.Struct, frozen=True):
    """Somebody to ring about the person."""

    name: str = ""
    phone: str = ""
    relationship: str = ""


class PersonCard(msgspec.Struct, frozen=True):
    """The person as the receiving team must know them; every part but the id may be missing.

    Attributes:
        nhs_number: As recorded; one that fails its check is sent under a system of its own, with a
            flag.
        ceiling: The recorded ceiling of treatment in words; "" when there is none.
        surgery: ODS code of the GP practice.
        bereaved: Somebody of this home has died: to be read before it is called (DECIDING 8).
    """

    id: str
    name: str = ""
    born: date | None = None
    nhs_number: str | None = None
    address: str = ""
    postcode: str | None = None
    phone_home: str | None = None
    phone_mobile: str | None = None
    contacts: tuple[Contact, ...] = ()
    ceiling: str = ""
    language: str | None = None
    uprn: str | None = None
    surgery: str | None = None
    bereaved: bool = False


class Receiver(msgspec.Struct, frozen=True):
    """The service a message goes to; `dos_id` is its Directory of Services id."""

    name: str
    dos_id: str
    ods: str
    timezone: str = "Europe/London"


class Sender(msgspec.Struct, frozen=True):
    """Who sends. `dos_id` is where answers are sent to; `phone` reaches a person at any hour.

    `device_arrays`: FHIR R4 has arrays in Device where the API's own sample has single objects;
    which of the two a receiver takes is found out against it (CLINICAL 3.7).
    """

    name: str
    dos_id: str
    ods: str
    phone: str
    software: str
    version: str
    device_arrays: bool = True


class BarsCase(msgspec.Struct, frozen=True):
    """One message about one referral.

    Attributes:
        number: The message's number in its referral's stream: it tells one update from the next.
        use_case: Code of usecases-categories-bars.
        at: When this message was decided; `sent_at` when the referral was.
        started_at: When the call began: the press, else its receipt.
        breach_at: By when the sender acts by itself; None when nothing is waited for any more.
        requester: Id of the operator who has the alarm; None while nobody has.
        changed: What changed, of an update.
        receivers_id: The receiver's own id of the ServiceRequest, once it is known.
    """

    referral: str
    flow: Flow
    change: Change
    number: int
    use_case: str
    person: PersonCard
    receiver: Receiver
    sender: Sender
    at: datetime
    sent_at: datetime
    started_at: datetime
    breach_at: datetime | None
    alarm: str | None = None
    requester: str | None = None
    provisional: bool = False
    what: str | None = None
    need: str | None = None
    standard: str = "two_hour"
    spoken_to: bool = False
    on_floor_since: datetime | None = None
    task_999_at: datetime | None = None
    changed: str = ""
    receivers_id: str | None = None

    @property
    def bundle_id(self) -> str:
        """Name the message: the same for every retry, another for every other message."""
        return bundle_id(self.referral, self.change, self.number)

    @property
    def encounter_id(self) -> str:
        """Name our encounter: the same in all messages about a referral."""
        return encounter_id(self.referral)

    def urn(self, what: str) -> str:
        """Name an entry of the message."""
        return f"urn:uuid:{_id(self.referral, what)}"


def _id(referral: str, what: str) -> str:
    return str(uuid5(NAMESPACE_BARS, f"{referral}|{what}"))


def bundle_id(referral: str, change: Change, number: int) -> str:
    """Name a message by its referral, its kind and, for what may come twice, its number."""
    which = change.value if change is Change.NEW else f"{change.value}|{number}"
    return _id(referral, f"bundle|{which}")


def encounter_id(referral: str) -> str:
    """Name our encounter of a referral."""
    return _id(referral, "encounter")


def correlation_id(referral: str) -> str:
    """Name the case, for X-Correlation-Id: the same in request, update and answer."""
    return _id(referral, "correlation")


def request_id(body: bytes) -> str:
    """Name a request by its content, for X-Request-Id: the same whenever the same body is sent."""
    return str(uuid5(NAMESPACE_BARS, f"request|{body.hex()}"))
