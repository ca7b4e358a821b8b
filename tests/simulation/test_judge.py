"""The judge on hand-made runs: what it must see, it sees; what is sound, it lets pass."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest

from alerts.case import Alarm, Case, Entry, Reason, Referral, Timer
from alerts.words import AlarmKind, AlarmState, ReferralState, What
from ops.sim.driver import rows, rows_messages
from ops.sim.driver.hooks import Change
from ops.sim.judge import Judge
from ops.sim.judge_audit import ALARMS
from ops.sim.trace import Happened, Trace

START = datetime(2021, 2, 2, 6, 50, tzinfo=UTC)
OWNER = UUID(int=1)
PERSON = UUID(int=2)
TABLES = (
    "subject", "alarm", "referral", "task", "decision", "outbox", "inbox", "receipt", "packet",
    "desk_delivery", "device", "device_heard", "reception", "quarantine", "audit",
)  # fmt: skip


@dataclass
class Town:
    """A world that does what the test says."""

    at_s: float = 0.0
    healthy_since_s: float | None = 0.0
    people: dict[str, Any] = field(default_factory=dict)
    server: Any = field(
        default_factory=lambda: SimpleNamespace(
            tables=SimpleNamespace(**{name: {} for name in TABLES})
        )
    )

    def __post_init__(self) -> None:
        self.trace = Trace(lambda: self.at_s)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.at_s)

    def alive(self) -> list[str]:
        return ["gw1"]


@dataclass
class Court:
    """A judge and its town."""

    town: Town = field(default_factory=Town)

    def __post_init__(self) -> None:
        self.judge = Judge(self.town)

    def happens(self, at_s: float, event: str, **values: Any) -> None:
        self.town.at_s = at_s
        self.judge.happened(Happened(at_s, event, values))

    def commits(self, at_s: float, *new: Any, gone: tuple[Any, ...] = ()) -> None:
        self.town.at_s = at_s
        changes = [self._put(row) for row in new] + [self._drop(row) for row in gone]
        self.judge.committed("gw1.1", changes)

    def _put(self, row: Any) -> Change:
        table, key = _place(row)
        known = getattr(self.town.server.tables, table)
        old, known[key] = known.get(key), row
        return Change(table, key, old, row)

    def _drop(self, row: Any) -> Change:
        table, key = _place(row)
        return Change(table, key, getattr(self.town.server.tables, table).pop(key), None)

    def found(self) -> set[str]:
        return {violation.invariant for violation in self.judge.violations}


def _place(row: Any) -> tuple[str, Any]:
    table = {"DeskDelivery": "desk_delivery"}.get(type(row).__name__, type(row).__name__.lower())
    if isinstance(row, rows_messages.Receipt):
        return table, row[:4]
    return table, row[:2] if isinstance(row, rows.Outbox) else row[0]


@pytest.fixture
def court() -> Court:
    return Court()


def _receipt(
    key: str = "1-1", generation: int = 1, verdict: str | None = "{}"
) -> rows_messages.Receipt:
    return rows_messages.Receipt("l", "p-1", key, bytes(32), OWNER, START, generation, verdict)


def _packet(key: str = "1-1") -> rows_messages.Packet:
    return rows_messages.Packet(START, OWNER, "l", "p-1", key, None, "alarm", True, b"{}", None)


def _alarm(state: AlarmState = AlarmState.OPEN, **more: Any) -> rows.Alarm:
    name = str(uuid5(ALARMS, "r|help"))
    alarm = Alarm(
        name, AlarmKind.HELP, state, START, "pendant", opened_by="r", keys=("p-1/1-1",), **more
    )
    record = msgspec.json.encode(alarm).decode()
    taken_by = more.get("taken_by")
    return rows.Alarm(
        UUID(name), OWNER, PERSON, "help", state.value, 2, "pendant", START, taken_by, None, None,
        None, None, record, 1,
    )  # fmt: skip


def _said(what: What, actor: str, number: int = 1) -> tuple[rows.Decision, rows.Audit]:
    about = UUID(str(uuid5(ALARMS, "r|help")))
    entry = Entry(START, what, (Reason("x", "y", "1"),), alarm=str(about))
    text = msgspec.json.encode(entry).decode()
    digest = hashlib.sha256(text.encode()).digest()
    return (
        rows.Decision(number, OWNER, PERSON, about, None, START, what.value, text),
        rows.Audit(number, OWNER, START, actor, what.value, about, digest, bytes(32)),
    )


def _pressed(court: Court) -> None:
    court.happens(
        1, "pressed", device="p-1", subject=str(PERSON), id="1-1", activation="pendant", of=None
    )


def _answered(court: Court) -> None:
    court.happens(3, "answered", process="gw1", device="p-1", id="1-1", repeat=False)


def test_an_acknowledgement_after_everything_is_sound(court: Court) -> None:
    _pressed(court)
    court.commits(2, _receipt(), _packet(), _alarm(), *_said(What.ALARM_OPENED, "gateway"))
    _answered(court)
    assert court.found() == set()


@pytest.mark.parametrize(
    ("missing", "word"),
    [
        ("receipt", "no receipt"),
        ("packet", "no raw message"),
        ("alarm", "no alarm that holds it"),
        ("decision", "no decision"),
    ],
)
def test_an_acknowledgement_that_lacks_something_is_seen(
    court: Court, missing: str, word: str
) -> None:
    _pressed(court)
    new = (_receipt(), _packet(), _alarm(), *_said(What.ALARM_OPENED, "gateway"))
    court.commits(2, *(one for one in new if type(one).__name__.lower() != missing))
    _answered(court)
    texts = [v.text for v in court.judge.violations if v.invariant == "acknowledged implies stored"]
    assert len(texts) == 1
    assert word in texts[0]


def test_a_receipt_claimed_a_second_time_is_seen(court: Court) -> None:
    court.commits(1, _receipt(), _packet())
    court.commits(9, _receipt(generation=2), _packet())
    assert court.found() == {"twice is once"}


def test_a_call_closed_by_the_gateway_is_seen(court: Court) -> None:
    court.commits(1, _alarm(), *_said(What.ALARM_OPENED, "gateway"))
    court.commits(
        2, _alarm(AlarmState.CLOSED)._replace(revision=2), *_said(What.ALARM_CLOSED, "gateway", 2)
    )
    assert court.found() == {"nothing automatic closes a call"}


def test_a_call_closed_by_an_operator_is_sound(court: Court) -> None:
    court.commits(1, _alarm(), *_said(What.ALARM_OPENED, "gateway"))
    court.commits(
        2,
        _alarm(AlarmState.CLOSED)._replace(revision=2),
        *_said(What.ALARM_CLOSED, "operator:ann", 2),
    )
    assert court.found() == set()


def test_a_timer_that_the_subject_does_not_show_is_seen(court: Court) -> None:
    timer = Timer("refer", START + timedelta(seconds=90), "a")
    case = Case(str(PERSON), START, timers=(timer,))
    state = msgspec.json.encode(case).decode()
    court.commits(
        1, rows.Subject(PERSON, OWNER, "person", PERSON, None, None, None, state, None, START)
    )
    assert court.found() == {"no timer lost"}


def test_a_case_decided_before_its_time_is_seen(court: Court) -> None:
    case = Case(str(PERSON), START + timedelta(seconds=31))
    state = msgspec.json.encode(case).decode()
    court.commits(
        1, rows.Subject(PERSON, OWNER, "person", PERSON, None, None, None, state, None, START)
    )
    assert court.found() == {"no timer early"}


def test_a_message_leased_while_another_holds_it_is_seen(court: Court) -> None:
    stream = UUID(int=9)
    waiting = rows.Outbox(
        stream, 1, OWNER, PERSON, "notice", "consoles", None, None, "{}", "waiting", 0, START,
        START, None, None, None,
    )  # fmt: skip
    until = START + timedelta(seconds=13)
    court.commits(1, waiting)
    court.commits(1, waiting._replace(attempt=1, lease_until=until))
    assert court.found() == set()
    court.commits(5, waiting._replace(attempt=2, lease_until=until + timedelta(seconds=5)))
    assert court.found() == {"one winner per claim"}


def test_a_second_referral_of_a_person_at_a_service_is_seen(court: Court) -> None:
    for number in (1, 2):
        name = str(UUID(int=number))
        referral = Referral(name, "far", ReferralState.SENT, False, START, person=str(PERSON))
        record = msgspec.json.encode(referral).decode()
        court.commits(
            number,
            rows.Referral(
                UUID(name), OWNER, PERSON, None, "far", "sent", False, False, START, None, None,
                None, record, 1,
            ),
        )  # fmt: skip
        assert ("one effective referral" in court.found()) == (number == 2)


def test_a_process_that_commits_nothing_and_is_not_blind_is_seen(court: Court) -> None:
    court.happens(0, "born", process="gw1")
    court.happens(0, "ready", process="gw1")
    court.happens(7, "said", device="p-1", id="1-1", what="heartbeat")
    assert court.found() == set()
    court.happens(20, "said", device="p-1", id="1-2", what="heartbeat")
    assert court.found() == {"degraded is loud"}


def test_an_inbox_item_that_vanishes_undecided_is_seen(court: Court) -> None:
    item = rows.Inbox(1, OWNER, PERSON, "heard", "{}", START, None)
    court.commits(1, item)
    court.commits(2, gone=(item,))
    assert court.found() == {"one winner per claim"}
