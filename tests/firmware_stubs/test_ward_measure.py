"""The measurement: what a ring is, what plain limits are, and what the command says of a claim."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from alerts.vital_words import Reference
from devices.model import Quality, VitalCode
from firmware_stubs.patients.diary import messages
from firmware_stubs.patients.patient import Patient
from firmware_stubs.patients.ward import Ward
from firmware_stubs.patients.words import Beyond, Episode, EpisodeKind, Message, Pathway
from ops.ward.bars import svg
from ops.ward.measure import ARMS, DEFAULT, PLAIN, SEEN, Tally, main, shipped_rules, verdicts
from ops.ward.playing import Ring, gained, plain, plan_of, play, report

RULES = shipped_rules()
START = datetime(2026, 1, 5, tzinfo=UTC)
NAME = "{http://www.w3.org/2000/svg}"


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


def episode(person: str) -> Episode:
    return Episode(
        person,
        EpisodeKind.FLUID_LOSS,
        1.0,
        onset=START,
        notice_from=START + timedelta(days=1),
        notice_until=START + timedelta(days=3),
        peak=START + timedelta(days=2),
        resolved=START + timedelta(days=4),
        treatment="none",
    )


def rings(*days: float, missing: bool = False) -> list[Ring]:
    return [Ring(START + timedelta(days=day), missing, ()) for day in days]


@pytest.mark.parametrize(
    ("ours", "seen", "holds"),
    [
        (rings(1), rings(1), True),
        (rings(1, 9), rings(1), True),
        (rings(1, 8, 9), rings(1, 8, 9), False),
        (rings(1, 8, 9), rings(1, 8), True),
        (rings(9), rings(9), False),
        (rings(1, missing=True), [], False),
    ],
    ids=[
        "fewer",
        "others missing",
        "more than half",
        "just half, others missing",
        "missed",
        "caught by a missing reading only",
    ],
)
def test_the_claim_holds_for_half_the_alerts_and_no_less_sensitivity(
    ours: list[Ring], seen: list[Ring], *, holds: bool
) -> None:
    tally = Tally(1, 20, [episode("p")])
    tally.rings = {PLAIN: {"p": rings(1, 7, 8, 9)}, DEFAULT: {"p": ours}, SEEN: {"p": seen}}
    said = verdicts({Pathway.COPD: tally})

    assert ("DOES NOT HOLD" not in said[0]) == holds


def test_the_command_prints_a_row_for_each_pathway_and_arm_and_draws_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "ward.svg"
    main(["--seed", "11", "--patients", "12", "--days", "7", "--svg", str(out), "--causes"])
    printed = capsys.readouterr().out
    shown = sum(f"| {arm} |" in line for line in printed.splitlines() for arm in ARMS)
    tree = ET.fromstring(out.read_text())  # noqa: S314 - we have just written it

    assert shown % len(ARMS) == 0
    assert shown > 0
    bars = [one for one in tree.iter(f"{NAME}rect") if one.get("height") not in (None, "10")]
    assert len(bars) == 1 + 3 * shown


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
    assert svg("nothing", {}).endswith("</svg>")
