"""No open alarm is lost, a press lowers nothing, time only raises, and only people close calls."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts import decide
from alerts.case import Alarm, Case, Decision
from alerts.events import Heard, OperatorEvent
from alerts.facts import Facts
from alerts.rule_ids import Rule
from alerts.step import CLOSED_REFERRALS, LIVE_TASKS
from alerts.tasks import EMERGENCIES
from alerts.telecare.timers import ON_THEIR_WAY
from alerts.timing import TimerKind
from alerts.waiting import IN_QUEUE, WHILE_TAKEN
from alerts.words import (
    AlarmKind,
    AlarmState,
    Disposition,
    OperatorAct,
    ReferralState,
    TaskKind,
    What,
)
from devices.model import Activation, ActivationKind, Flag
from tests.alerts.homes import HOUSES
from tests.alerts.houses import T0, facts, rules
from tests.alerts.moves import END_S, MOVES, Input, Making

CALLS = (AlarmKind.HELP, AlarmKind.LIFE_SAFETY)
GRAVITY: Mapping[Disposition | None, int] = {
    **dict.fromkeys(Disposition, 1),
    **dict.fromkeys(EMERGENCIES, 4),
    Disposition.CLINICIAN: 3,
    Disposition.UCR: 2,
    Disposition.CLOSE: 0,
    None: 0,
}
EXTRA = st.sampled_from(["pendant", "pull_cord", "fall", "panic", "smoke", "wandering"])


def apply(case: Case, known: Facts, given_: Input, now: datetime) -> Decision:
    if isinstance(given_, Heard):
        return decide.on_signals(case, known, rules(), [given_], now)
    return decide.on_event(case, known, rules(), given_, now)


def live(case: Case) -> dict[str, Alarm]:
    return {one.id: one for one in case.alarms if one.state is not AlarmState.CLOSED}


def open_emergencies(case: Case) -> set[str]:
    return {
        task.id
        for task in case.tasks
        if task.kind is TaskKind.EMERGENCY_999 and task.state in LIVE_TASKS
    }


def live_tasks(case: Case) -> set[str]:
    """Give what is open for people; a comfort call is replaced by the next one."""
    return {
        task.id
        for task in case.tasks
        if task.state in LIVE_TASKS and task.kind is not TaskKind.COMFORT_CALL
    }


def running(case: Case) -> set[str]:
    return {one.id for one in case.referrals if one.state not in CLOSED_REFERRALS}


def press(number: int, at: datetime, what: str, flag: Flag | None = None) -> Heard:
    flags = frozenset() if flag is None else frozenset({flag})
    signal = Activation("17", ActivationKind(what), key=f"extra-{number}", flags=flags)
    return Heard(f"extra-{number}", at, "17", "main", signal)


@settings(max_examples=60, deadline=None)
@given(HOUSES, MOVES)
def test_no_sequence_of_signals_and_acts_loses_an_open_alarm(
    known: Facts, moves: list[tuple[int, Making]]
) -> None:
    """What is open stays in the case until a person closes it, or the cause of a fault is gone."""
    case, now = decide.new_case("person:wc", T0), T0
    for number, (wait_s, make) in enumerate(moves):
        now += timedelta(seconds=wait_s)
        for given_ in (None, make):
            made = None if given_ is None else given_(now, number, case)
            before = live(case)
            decision = (
                decide.due(case, known, rules(), now)
                if made is None
                else apply(case, known, made, now)
            )
            case = decision.case
            ended = before.keys() - live(case).keys()
            assert ended <= {alarm.id for alarm in case.alarms}, "closed ones are still shown"
            for alarm_id in ended:
                _check_end(before[alarm_id], made, decision)


class Climbed:
    """Which open alarms rang up to the partner centre since nobody has them."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def note(self, decision: Decision) -> None:
        for entry in decision.entries:
            if entry.what in (What.ALARM_OPENED, What.ALARM_UNTAKEN):
                self.ids.discard(entry.alarm or "")
            if entry.reasons[0].rule == Rule.CLIMB_PARTNER.value:
                self.ids.add(entry.alarm or "")


