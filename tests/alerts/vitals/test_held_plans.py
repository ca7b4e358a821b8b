"""What holds for a person: their plan and its edges, the calm in between, changes over days."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from alerts.ruleset import parse_rules
from alerts.vital_rows import Limits
from alerts.vital_words import Level, Pathway, Reference
from alerts.vitals.news2 import Vitals, score
from alerts.vitals.plan import LimitSet, MonitoringPlan, effective, refuse
from alerts.vitals.state import Point
from alerts.vitals.windows import kept, slope_per_day
from alerts.words import PersonStatus
from devices.model import VitalCode
from tests.alerts.houses import rule_files, rules
from tests.alerts.vitals.test_rows import HEAD
from tests.alerts.vitals.wards import T0, Watched, minutes, ward

SPO2, HEART, WEIGHT = VitalCode.SPO2, VitalCode.HEART_RATE, VitalCode.WEIGHT
DAY = 1440
HOME, AWAY, HOSPITAL = PersonStatus.HOME, PersonStatus.AWAY, PersonStatus.IN_HOSPITAL
ENDED, DECEASED = PersonStatus.ENDED, PersonStatus.DECEASED


def own(version: str, minute: float, code: VitalCode = HEART, **at: float) -> LimitSet:
    return LimitSet(version, minutes(minute), "Dr A", "Dr B", {code: Limits(**at)})


# -- the plan ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, HOME),
        ({"status": AWAY}, AWAY),
        ({"status": AWAY, "away_until": minutes(61)}, AWAY),
        ({"status": AWAY, "away_until": minutes(60)}, HOME),
        ({"status": HOSPITAL, "away_until": minutes(59)}, HOSPITAL),
        ({"ended_at": T0}, ENDED),
        ({"status": HOSPITAL, "ended_at": T0}, ENDED),
        ({"status": DECEASED}, DECEASED),
        ({"status": DECEASED, "ended_at": T0}, DECEASED),
    ],
)
def test_only_an_absence_ends_by_itself(fields: dict[str, Any], status: PersonStatus) -> None:
    assert MonitoringPlan(T0, **fields).status_at(minutes(60)) is status


def test_the_figure_of_a_target_is_its_lower_end_and_its_limits_follow_from_that() -> None:
    plan = MonitoringPlan(T0, target_spo2_pct=(88.0, 92.0), baseline_spo2_pct=90.0)
    bounds = effective(plan, rules(), T0).bounds[SPO2]

    assert plan.reference(Reference.TARGET_SPO2) == 88
    assert plan.reference(Reference.BASELINE_SPO2) == 90
    assert MonitoringPlan(T0).reference(Reference.TARGET_SPO2) is None
    assert [(one.name, one.at) for one in bounds] == [("alert_low", 85), ("warning_low", 87)]


def test_of_many_own_limits_the_twenty_newest_are_kept() -> None:
    many = [own(str(number), -number, alert_high=150 - number) for number in range(23)]

    plan, wrong = refuse(MonitoringPlan(T0, limits=tuple(many)), rules(), T0)

    assert [one.version for one in plan.limits] == [str(number) for number in range(19, -1, -1)]
    assert wrong == ()


def test_own_limits_hold_from_their_very_instant_and_say_which_ones_began() -> None:
    watched = Watched(limits=(own("1", 0, warning_high=100), own("2", 60, warning_high=105)))
    watched.says(1, heart_rate_bpm=100)
    assert watched.alert.level is Level.AMBER

    watched.waits(60)
    begun = next(e for e in watched.last.entries if e.reasons[0].reason == "own_limits_begin")
    assert begun.reasons[0].inputs["versions"] == ["2"]


@pytest.mark.parametrize(("author", "approver"), [(" ", "b"), ("a", ""), ("", " ")])
def test_own_limits_name_both_who_wrote_and_who_approved_them(author: str, approver: str) -> None:
    watched = Watched(limits=(LimitSet("7", T0, author, approver, {HEART: Limits(alert_high=99)}),))

    (entry,) = watched.last.entries
    assert entry.text == "limits 7: author and approver are both named; fill them in"
    assert entry.reasons[0].inputs["version"] == "7"


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({}, ["baseline_spo2_pct", "target_spo2_pct"]),
        ({"baseline_spo2_pct": 90.0}, ["target_spo2_pct"]),
        ({"baseline_spo2_pct": 90.0, "target_spo2_pct": (88.0, 92.0)}, []),
    ],
)
def test_a_pathway_is_not_activated_without_the_figures_it_needs(
    fields: dict[str, Any], missing: list[str]
) -> None:
    watched = Watched(pathway=Pathway.COPD, **fields)

    said = [entry.reasons[0] for entry in watched.last.entries]
    assert [(one.reason, one.inputs["missing"]) for one in said] == (
        [("baseline_and_target_needed", missing)] if missing else []
    )
    assert watched.state.plan.pathway is (None if missing else Pathway.COPD)


def test_a_pathway_without_a_row_is_not_activated() -> None:
    shipped = rules()
    bare = replace(shipped, vitals=replace(shipped.vitals, pathways={}))

    plan, wrong = refuse(MonitoringPlan(T0, pathway=Pathway.COVID), bare, T0)

    assert plan.pathway is None
    ((said, reason),) = wrong
    assert (said, reason.reason) == ("no row for pathway covid", "pathway_not_known")
    assert reason.inputs == {"pathway": "covid", "missing": []}


# -- the calm in between -------------------------------------------------------------------------

WIDE = Limits(alert_high=1_000, warning_high=999, warning_low=-998, alert_low=-999)
FREE = LimitSet("1", T0, "a", "b", dict.fromkeys(set(VitalCode), WIDE))


def points(code: VitalCode, value: float, scale: Any, *, oxygen: bool) -> int:
    number = Decimal(str(value)) if code is VitalCode.TEMPERATURE else int(value)
    given: dict[str, Any] = {code.value: number, "oxygen": oxygen, "spo2_scale": scale}
    return score(Vitals(**given)).subscores[code.value]


@pytest.mark.parametrize("scale", [1, 2])
def test_what_is_taken_as_calm_is_exactly_what_scores_nothing(scale: int) -> None:
    """Where nobody's limits are nearer; on scale 2, on air and on oxygen alike."""
    held = effective(MonitoringPlan(T0, limits=(FREE,), spo2_scale=scale), rules(), T0)
    scored = {
        VitalCode.RESPIRATORY_RATE: range(4, 40), SPO2: range(70, 101), HEART: range(30, 150),
        VitalCode.SYSTOLIC: range(70, 250),
        VitalCode.TEMPERATURE: [tenths / 10 for tenths in range(340, 410)],
    }  # fmt: skip
    for code, values in scored.items():
        low, high = held.calm[code]
        for value in values:
            quiet = not any(points(code, value, scale, oxygen=on) for on in (False, True))
            assert (low < value < high) is quiet, (code, value)


