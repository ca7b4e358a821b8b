"""The committed rows of the simulated PostgreSQL, with the keys and indexes the queries need.

Contract: a Table is a dict of committed rows by primary key. Only a commit changes it and its
indexes (ops/sim/driver/transaction.py); everybody else reads. `locks` says which open transaction
holds a row, or has claimed a key for a new one. Keys, foreign keys and checks are those of
gateway/sql/migrations/0001_core.sql. Foreign keys take no lock here: the gateway never deletes the
rows they point at.
"""

from collections.abc import Callable, Hashable, Sequence
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ops.sim.driver import rows, rows_messages

if TYPE_CHECKING:
    from ops.sim.driver.transaction import Transaction

R = TypeVar("R")
DIGEST_BYTES = 32
OPEN_REFERRALS = ("provisional", "sent", "received", "accepted", "set_out", "attended")
INBOX_WORDS = ("heard", "lost", "back")


class Index(Generic[R]):
    """Keys of rows by a value of theirs; rows whose value is None are left out."""

    __slots__ = ("found", "of")

    def __init__(self, of: Callable[[R], Hashable | None]) -> None:
        self.of = of
        self.found: dict[Hashable, dict[Any, None]] = {}

    def move(self, key: Hashable, old: R | None, new: R | None) -> None:
        """Follow a committed change of one row."""
        was = self.of(old) if old is not None else None
        now = self.of(new) if new is not None else None
        if was == now:
            return
        if was is not None:
            keys = self.found[was]
            del keys[key]
            if not keys:
                del self.found[was]
        if now is not None:
            self.found.setdefault(now, {})[key] = None


class Unique(Generic[R]):
    """A unique index beside the primary key; `pending` are values that open transactions wrote."""

    __slots__ = ("found", "name", "of", "pending")

    def __init__(self, name: str, of: Callable[[R], Hashable | None]) -> None:
        self.name = name
        self.of = of
        self.found: dict[Any, Any] = {}
        self.pending: dict[Hashable, Transaction] = {}

    def move(self, key: Hashable, old: R | None, new: R | None) -> None:
        """Follow a committed change of one row; another row may have got its value already."""
        was = self.of(old) if old is not None else None
        now = self.of(new) if new is not None else None
        if was is not None and was != now and self.found.get(was) == key:
            del self.found[was]
        if now is not None:
            self.found[now] = key


class Highest(Generic[R]):
    """The highest number of each stream; the rows that bear numbers are never deleted."""

    __slots__ = ("found", "of")

    def __init__(self, of: Callable[[R], tuple[Hashable, int]]) -> None:
        self.of = of
        self.found: dict[Hashable, int] = {}

    def move(self, key: Hashable, old: R | None, new: R | None) -> None:
        """Follow a committed change of one row."""
        del key
        if old is None and new is not None:
            stream, number = self.of(new)
            self.found[stream] = max(number, self.found.get(stream, 0))


class Table(dict[Any, R]):
    """One table: committed rows by primary key; rows without one are numbered as they come."""

    def __init__(
        self,
        name: str,
        key: Callable[[R], Any],
        *,
        references: "Sequence[tuple[Callable[[R], Any], Table[Any]]]" = (),
        check: Callable[[R], bool] | None = None,
    ) -> None:
        """`references` are foreign keys (value, table); `check` says whether a row may be kept."""
        super().__init__()
        self.name = name
        self.key = key
        self.references = tuple(references)
        self.check = check
        self.indexes: list[Index[R] | Unique[R] | Highest[R]] = []
        self.uniques: list[Unique[R]] = []
        self.locks: dict[Any, Transaction] = {}
        self._last = 0

    def number(self) -> int:
        """Give the next number of this table; like a sequence, no rollback gives it back."""
        self._last += 1
        return self._last

    def index(self, of: Callable[[R], Hashable | None]) -> Index[R]:
        """Add an index."""
        index = Index(of)
        self.indexes.append(index)
        return index

    def unique(self, name: str, of: Callable[[R], Hashable | None]) -> Unique[R]:
        """Add a unique index."""
        index = Unique(name, of)
        self.indexes.append(index)
        self.uniques.append(index)
        return index


