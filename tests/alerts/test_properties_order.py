"""The same story in any batches, or in any order of arrival within a second, decides the same.

In any batches: exactly the same, entry by entry, ids and times included, whatever the house.

In any order: a thing's id comes from the message that opened it, entries say how each message found
the case, and whether a press opened or joined (rings, presses counted of a month) follows that
order; so "the same" is what a person and a service get: the same open alarms by kind, each with the
same way, gravest activation, number of signals, voice awaited and floor; the same open tasks and
referrals; the same countdowns due at the same times; now, and after up to ten minutes.

For presses this holds under every plan; for calls of different kinds where an operator refers.
What the plan of the first call set going (a referral at once, the call to a home whose unit has no
speech, a countdown) is not undone because a fall or a personal attack comes behind it.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts import decide
from alerts.case import Alarm, Case, Entry
from alerts.events import Heard
from alerts.facts import Device, Facts, Plan
from alerts.step import CLOSED_REFERRALS, LIVE_TASKS
from alerts.timing import TimerKind
from alerts.words import AlarmKind, AlarmState, PersonStatus
from devices.model import Activation, ActivationKind, Flag, Phase, Status, StatusKind, StatusState
from tests.alerts.homes import HOUSES
from tests.alerts.houses import HUB, ICRS, PENDANT, T0, facts, person, rules
from tests.alerts.moves import MOVES, Making

CALLS = st.tuples(
    st.sampled_from(["pendant", "pull_cord", "fall", "panic", "wandering", "smoke", "gas", "co"]),
    st.sampled_from([None, None, None, Flag.RETAINED, Flag.SIMULATED]),
)


def _houses(*plans: Plan) -> st.SearchStrategy[Facts]:
    return st.builds(
        lambda plan, status, last_hour, device: facts(
            person(plan={"press": plan, "fall": plan}, status=status),
            (msgspec.structs.replace(ICRS, automatic_last_hour=last_hour), HUB),
            device,
        ),
        st.sampled_from(plans),
        st.sampled_from([PersonStatus.HOME, PersonStatus.AWAY]),
        st.sampled_from([0, 1000]),
        st.sampled_from([PENDANT, Device("17", faulty_since=T0)]),
    )


PRESSES = st.tuples(
    st.sampled_from(["pendant", "pull_cord", "button"]),
    st.sampled_from([None, None, Flag.RETAINED, Flag.SIMULATED]),
)
OPERATOR = Plan(operator=True)
PLANS = (OPERATOR, Plan(at_once=True), Plan(after_untaken_s=45), Plan(after_untaken_s=90))
ORDER = st.permutations(range(4))
SOON = st.sampled_from([0, 0, 0, 1, 30, 60, 61, 90, 600])


def _signals(moves: list[tuple[int, Making]]) -> list[Heard]:
    """Give the signals among random moves, at their times."""
    case, now, heard = decide.new_case("person:wc", T0), T0, list[Heard]()
    for number, (wait_s, make) in enumerate(moves):
        now += timedelta(seconds=min(wait_s, 1200))
        made = make(now, number, case)
        if isinstance(made, Heard):
            heard.append(made)
    return heard


def _in_batches(
    known: Facts, heard: list[Heard], cuts: list[int], end: datetime
) -> tuple[Case, list[Entry]]:
    case, entries, start = decide.new_case("person:wc", T0), list[Entry](), 0
    for cut in [*sorted({cut for cut in cuts if 0 < cut < len(heard)}), len(heard)]:
        batch, start = heard[start:cut], cut
        now = batch[-1].received_at if batch and cut < len(heard) else end
        decision = decide.on_signals(case, known, rules(), batch, max(now, case.as_of))
        case, entries = decision.case, [*entries, *decision.entries]
    return case, entries


@settings(max_examples=100, deadline=None)
@given(HOUSES, MOVES, st.lists(st.integers(0, 14)))
def test_the_same_signals_in_any_batches_decide_exactly_the_same(
    known: Facts, moves: list[tuple[int, Making]], cuts: list[int]
) -> None:
    heard = _signals(moves)
    end = (heard[-1].received_at if heard else T0) + timedelta(seconds=100)

    assert _in_batches(known, heard, cuts, end) == _in_batches(known, heard, [], end)


def _gravity(alarm: Alarm) -> tuple[str, int]:
    """Of two equally grave activations either may name the alarm; of others the graver one."""
    if alarm.kind is AlarmKind.TECHNICAL:
        return ("", alarm.priority)
    row = rules().activation(alarm.what)
    return (row.ladder.value, row.priority)


def _seen(case: Case) -> list[Any]:
    """Give what a person and a service get, without ids and counts of rings."""
    kinds = {one.id: one.kind.value for one in case.alarms}
    about = {one.id: one.service for one in case.referrals} | kinds
    about |= {one.id: one.kind.value for one in case.tasks}
    voice_awaited = any(one.kind == TimerKind.FALL_VOICE for one in case.timers)
    return [
        sorted(_alarm(one) for one in case.alarms if one.state is not AlarmState.CLOSED),
        # A device that is known to be faulty and says so too may be one task or two.
        sorted({(t.kind.value, str(t.due_at)) for t in case.tasks if t.state in LIVE_TASKS}),
        sorted(
            (one.service, one.state.value, one.provisional, str(one.breach_due_at))
            for one in case.referrals
            if one.state not in CLOSED_REFERRALS
        ),
        sorted(
            (one.kind, str(one.due_at), about.get(one.about, one.about))
            for one in case.timers
            # 999 for a fall comes first and takes the ladder's place.
            if not (voice_awaited and one.kind == TimerKind.LADDER_999)
            if one.kind != TimerKind.FAULT_OVERDUE
        ),
        sorted({str(t.due_at) for t in case.timers if t.kind == TimerKind.FAULT_OVERDUE}),
        Counter(one.kind for one in case.past if one.kind != "press"),
    ]


def _alarm(one: Alarm) -> tuple[Any, ...]:
    return (
        one.kind.value,
        _gravity(one),
        str(one.disposition),
        one.signals,
        one.known,
        one.speech,
        str(one.silent_since),
        str(one.on_floor_since),
        "fall" in one.marks,
        "task_999" in one.marks,
        sorted(one.causes),
    )


def _check_same(known: Facts, heard: list[Heard], order: list[int], end: datetime) -> None:
    mixed = [heard[place] for place in order if place < len(heard)]
    first, _ = _in_batches(known, heard, [], end)
    other, _ = _in_batches(known, mixed, [], end)
    assert _seen(first) == _seen(other)


def _calls(calls: list[tuple[str, Flag | None]]) -> list[Heard]:
    heard = []
    for number, (what, flag) in enumerate(calls):
        flags = frozenset() if flag is None else frozenset({flag})
        signal = Activation("17", ActivationKind(what), key=str(number), flags=flags)
        heard.append(Heard(f"r{number}", T0, "17", "main", signal))
    return heard


@settings(max_examples=60, deadline=None)
@given(_houses(*PLANS), st.lists(PRESSES, min_size=2, max_size=4), ORDER, SOON)
def test_presses_within_a_second_decide_the_same_in_any_order(
    known: Facts, presses: list[tuple[str, Flag | None]], order: list[int], later_s: int
) -> None:
    heard = _calls(presses)
    _check_same(known, heard, order, T0 + timedelta(seconds=later_s))


@settings(max_examples=100, deadline=None)
@given(_houses(*PLANS[:1], *PLANS[2:]), st.lists(CALLS, min_size=2, max_size=4), ORDER, SOON)
def test_calls_of_all_kinds_within_a_second_decide_the_same_in_any_order(
    known: Facts, calls: list[tuple[str, Flag | None]], order: list[int], later_s: int
) -> None:
    heard = _calls(calls)
    _check_same(known, heard, order, T0 + timedelta(seconds=later_s))


PRESS = Activation("17", ActivationKind.PENDANT, key="p")
FALL = Activation("17", ActivationKind.FALL, key="f")
CANCEL = Activation("17", ActivationKind.CANCEL, key="c", of="f")
THREE: list[Activation | Status] = [PRESS, FALL, CANCEL]
TROUBLES = st.sampled_from(
    [
        PRESS,
        FALL,
        CANCEL,
        Status("17", StatusKind.BATTERY, StatusState.LOW),
        Status("17", StatusKind.LINK, StatusState.LOST),
        Activation("17", ActivationKind.PENDANT, key="e", phase=Phase.END),
    ]
)


@example(facts(person(plan={"press": OPERATOR, "fall": OPERATOR})), THREE, [1, 0, 2, 3], 600)
@settings(max_examples=100, deadline=None)
@given(_houses(OPERATOR), st.lists(TROUBLES, min_size=2, max_size=4, unique_by=repr), ORDER, SOON)
def test_faults_cancels_and_ends_between_calls_decide_the_same_in_any_order(
    known: Facts, signals: list[Activation | Status], order: list[int], later_s: int
) -> None:
    heard = [Heard(f"r{i}", T0, "17", "main", signal) for i, signal in enumerate(signals)]
    _check_same(known, heard, order, T0 + timedelta(seconds=later_s))
