"""The measurement: what a ring is, what plain limits are, and what the command says of a claim."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from alerts.vital_words import Reference
from devices.model import Quality, VitalCode
from firmware_stubs.patients.diary import messages
from firmware_stubs.patients.figures import figures
from firmware_stubs.patients.patient import Patient
from firmware_stubs.patients.ward import Ward
from firmware_stubs.patients.words import Beyond, Message, Pathway
from ops.ward.bars import svg
from ops.ward.gather import (
    ARMS,
    MAX_PROCESSES,
    gather,
    shipped_rules,
)
from ops.ward.measure import HELD_OUT, LOOKED_AT, MIX, main, title_of
from ops.ward.playing import gained, plain, plan_of, play, report

RULES = shipped_rules()
START = datetime(2026, 1, 5, tzinfo=UTC)
NAME = "{http://www.w3.org/2000/svg}"
PANELS = 4


def patient(pathway: Pathway, number: int = 0, days: int = 14) -> Patient:
    return Ward(11, 40, days, mix={pathway: 1}).patient(number)


@pytest.mark.parametrize("pathway", Pathway)
def test_the_same_patient_rings_the_same(pathway: Pathway) -> None:
    one = patient(pathway)

    assert play(one, RULES) == play(one, RULES)


def test_a_fixed_limit_is_the_same_for_everybody() -> None:
    """Somebody who rests at 90 rings with every reading of a day, by a limit of 93."""
    low = next(p for n in range(40) if (p := patient(Pathway.COPD, n)).low_target)
    rings = plain(low, RULES)
    beyond = [
        one
        for one in messages(low)
        if isinstance(value := one.vitals.get("spo2_pct"), int | float) and value <= 93
    ]

    assert len(beyond) > low.days // 2
    assert len(rings) >= len(beyond)
    assert len(play(low, RULES).rings) < len(rings)


@pytest.mark.parametrize("pathway", Pathway)
def test_every_pathway_can_be_activated_as_the_clinician_of_the_ward_sets_it(
    pathway: Pathway,
) -> None:
    plan = plan_of(patient(pathway), RULES)
    needs = RULES.vitals.pathways[plan.pathway].requires if plan.pathway else ()

    assert plan.pathway == pathway.value
    assert all(plan.reference(one) is not None for one in needs)
    assert (plan.target_spo2_pct is None) == (Reference.TARGET_SPO2 not in needs)


def test_a_low_target_is_kept_as_it_was_set() -> None:
    low = next(p for n in range(40) if (p := patient(Pathway.COPD, n)).low_target)

    assert plan_of(low, RULES).target_spo2_pct == (88, 92)
    assert plan_of(low, RULES).spo2_scale == 2


def test_a_meters_hi_becomes_a_reading_without_a_number() -> None:
    message = Message(
        "p", "hub", "1", None, START, START, START, {"glucose_mmol_l": None},
        {"glucose_mmol_l": Beyond.ABOVE}, {},
    )  # fmt: skip
    said = report(message)
    assert said is not None

    assert [(one.code, one.value, one.quality) for one in said.readings] == [
        (VitalCode.GLUCOSE, None, Quality.ABOVE_RANGE)
    ]


def test_a_hubs_own_status_is_no_report() -> None:
    status = Message(
        "p", "hub", "1", None, START, START, START, {}, {}, {}, status={"battery_pct": 80}
    )

    assert report(status) is None


def test_no_seed_that_rules_were_chosen_on_is_judged_by() -> None:
    day = START.date()

    assert not LOOKED_AT & set(HELD_OUT)
    assert "no judgement" not in title_of(HELD_OUT, 10, 7, day)
    assert "rules were chosen on [7]: no judgement" in title_of((7, HELD_OUT[0]), 10, 7, day)


def test_two_processes_find_what_one_finds() -> None:
    wards = [Ward(11, 30, 7, mix=MIX), Ward(12, 3, 7, mix=MIX, prefix="other")]
    one = gather(wards)

    assert one == gather(wards, processes=2)
    assert sum(len(tally.outcomes) for tally in one.values()) == 33


@pytest.mark.parametrize("processes", [0, MAX_PROCESSES + 1])
def test_a_number_of_processes_beyond_its_limit_is_refused(processes: int) -> None:
    with pytest.raises(ValueError, match=f"{processes} processes, expected 1 to {MAX_PROCESSES}"):
        gather([], processes)


def short(*more: str) -> int:
    return main(["--seeds", "11", "--patients", "40", "--days", "7", "--processes", "1", *more])


def test_the_command_prints_a_row_for_each_pathway_and_arm_and_draws_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "ward.svg"
    status = short("--svg", str(out), "--causes")
    printed = capsys.readouterr().out
    shown = sum(f"| {arm} |" in line for line in printed.splitlines() for arm in ARMS)
    tree = ET.fromstring(out.read_text())  # noqa: S314 - we have just written it

    assert status == 1
    assert "NOT SHOWN" in printed
    assert shown == len(ARMS) * len(Pathway)
    fills = [one.get("fill", "") for one in tree.iter(f"{NAME}rect")]
    for arm in range(len(ARMS)):
        assert fills.count(f"url(#arm{arm})") == 1 + PANELS * len(Pathway)


def test_a_bar_of_each_arm_has_a_hatching_of_its_own() -> None:
    drawn = ET.fromstring(svg("t", {"copd": {arm: figures([], {}, 1) for arm in ARMS}}))  # noqa: S314 - ours
    tiles = [
        [line.get("d") for line in tile.iter(f"{NAME}path")]
        for tile in drawn.iter(f"{NAME}pattern")
    ]

    assert len(tiles) == len({str(tile) for tile in tiles}) == len(ARMS)


def test_a_gain_of_weight_is_counted_from_the_lowest_of_its_days() -> None:
    weights: list[tuple[datetime, float]] = []
    gains = [
        gained(RULES, weights, START + timedelta(days=day), kg)
        for day, kg in ((0, 80.0), (2, 82.0), (3, 82.1), (7, 84.0), (8, 86.1))
    ]

    assert gains == [False, False, True, False, True]


def test_whoever_is_away_says_so_once_asked() -> None:
    """Without it every slot of the absence would be missing anew."""
    away = next(
        one
        for number in range(40)
        if (one := patient(Pathway.COPD, number, 60)).habits.gaps
        and one.habits.gaps[0][1] - one.habits.gaps[0][0] > 4
    )
    first, back = away.habits.gaps[0]
    asked = [
        one.at
        for one in play(away, RULES).rings
        if one.missing and first + 3 <= away.day_of(one.at) < back
    ]

    assert asked == []


def test_nothing_to_draw_is_an_empty_drawing() -> None:
    assert svg("nothing", {}).endswith("</svg>\n")
