"""What holds whatever happens: nothing automatic ends, lowers or replaces a human's answer."""

from datetime import datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import decide
from alerts.case import Case, Decision, Entry
from alerts.events import (
    Heard,
    OperatorEvent,
    ServiceEvent,
)
from alerts.facts import Facts
from alerts.step import CLOSED_REFERRALS
from alerts.words import (
    AlarmKind,
    AlarmState,
    Disposition,
    What,
)
from devices.model import (
    Activation,
    Phase,
)
from tests.alerts.homes import HOUSES
from tests.alerts.houses import T0, rules
from tests.alerts.moves import END_S, MOVES, NOT_CALLS, Input, Making


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
            # A team's people may say 999 of what was decided: up, and by a human.
            says_999 = (
                isinstance(given_, ServiceEvent) and later.disposition is Disposition.EMERGENCY_999
            )
            assert alarm.decided_at is None or later.disposition is alarm.disposition or says_999
            ends = later.state is AlarmState.CLOSED and alarm.state is not AlarmState.CLOSED
            assert not ends or (alarm.kind is AlarmKind.TECHNICAL and not alarm.taken_by)


def _check_call(decision: Decision) -> None:
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


@settings(max_examples=150, deadline=None)
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
            _check_call(decision)
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


@settings(max_examples=60, deadline=None)
@given(HOUSES, MOVES, st.sampled_from([7, 60, 599]))
def test_one_step_or_many_small_ones_decide_the_same(
    known: Facts, moves: list[tuple[int, Making]], pace_s: int
) -> None:
    short = [(min(wait_s, 3600), make) for wait_s, make in moves]

    assert _play(known, short, None) == _play(known, short, max(pace_s, 30))