def test_calm_ends_at_the_nearest_limit_floor_or_distance_and_words_have_none() -> None:
    near = own("1", 0, warning_high=85, warning_low=55)
    fields: dict[str, Any] = {"limits": (near,), "ward": ward(floor={"systolic_mmhg": 120})}
    plan = MonitoringPlan(T0, baseline_spo2_pct=100.0, **fields)
    calm = effective(plan, rules(), T0).calm

    assert calm[HEART] == (55, 85)
    assert calm[SPO2][0] == 97, "3 below the own baseline says something"
    assert calm[VitalCode.SYSTOLIC][0] < 120
    assert calm[VitalCode.SYSTOLIC][0] == pytest.approx(120)
    words = {VitalCode.CONSCIOUSNESS, VitalCode.OXYGEN}
    assert not words & (
        set(calm) | set(effective(MonitoringPlan(T0, limits=(FREE,)), rules(), T0).bounds)
    )
    assert WEIGHT not in calm, "it is looked at over days"


def test_a_rise_over_a_figure_of_ones_own_ends_the_calm() -> None:
    row = f"""
[[relative]]
id = "local.glucose"{HEAD}
vital = "glucose_mmol_l"
reference = "dry_weight_kg"
LIMIT
level = "amber"
"""
    for limit in ("rise_at_least = 1.5", "rise_more_than = 1.5"):
        made = parse_rules({**rule_files(), "local.toml": row.replace("LIMIT", limit).encode()})
        calm = effective(MonitoringPlan(T0, dry_weight_kg=9.0), made, T0).calm
        assert calm[VitalCode.GLUCOSE] == (3.9, 10.5)