def _is_watched(case: Case, alarm: Alarm, climbed: Climbed) -> bool:
    """Say whether something will ring for a call, or everybody was rung, or a team is coming."""
    waiting = {TimerKind(timer.kind) for timer in case.timers if timer.about == alarm.id}
    if alarm.state is AlarmState.OPEN:
        return alarm.id in climbed.ids or not waiting.isdisjoint(IN_QUEUE)
    coming = any(r.alarm == alarm.id and r.state in ON_THEIR_WAY for r in case.referrals)
    return not waiting.isdisjoint(WHILE_TAKEN) or (alarm.decided_at is not None and coming)


def _silence_is_timed(case: Case, alarm: Alarm) -> bool:
    """Say whether 999 comes by time for whoever is silent, or is or was asked for since."""
    if alarm.silent_since is None or alarm.marks.get("task_999", T0) >= alarm.silent_since:
        return True
    if alarm.cancelled_at is not None and alarm.signals == 1:
        return True  # a fall that was cancelled, and nothing else: it is called back
    if any(
        task.kind is TaskKind.EMERGENCY_999 and task.alarm == alarm.id
        for task in case.tasks
        if task.state in LIVE_TASKS
    ):
        return True
    waiting = {timer.kind for timer in case.timers if timer.about == alarm.id}
    return not waiting.isdisjoint({TimerKind.LADDER_999.value, TimerKind.FALL_VOICE.value})


@settings(max_examples=150, deadline=None)
@given(HOUSES, MOVES)
def test_no_call_for_help_is_ever_left_without_anything_that_rings_for_it(
    known: Facts, moves: list[tuple[int, Making]]
) -> None:
    """Untaken it climbs, taken it is waited for, silent it goes to 999: after every single step."""
    case, now, climbed = decide.new_case("person:wc", T0), T0, Climbed()
    for number, (wait_s, make) in enumerate(moves):
        now += timedelta(seconds=wait_s)
        for made in (None, make):
            decision = (
                decide.due(case, known, rules(), now)
                if made is None
                else apply(case, known, made(now, number, case), now)
            )
            case = decision.case
            climbed.note(decision)
            for alarm in live(case).values():
                if alarm.kind in CALLS:
                    assert _is_watched(case, alarm, climbed), alarm
                    assert _silence_is_timed(case, alarm), alarm


def _check_end(alarm: Alarm, made: Input | None, decision: Decision) -> None:
    closed = What.ALARM_CLOSED if alarm.kind in CALLS else What.TECHNICAL_CLOSED
    said = {entry.what for entry in decision.entries if entry.alarm == alarm.id}
    if isinstance(made, OperatorEvent) and made.do in (OperatorAct.CLOSE, OperatorAct.DECIDE):
        assert made.close_reason is not None
        assert made.alarm in (alarm.id, None), "None: named by its referral"
        assert What.ALARM_CLOSED in said
        return
    assert alarm.kind is AlarmKind.TECHNICAL, "only a person closes a call for help"
    assert closed in said


@settings(max_examples=60, deadline=None)
@given(HOUSES, MOVES, EXTRA, st.sampled_from([None, Flag.CACHED, Flag.RETAINED]))
def test_a_press_lowers_nothing_that_was_decided(
    known: Facts, moves: list[tuple[int, Making]], what: str, flag: Flag | None
) -> None:
    """Whatever has happened before: no disposition, priority, task or referral gets less."""
    case, now = decide.new_case("person:wc", T0), T0
    for number, (wait_s, make) in enumerate(moves):
        now += timedelta(seconds=wait_s)
        case = decide.due(case, known, rules(), now).case
        case = apply(case, known, make(now, number, case), now).case
    after = apply(case, known, press(0, now, what, flag), now).case

    for alarm_id, alarm in live(case).items():
        later = live(after)[alarm_id]
        assert GRAVITY[later.disposition] >= GRAVITY[alarm.disposition]
        assert later.priority <= alarm.priority
        assert later.silent_since or not alarm.silent_since
        assert later.on_floor_since == alarm.on_floor_since or not alarm.on_floor_since
    assert open_emergencies(case) <= open_emergencies(after)
    assert running(case) <= running(after)


