"""What holds for any readings: nothing lowers an escalation but a reading of the same thing."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.case import Entry
from alerts.events import Deterioration
from alerts.vital_words import Pathway
from alerts.vitals import decide
from alerts.vitals.inputs import Report, Value
from alerts.vitals.news2 import HIGH_FROM, MEDIUM_FROM
from alerts.vitals.sets import score_set
from alerts.vitals.state import RANK, VitalsState
from alerts.vitals.step import begin
from tests.alerts.houses import rules
from tests.alerts.vitals.wards import T0, Watched, minutes, readings

VALUES: dict[str, st.SearchStrategy[Value]] = {
    "respiratory_rate_bpm": st.integers(6, 30),
    "spo2_pct": st.integers(80, 100),
    "oxygen": st.booleans(),
    "systolic_mmhg": st.integers(80, 230),
    "heart_rate_bpm": st.integers(35, 140),
    "consciousness": st.sampled_from("AAAACVPU"),
    "temperature_c": st.integers(340, 400).map(lambda tenths: tenths / 10),
    "glucose_mmol_l": st.integers(20, 300).map(lambda tenths: tenths / 10),
    "weight_kg": st.integers(690, 740).map(lambda tenths: tenths / 10),
}
SETS = st.fixed_dictionaries({}, optional=VALUES).filter(bool)
PLANS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {"pathway": Pathway.COVID},
        {"spo2_scale": 2, "target_spo2_pct": (88.0, 92.0), "baseline_spo2_pct": 90.0},
    ]
)
MANY = settings(max_examples=150, deadline=None)


def level(state: VitalsState) -> int:
    return RANK[None if state.alert is None else state.alert.level]


@MANY
@given(said=SETS, more=SETS, plan=PLANS)
def test_adding_a_parameter_never_lowers_an_escalation(
    said: dict[str, Any], more: dict[str, Any], plan: dict[str, Any]
) -> None:
    added = {name: value for name, value in more.items() if name not in said}
    alone, together, later = Watched(**plan), Watched(**plan), Watched(**plan)

    alone.says(1, **said)
    together.says(1, **said, **added)
    later.says(1, **said)
    later.says(2, **added)

    assert level(together.state) >= level(alone.state)
    assert level(later.state) >= level(alone.state)


@MANY
@given(said=SETS, plan=PLANS)
def test_an_incomplete_set_is_never_silent_where_its_bound_is_red(
    said: dict[str, Any], plan: dict[str, Any]
) -> None:
    watched = Watched(**plan)
    watched.says(1, **said)
    scored = score_set(begin(watched.state, rules(), minutes(1)), minutes(1)).score

    if scored.at_least >= HIGH_FROM or scored.red:
        assert level(watched.state) == 2
    elif scored.at_least >= MEDIUM_FROM:
        assert level(watched.state) >= 1


@MANY
@given(sets=st.lists(SETS, min_size=1, max_size=4), plan=PLANS, waits=st.integers(1, 600))
def test_time_passing_only_raises_what_nobody_has_acknowledged(
    sets: list[dict[str, Any]], plan: dict[str, Any], waits: int
) -> None:
    watched = Watched(**plan)
    for number, said in enumerate(sets):
        watched.says(3 * number, **said)
    before = watched.state

    watched.waits(3 * len(sets) + waits)

    assert level(watched.state) >= level(before)
    was = {} if before.alert is None else {f.parameter: f for f in before.alert.findings}
    for parameter, finding in was.items():
        now = watched.alert.finding(parameter)
        assert now is not None
        assert RANK[now.level] >= RANK[finding.level]
        assert RANK[now.confirmed] >= RANK[finding.confirmed]


@MANY
@given(
    sets=st.lists(st.tuples(st.integers(0, 45), SETS), min_size=1, max_size=6),
    cuts=st.sets(st.integers(1, 5)),
    plan=PLANS,
)
def test_the_same_reports_in_any_split_of_batches_decide_the_same(
    sets: list[tuple[int, dict[str, Any]]], cuts: set[int], plan: dict[str, Any]
) -> None:
    reports, at = [], T0
    for number, (after, said) in enumerate(sets):
        at += timedelta(minutes=after)
        reports.append(Report(f"m{number}", at, readings(at, said)))
    begun = Watched(**plan).state
    whole = decide.on_readings(begun, reports, rules(), at)

    state, entries, handed = begun, list[Entry](), list[Deterioration]()
    marks = [0, *sorted(cut for cut in cuts if cut < len(reports)), len(reports)]
    for start, end in pairwise(marks):
        batch = reports[start:end]
        part = decide.on_readings(state, batch, rules(), batch[-1].received_at)
        state = part.state
        entries += part.entries
        handed += part.handed

    assert tuple(entries) == whole.entries
    assert tuple(handed) == whole.handed
    assert state == whole.state


@MANY
@given(sets=st.lists(st.tuples(st.integers(0, 90), SETS), max_size=8), plan=PLANS)
def test_the_short_way_of_a_calm_report_decides_as_the_long_one(
    sets: list[tuple[int, dict[str, Any]]], plan: dict[str, Any]
) -> None:
    """Two reports at once take the long way; the second, of nothing, changes nothing."""
    short = long = Watched(**plan).state
    at = T0
    for number, (after, said) in enumerate(sets):
        at += timedelta(minutes=after)
        report = Report(f"m{number}", at, readings(at, said))
        one = decide.on_readings(short, [report], rules(), at)
        two = decide.on_readings(long, [report, Report("nothing", at)], rules(), at)
        assert (one.entries, one.handed, one.outgoing) == (two.entries, two.handed, two.outgoing)
        short, long = one.state, two.state
    assert short == long