def test_below_the_wards_floor_nothing_is_calm() -> None:
    watched = Watched(ward=ward(floor={"heart_rate_bpm": 60}))
    watched.says(1, heart_rate_bpm=60)
    assert watched.state.alert is None

    watched.says(2, heart_rate_bpm=59)

    assert watched.alert.confirmed_level is Level.RED


# -- over days -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was_at", "at", "kilos", "level"),
    [
        (0, 3 * DAY + 960, 72.1, Level.AMBER),
        (0, 3 * DAY + 1_050, 72.1, None),
        (0, 3 * DAY, 72.0, None),
    ],
)
def test_three_days_are_local_days_and_two_kilos_are_not_yet_more_than_two(
    was_at: float, at: float, kilos: float, level: Level | None
) -> None:
    watched = Watched()
    watched.says(was_at, weight_kg=70.0)
    watched.says(at, weight_kg=kilos)

    assert (None if watched.state.alert is None else watched.alert.level) is level


FIGURES: dict[str, Any] = {"baseline_spo2_pct": 95.0, "target_spo2_pct": (94.0, 98.0)}


@pytest.mark.parametrize(
    ("pathway", "name", "values", "found"),
    [
        (None, "weight_kg", (71, 70, 72.1), ("rose_in_days", 70, 1, 2.1, 3, 2.0)),
        (Pathway.HEART_FAILURE, "weight_kg", (71, 70, 72.3), ("rose_in_days", 70, 1, 2.3, 3, 2.0)),
        (Pathway.COPD, "peak_flow_l_min", (390, 400, 340), ("fell_in_days", 400, 1, 60, 7, 60)),
        (Pathway.COPD, "respiratory_rate_bpm", (13, 12, 19), ("rose_in_days", 12, 1, 7, 7, 7)),
        (Pathway.COPD, "peak_flow_l_min", (390, 400, 341), None),
    ],
)
def test_a_change_says_from_which_point_of_the_window_and_by_how_much(
    pathway: Pathway | None, name: str, values: tuple[float, ...], found: Any
) -> None:
    watched = Watched(pathway=pathway, schedule=(), **FIGURES)
    for day, value in enumerate(values):
        watched.says(day * DAY, **{name: value})

    if found is None:
        assert watched.state.alert is None
        return
    reason, was, day, by, days, limit = found
    said = watched.alert.findings[0].reasons[0]
    assert said.reason == reason
    assert said.inputs == {
        "vital": name, "value": values[-1], "was": was, "was_at": minutes(day * DAY), "by": by,
        "days": days, "limit": limit,
    }  # fmt: skip


def test_points_are_kept_for_a_day_more_than_is_looked_at() -> None:
    first = Point(T0, 70.0)

    for late_s, expected in ((0, 2), (1, 1)):
        at = T0 + timedelta(days=4, seconds=late_s)
        assert len(kept((first,), Point(at, 71.0), 3)) == expected


SLOPE = f"""
[[slope]]
id = "local.slope"{HEAD}
vital = "peak_flow_l_min"
days = 5
per_day = PER_DAY
least_points = 2
level = "amber"
"""


@pytest.mark.parametrize(
    ("per_day", "values", "name"),
    [
        ("10.0", (300, 310), "rises_steadily"),
        ("10.0", (300, 309), None),
        ("10.0", (300, 290), None),
        ("-10.0", (300, 290), "falls_steadily"),
        ("-10.0", (300, 291), None),
        ("-10.0", (300, 310), None),
        ("0.5", (300, 300.5), "rises_steadily"),
        ("-0.5", (300, 300.6), None),
    ],
)
def test_a_slope_counts_from_its_figure_on_and_its_own_way_only(
    per_day: str, values: tuple[float, ...], name: str | None
) -> None:
    row = SLOPE.replace("PER_DAY", per_day)
    watched = Watched(parse_rules({**rule_files(), "local.toml": row.encode()}))
    for day, value in enumerate(values):
        watched.says(day * DAY, peak_flow_l_min=value)

    found = () if watched.state.alert is None else watched.alert.findings
    assert [one.reasons[0].reason for one in found] == ([] if name is None else [name])
    for one in found:
        assert one.reasons[0].inputs["points"] == 2
    days = [Point(minutes(day * DAY), float(day)) for day in range(3)]
    assert slope_per_day(days) == 1.0