@settings(max_examples=60, deadline=None)
@given(HOUSES, MOVES)
def test_time_passing_only_raises(known: Facts, moves: list[tuple[int, Making]]) -> None:
    """By time alone nothing gets a lower place, way, task or referral."""
    case, now = decide.new_case("person:wc", T0), T0
    for number, (wait_s, make) in enumerate([*moves, (END_S, None)]):
        now += timedelta(seconds=wait_s)
        later = decide.due(case, known, rules(), now).case
        for alarm_id, alarm in live(case).items():
            found = live(later)[alarm_id]
            assert found.priority <= alarm.priority
            assert found.rings >= alarm.rings
            assert GRAVITY[found.disposition] >= GRAVITY[alarm.disposition]
            assert alarm.silent_since is None or found.silent_since is not None
        assert live_tasks(case) <= live_tasks(later), "no time ends what a person must do"
        assert running(case) <= running(later)
        ended = {ReferralState.WITHDRAWN, ReferralState.CLOSED, ReferralState.REJECTED}
        before = {one.id for one in case.referrals if one.state in ended}
        assert {r.id for r in later.referrals if r.state in ended} <= before
        case = later if make is None else apply(later, known, make(now, number, later), now).case


PRESSES = ("pendant", "pull_cord")
SIGNALS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 20, 45, 59, 60, 61, 90, 240, 1300]),
        st.sampled_from(
            ["pendant", "pendant", "pull_cord", "fall", "fall", "smoke", "panic", "wandering", "co"]
        ),
    ),
    min_size=1,
    max_size=5,
)


def _heard(signals: list[tuple[int, str]]) -> list[Heard]:
    now, heard = T0, []
    for number, (wait_s, what) in enumerate(signals):
        now += timedelta(seconds=wait_s)
        signal = Activation("17", ActivationKind(what), key=str(number))
        heard.append(Heard(f"r{number}", now, "17", "main", signal))
    return heard


def _first_999(known: Facts, heard: list[Heard], until: datetime) -> tuple[datetime | None, int]:
    """Give when the first 999 task was made, and how grave the gravest open alarm is."""
    decision = decide.on_signals(decide.new_case("p", T0), known, rules(), heard, until)
    made = [
        entry.at
        for entry in decision.entries
        if entry.what is What.TASK_MADE and entry.task is TaskKind.EMERGENCY_999
    ]
    return min(made, default=None), max(
        (GRAVITY[alarm.disposition] for alarm in live(decision.case).values()), default=0
    )


@example(facts(), [(0, "pendant")], "panic", 60, 700)
@example(facts(), [(0, "fall")], "panic", 30, 120)
@settings(max_examples=100, deadline=None)
@given(HOUSES, SIGNALS, EXTRA, st.integers(0, 1500), st.integers(0, 4000))
def test_one_press_more_never_makes_the_outcome_less(
    known: Facts, signals: list[tuple[int, str]], extra: str, extra_s: int, until_s: int
) -> None:
    """A story with one call more: 999 is asked for no later, and nothing ends less grave.

    What forbids a referral (a fall before a voice, a personal attack) may hold back one that only
    a plan would have made; it never takes anything from 999, fire or gas.
    """
    heard = _heard(signals)
    at = T0 + timedelta(seconds=extra_s)
    until = heard[-1].received_at + timedelta(seconds=until_s)
    with_it = sorted([*heard, press(0, at, extra)], key=lambda one: one.received_at)
    until = max(until, at)
    without_999, without = _first_999(known, heard, until)
    with_999, grave = _first_999(known, with_it, until)

    assert grave >= without or (extra not in PRESSES and without <= GRAVITY[Disposition.UCR])
    assert without_999 is None or (with_999 is not None and with_999 <= without_999)