class Tables:
    """All tables the simulation needs; empty at first."""

    def __init__(self) -> None:
        first = itemgetter(0)
        self.organisation: Table[rows.Organisation] = Table("organisation", first)
        self._enrolment(first)
        self._cases(first)
        self._work(first)
        self._messages(first)
        self.named: dict[str, Table[Any]] = {
            one.name: one for one in vars(self).values() if isinstance(one, Table)
        }

    def _enrolment(self, first: Callable[[Any], Any]) -> None:
        owner = (attrgetter("organisation_id"), self.organisation)
        self.service: Table[rows.Service] = Table("service", itemgetter(0, 1), references=(owner,))
        self.place: Table[rows.Place] = Table("place", first, references=(owner,))
        home = (attrgetter("place_id"), self.place)
        self.person: Table[rows.Person] = Table(
            "person", first, references=(owner, home), check=_is_person
        )
        self.person_place = self.person.index(attrgetter("place_id"))
        wearer = (attrgetter("person_id"), self.person)
        self.device: Table[rows.Device] = Table(
            "device", first, references=(owner, wearer, home), check=_is_device
        )
        self.device_name = self.device.unique("device_line_sender_key", itemgetter(2, 3))
        self.device_certificate = self.device.unique("device_certificate", _certificate)
        self.device_person = self.device.index(attrgetter("person_id"))
        self.device_place = self.device.index(attrgetter("place_id"))
        self.device_heard: Table[rows_messages.DeviceHeard] = Table(
            "device_heard", first, references=(owner, (first, self.device))
        )

    def _cases(self, first: Callable[[Any], Any]) -> None:
        owner = (attrgetter("organisation_id"), self.organisation)
        home = (attrgetter("place_id"), self.place)
        whose = (attrgetter("person_id"), self.person)
        self.subject: Table[rows.Subject] = Table("subject", first, references=(owner, whose, home))
        self.subject_due = self.subject.index(lambda row: row.next_due_at is not None or None)
        case = (attrgetter("subject_id"), self.subject)
        self.alarm: Table[rows.Alarm] = Table("alarm", first, references=(owner, case))
        self.alarm_one_open = self.alarm.unique("alarm_one_open", _open_alarm)
        alarm = (attrgetter("alarm_id"), self.alarm)
        service = (attrgetter("organisation_id", "service_id"), self.service)
        self.referral: Table[rows.Referral] = Table(
            "referral", first, references=(owner, case, alarm, service)
        )
        self.referral_one_open = self.referral.unique("referral_one_open", _open_referral)
        self.referral_automatic = self.referral.index(_automatic)
        referral = (attrgetter("referral_id"), self.referral)
        self.task: Table[rows.Task] = Table(
            "task", first, references=(owner, case, alarm, referral)
        )

    def _work(self, first: Callable[[Any], Any]) -> None:
        owner = (attrgetter("organisation_id"), self.organisation)
        both = (owner, (attrgetter("subject_id"), self.subject))
        self.decision: Table[rows.Decision] = Table("decision", first, references=both)
        self.audit: Table[rows.Audit] = Table("audit", first)
        self.outbox: Table[rows.Outbox] = Table("outbox", itemgetter(0, 1), references=both)
        self.outbox_last: Highest[rows.Outbox] = Highest(itemgetter(0, 1))
        self.outbox.indexes.append(self.outbox_last)
        self.outbox_waiting = self.outbox.index(lambda row: row.state == "waiting" or None)
        self.inbox: Table[rows.Inbox] = Table(
            "inbox", first, references=both, check=lambda row: row.what in INBOX_WORDS
        )
        self.desk_delivery: Table[rows.DeskDelivery] = Table(
            "desk_delivery", first, references=(owner,)
        )

    def _messages(self, first: Callable[[Any], Any]) -> None:
        owner = (attrgetter("organisation_id"), self.organisation)
        self.receipt: Table[rows_messages.Receipt] = Table(
            "receipt", itemgetter(0, 1, 2, 3), check=lambda row: len(row.digest) == DIGEST_BYTES
        )
        self.receipt_key = self.receipt.index(itemgetter(0, 1, 2))
        self.receipt_sender = self.receipt.index(itemgetter(0, 1))
        self.quarantine: Table[rows_messages.Quarantine] = Table(
            "quarantine", first, references=(owner,)
        )
        self.reception: Table[rows_messages.Reception] = Table("reception", first)
        self.packet: Table[rows_messages.Packet] = Table("packet", first)
        self.measurement: Table[rows_messages.Measurement] = Table("measurement", first)


def _open_alarm(alarm: rows.Alarm) -> Hashable | None:
    return (alarm.subject_id, alarm.kind) if alarm.state != "closed" else None


def _open_referral(referral: rows.Referral) -> Hashable | None:
    is_open = referral.state in OPEN_REFERRALS
    return (referral.subject_id, referral.service_id) if is_open else None


def _automatic(referral: rows.Referral) -> Hashable | None:
    return (referral.organisation_id, referral.service_id) if referral.automatic else None


def _certificate(device: rows.Device) -> Hashable | None:
    shown = device.certificate_sha256
    return (device.line, shown) if shown is not None else None


def _is_person(person: rows.Person) -> bool:
    first, second = person.death_reported_by, person.death_confirmed_by
    by_two = first is not None and second is not None and first != second
    return person.status != "deceased" or by_two


def _is_device(device: rows.Device) -> bool:
    hashes = (device.secret_sha256, device.certificate_sha256)
    return (device.interval_s is None or device.interval_s > 0) and all(
        one is None or len(one) == DIGEST_BYTES for one in hashes
    )
