"""What holds whatever happens: nothing automatic ends, lowers or replaces a human's answer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import decide
from alerts.case import Case, Decision, Entry
from alerts.events import (
    DeliveryEvent,
    DeviceBack,
    DeviceLost,
    Event,
    Heard,
    OperatorEvent,
    ServiceEvent,
)
from alerts.facts import Facts, Plan
from alerts.step import CLOSED_REFERRALS
from alerts.words import (
    AlarmKind,
    AlarmState,
    CallTarget,
    CloseReason,
    DeliveryAct,
    Disposition,
    Mechanism,
    OperatorAct,
    PersonStatus,
    ServiceAct,
    Source,
    Standard,
    What,
)
from devices.model import (
    Activation,
    ActivationKind,
    Flag,
    Measurement,
    Phase,
    Status,
    StatusKind,
    StatusState,
    VitalCode,
)
from tests.alerts.houses import HUB, ICRS, T0, facts, person, rules

Input = Heard | Event
Making = Callable[[datetime, int, Case], Input]

NOT_CALLS = {ActivationKind.CANCEL, ActivationKind.RESET}
FLAGS = [Flag.RETAINED, Flag.CACHED, Flag.FROM_MEMORY, Flag.UNAUTHENTICATED, Flag.SIMULATED]


def _last(items: tuple[Any, ...], name: str) -> str:
    return items[-1].id if items else name


@st.composite
def signals(draw: st.DrawFn) -> Making:
    what = draw(st.sampled_from(list(ActivationKind)) | st.sampled_from(["fall", "pendant"]))
    flags = frozenset(draw(st.lists(st.sampled_from(FLAGS), max_size=1)))
    phase = draw(st.sampled_from([Phase.START, Phase.START, Phase.START, Phase.END]))
    of = draw(st.sampled_from([None, "1", "2", "3"]))
    back_s = draw(st.sampled_from([None, 0, 5, 4000]))
    known = draw(st.sampled_from([True, True, True, False]))

    def make(at: datetime, number: int, case: Case) -> Heard:
        signal = Activation(
            "17",
            ActivationKind(what),
            key=str(number),
            phase=phase,
            flags=flags,
            of=of,
            at=None if back_s is None else at - timedelta(seconds=back_s),
        )
        return Heard(f"r{number}", at, "17", "main", signal, known=known)

    return make


@st.composite
def other_signals(draw: st.DrawFn) -> Making:
    kind = draw(st.sampled_from([StatusKind.BATTERY, StatusKind.LINK, StatusKind.ATTENDANCE]))
    status = Status("17", kind, draw(st.sampled_from(StatusState)))
    signal = draw(st.sampled_from([status, Measurement("17", VitalCode.SPO2, 80.0), None]))
    shaped = draw(st.booleans())

    def make(at: datetime, number: int, case: Case) -> Heard:
        fault = "corrupt" if signal is None else None
        return Heard(f"r{number}", at, "17", "main", signal, fault=fault, press_shaped=shaped)

    return make


@st.composite
def operator_events(draw: st.DrawFn) -> Making:
    do = draw(st.sampled_from(OperatorAct))
    who = draw(st.sampled_from(["op1", "op2"]))
    to = draw(st.sampled_from([None, *CallTarget]))
    disposition = draw(st.sampled_from([None, *Disposition]))
    letter = draw(st.sampled_from(["M", "S", "T", "E", "?"]))
    word = draw(st.sampled_from(["yes", "no", "unknown"]))
    close = draw(st.sampled_from([None, CloseReason.REASSURED]))
    reason = draw(st.sampled_from([None, "because"]))
    to_referral = draw(st.sampled_from([False, False, True]))

    def make(at: datetime, number: int, case: Case) -> OperatorEvent:
        return OperatorEvent(
            at,
            who,
            do,
            alarm=None if to_referral else _last(case.alarms, "none"),
            referral=_last(case.referrals, "none") if to_referral else None,
            to=to,
            question=reason,
            answer=word,
            answers={letter: word},
            given_by=draw_giver,
            disposition=disposition,
            reason=reason,
            close_reason=close,
            text=reason or "",
        )

    draw_giver = draw(st.sampled_from([None, "patient", "carer"]))
    return make


@st.composite
def service_events(draw: st.DrawFn) -> Making:
    do = draw(st.sampled_from(ServiceAct))
    mechanism = draw(st.sampled_from([None, *Mechanism]))
    fresh = draw(st.booleans()) and do is ServiceAct.RECEIVE
    eta_s = draw(st.sampled_from([None, 600, 6000]))
    tasks = draw(st.sampled_from([(), ("equipment",), ("nonsense",)]))
    back_s = draw(st.sampled_from([None, 100]))
    standard = draw(st.sampled_from([None, *Standard]))

    def make(at: datetime, number: int, case: Case) -> ServiceEvent:
        return ServiceEvent(
            at,
            "icrs",
            do,
            f"given-{number}" if fresh else _last(case.referrals, "none"),
            mechanism=mechanism,
            source=Source.GP,
            standard=standard,
            eta=None if eta_s is None else at + timedelta(seconds=eta_s),
            occurred_at=None if back_s is None else at - timedelta(seconds=back_s),
            tasks=tasks,
        )

    return make


@st.composite
def other_events(draw: st.DrawFn) -> Making:
    which = draw(st.sampled_from(["ack", "fail", "lost", "back"]))

    def make(at: datetime, number: int, case: Case) -> Event:
        if which == "lost":
            return DeviceLost(at, ("17",), line="main")
        if which == "back":
            return DeviceBack(at, ("17",))
        act = DeliveryAct.ACKNOWLEDGED if which == "ack" else DeliveryAct.FAILED
        return DeliveryEvent(at, "icrs", act, _last(case.referrals, "none"))

    return make


WAITS_S = st.sampled_from([0, 1, 15, 30, 31, 60, 61, 90, 120, 180, 600, 1200, 3600, 90_000])
MOVES = st.lists(
    st.tuples(
        WAITS_S,
        st.one_of(signals(), signals(), other_signals(), operator_events(), service_events(),
                  other_events()),
    ),
    max_size=14,
)  # fmt: skip
PLANS = st.sampled_from(
    [Plan(at_once=True), Plan(operator=True), Plan(after_untaken_s=45), Plan(after_untaken_s=90)]
)
HOUSES = st.builds(
    lambda press, fall, status, last_hour: facts(
        person(plan={"press": press, "fall": fall}, status=status),
        (msgspec.structs.replace(ICRS, automatic_last_hour=last_hour), HUB),
    ),
    PLANS,
    PLANS,
    st.sampled_from([PersonStatus.HOME, PersonStatus.HOME, PersonStatus.AWAY]),
    st.sampled_from([0, 0, 1000]),
)
END_S = 4000


def _apply(case: Case, known: Facts, given_: Input, now: datetime) -> Decision:
    if isinstance(given_, Heard):
        return decide.on_signals(case, known, rules(), [given_], now)
    return decide.on_event(case, known, rules(), given_, now)


def _calls_for_help(heard: Heard) -> bool:
    signal = heard.signal
    if signal is None:
        return heard.press_shaped
    if not isinstance(signal, Activation) or signal.phase is Phase.END:
        return False
    return signal.what not in NOT_CALLS


def _check_step(before: Case, decision: Decision, given_: Input | None) -> None:
    after = decision.case
    assert after.as_of >= before.as_of
    assert decision.next_due_at is None or decision.next_due_at >= after.as_of
    assert all(entry.reasons for entry in decision.entries)
    assert given_ is None or decision.entries, "never a silent nothing"
    open_at = [r.service for r in after.referrals if r.state not in CLOSED_REFERRALS]
    assert len(open_at) == len(set(open_at))
    kinds = [a.kind for a in after.alarms if a.state is not AlarmState.CLOSED]
    assert len(kinds) == len(set(kinds))
    by_human = isinstance(given_, OperatorEvent)
    now = {alarm.id: alarm for alarm in after.alarms}
    for alarm in before.alarms:
        later = now.get(alarm.id)
        if later is None:
            assert alarm.state is AlarmState.CLOSED
            continue
        assert later.priority <= alarm.priority
        if not by_human:
            assert later.decided_at == alarm.decided_at
            assert alarm.decided_at is None or later.disposition is alarm.disposition
            ends = later.state is AlarmState.CLOSED and alarm.state is not AlarmState.CLOSED
            assert not ends or (alarm.kind is AlarmKind.TECHNICAL and not alarm.taken_by)


def _check_call(decision: Decision, heard: Heard) -> None:
    """The call is an open help or life-safety alarm afterwards, opened or joined by it."""
    joined = {
        entry.alarm
        for entry in decision.entries
        if entry.what in (What.ALARM_OPENED, What.ALARM_JOINED) and entry.at == decision.case.as_of
    }
    assert any(
        alarm.id in joined
        and alarm.state is not AlarmState.CLOSED
        and alarm.kind in (AlarmKind.HELP, AlarmKind.LIFE_SAFETY)
        for alarm in decision.case.alarms
    )


@settings(max_examples=250, deadline=None)
@given(HOUSES, MOVES)
def test_nothing_automatic_ends_lowers_or_replaces(
    known: Facts, moves: list[tuple[int, Making]]
) -> None:
    case, now = decide.new_case("person:wc", T0), T0
    for number, (wait_s, make) in enumerate(moves):
        now += timedelta(seconds=wait_s)
        due = decide.due(case, known, rules(), now)
        _check_step(case, due, None)
        given_ = make(now, number, due.case)
        decision = _apply(due.case, known, given_, now)
        _check_step(due.case, decision, given_)
        if isinstance(given_, Heard) and _calls_for_help(given_):
            _check_call(decision, given_)
        case = decision.case
    end = decide.due(case, known, rules(), now + timedelta(seconds=END_S))
    _check_step(case, end, None)
    assert msgspec.json.decode(msgspec.json.encode(end.case), type=Case) == end.case


def _play(
    known: Facts, moves: list[tuple[int, Making]], pace_s: int | None
) -> tuple[Case, list[Entry]]:
    case, now, entries = decide.new_case("person:wc", T0), T0, list[Entry]()
    for number, (wait_s, make) in enumerate([*moves, (END_S, None)]):
        until = now + timedelta(seconds=wait_s)
        while pace_s is not None and now + timedelta(seconds=pace_s) < until:
            now += timedelta(seconds=pace_s)
            decision = decide.due(case, known, rules(), now)
            case, entries = decision.case, [*entries, *decision.entries]
        now = until
        if make is None:
            decision = decide.due(case, known, rules(), now)
        else:
            seen = decide.due(case, known, rules(), now).case
            decision = _apply(case, known, make(now, number, seen), now)
        case, entries = decision.case, [*entries, *decision.entries]
    return case, entries


@settings(max_examples=100, deadline=None)
@given(HOUSES, MOVES, st.sampled_from([7, 60, 599]))
def test_one_step_or_many_small_ones_decide_the_same(
    known: Facts, moves: list[tuple[int, Making]], pace_s: int
) -> None:
    short = [(min(wait_s, 3600), make) for wait_s, make in moves]

    assert _play(known, short, None) == _play(known, short, max(pace_s, 30))
