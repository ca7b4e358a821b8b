"""What was asked of 999 stays asked: no service that cannot go, and no cancel, takes it back."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import decide
from alerts.case import Case
from alerts.events import Heard
from alerts.facts import Facts
from devices.model import Activation, ActivationKind
from tests.alerts.homes import HOUSES
from tests.alerts.houses import T0, rules
from tests.alerts.moves import END_S, MOVES, Making
from tests.alerts.test_properties_calls import apply, check_ways, live, live_tasks, press, running


def after_moves(known: Facts, moves: list[tuple[int, Making]]) -> tuple[Case, datetime]:
    case, now = decide.new_case("person:wc", T0), T0
    for number, (wait_s, make) in enumerate(moves):
        now += timedelta(seconds=wait_s)
        case = decide.due(case, known, rules(), now).case
        case = apply(case, known, make(now, number, case), now).case
    return case, now


@settings(max_examples=60, deadline=None)
@given(HOUSES, MOVES)
def test_a_fall_that_nobody_answers_keeps_its_999_whoever_can_go(
    known: Facts, moves: list[tuple[int, Making]]
) -> None:
    """After whatever has happened: what is decided for the fall by itself only gets graver."""
    case, now = after_moves(known, moves)
    heard = decide.on_signals(case, known, rules(), [press(0, now, "fall")], now)
    check_ways(case, heard)
    case = heard.case
    check_ways(case, decide.due(case, known, rules(), now + timedelta(seconds=END_S)))


@settings(max_examples=60, deadline=None)
@given(HOUSES, MOVES, st.sampled_from([61, 600, 1300]))
def test_a_cancel_after_the_call_for_999_takes_nothing_back(
    known: Facts, moves: list[tuple[int, Making]], wait_s: int
) -> None:
    """Once 999 was asked for, a device's cancel is shown and changes nothing that was open."""
    case, now = after_moves(known, moves)
    case = decide.on_signals(case, known, rules(), [press(0, now, "fall")], now).case
    now += timedelta(seconds=wait_s)
    case = decide.due(case, known, rules(), now).case
    signal = Activation("17", ActivationKind.CANCEL, key="extra-1", of="extra-0")
    cancel = Heard("extra-1", now, "17", "main", signal)
    after = decide.on_signals(case, known, rules(), [cancel], now).case

    assert live_tasks(case) <= live_tasks(after)
    assert running(case) <= running(after)
    for alarm_id, alarm in live(case).items():
        if "task_999" not in alarm.marks:
            continue
        later = live(after)[alarm_id]
        assert later.disposition is alarm.disposition
        assert later.priority <= alarm.priority
        assert (later.silent_since, later.on_floor_since) == (
            alarm.silent_since,
            alarm.on_floor_since,
        )
        assert later.marks.keys() >= alarm.marks.keys()
