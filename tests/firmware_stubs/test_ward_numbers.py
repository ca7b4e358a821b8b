"""The numbers of a large sample are those that README.md of the package claims."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import mean, median, stdev

import pytest

from firmware_stubs.patients.answers import CAT_ITEMS, SHEETS
from firmware_stubs.patients.courses import ROWS, YEAR_D
from firmware_stubs.patients.instruments import SPOILERS
from firmware_stubs.patients.patient import Patient
from firmware_stubs.patients.streams import Stream, wave
from firmware_stubs.patients.words import (
    Episode,
    EpisodeKind,
    Instrument,
    Message,
    Pathway,
    Sign,
)
from tests.firmware_stubs.made_up import DAY, Sample, is_quiet, numbers

MORNING_H = 12


def mornings(patient: Patient, some: tuple[Message, ...], sign: Sign) -> dict[int, float]:
    """Give the first good value of each quiet day before noon."""
    found: dict[int, float] = {}
    for at, value in numbers(some, sign):
        if at.hour < MORNING_H and is_quiet(patient, at):
            found.setdefault(int(patient.day_of(at)), value)
    return found


def spreads(ward: Sample, pathway: Pathway, sign: Sign) -> float:
    """Give the median standard deviation of a person's quiet mornings."""
    found = []
    for patient in ward.patients:
        if patient.pathway is pathway:
            values = list(mornings(patient, ward.messages[patient.id], sign).values())
            if len(values) > 20:
                found.append(stdev(values))
    return median(found)


@pytest.mark.parametrize(
    ("pathway", "sign", "low", "high"),
    [
        (Pathway.COPD, Sign.SPO2, 0.8, 1.3),
        (Pathway.COPD, Sign.HEART_RATE, 3.5, 6.0),
        (Pathway.COPD, Sign.PEAK_FLOW, 8.0, 14.0),
        (Pathway.COPD, Sign.RESPIRATORY_RATE, 1.1, 2.0),
        (Pathway.HEART_FAILURE, Sign.SYSTOLIC, 6.0, 10.0),
        (Pathway.HEART_FAILURE, Sign.WEIGHT, 0.35, 0.9),
        (Pathway.FRAILTY, Sign.TEMPERATURE, 0.12, 0.3),
    ],
)
def test_a_person_varies_from_day_to_day(
    ward: Sample, pathway: Pathway, sign: Sign, low: float, high: float
) -> None:
    assert low < spreads(ward, pathway, sign) < high


def test_a_third_of_the_steps_of_weight_is_half_a_kilogram(ward: Sample) -> None:
    steps = []
    for patient in ward.patients:
        if patient.pathway is Pathway.HEART_FAILURE:
            found = mornings(patient, ward.messages[patient.id], Sign.WEIGHT)
            steps += [abs(found[day + 1] - found[day]) for day in found if day + 1 in found]

    assert 0.2 < mean(step >= 0.5 for step in steps) < 0.4
    assert 0.005 < mean(step >= 1.0 for step in steps) < 0.08


def test_the_day_has_its_rhythm(ward: Sample) -> None:
    """The true temperature is highest towards evening, by half a degree."""
    day = 20
    lows, highs = [], []
    for patient in ward.patients:
        hours = [patient.body.value(Sign.TEMPERATURE, day + hour / 24) for hour in range(24)]
        if is_quiet(patient, patient.start + day * DAY):
            lows.append(hours.index(min(hours)))
            highs.append(hours.index(max(hours)))

    assert median(lows) == 5
    assert median(highs) == 17


def test_readings_are_kept_as_telemonitoring_studies_found(ward: Sample) -> None:
    """Once a day and thrice a week alike; more at first, less at weekends."""
    kept: Counter[str] = Counter()
    planned: Counter[str] = Counter()
    for patient in ward.patients:
        if patient.pathway is not Pathway.HEART_FAILURE:
            continue
        days = {
            int(patient.day_of(one.measured_at))
            for one in ward.messages[patient.id]
            if one.instrument is Instrument.SCALE
        }
        for day in range(*patient.stay):
            weekend = (patient.first + timedelta(days=day)).weekday() >= 5
            for name in ("all", "weekend" if weekend else "week", "new" if day < 7 else "old"):
                planned[name] += 1
                kept[name] += day in days
    share = {name: kept[name] / planned[name] for name in planned}

    assert 0.65 < share["all"] < 0.82
    assert share["weekend"] < share["week"] - 0.05
    assert share["new"] > share["old"] + 0.04


def test_a_share_comes_late_and_some_measure_twice(ward: Sample) -> None:
    some = [one for one in ward.all if one.instrument is not None and not one.faults]
    late = mean(one.received_at - one.measured_at > timedelta(minutes=5) for one in some)
    weights = [
        one
        for patient in ward.patients
        for one in pairwise(
            at for at, _ in numbers(ward.messages[patient.id], Sign.WEIGHT, whole=False)
        )
    ]
    twice = mean(other - one < timedelta(minutes=5) for one, other in weights)

    assert 0.008 < late < 0.02
    assert 0.02 < twice < 0.08


@pytest.mark.parametrize("instrument", [one for one in SPOILERS if SPOILERS[one]])
def test_artefacts_are_as_frequent_as_the_table_says(ward: Sample, instrument: Instrument) -> None:
    some = [one for one in ward.all if one.instrument is instrument]
    for spoiler in SPOILERS[instrument]:
        found = sum(spoiler.artefact in one.artefacts.values() for one in some)
        expected = spoiler.share * len(some)
        assert 0.75 * expected - 8 < found < 1.25 * expected + 8


def test_episodes_are_nearly_as_frequent_as_the_table_says(ward: Sample) -> None:
    for kind in (EpisodeKind.COPD_EXACERBATION, EpisodeKind.HF_DECOMPENSATION):
        (pathway,) = ROWS[kind].per_year
        some = [one for one in ward.patients if one.pathway is pathway]
        found = sum(episode.kind is kind for one in some for episode in one.episodes)
        expected = ROWS[kind].per_year[pathway] * sum(one.days for one in some) / YEAR_D
        assert 0.6 * expected < found < 1.15 * expected


def changes(
    ward: Sample, kind: EpisodeKind, sign: Sign, when: Callable[[Episode], datetime]
) -> list[float]:
    """Give how far a sign truly is from the person's own day a week before the onset."""
    by_id = {patient.id: patient for patient in ward.patients}
    found = []
    for one in ward.episodes:
        patient = by_id[one.patient]
        before = patient.day_of(one.onset) - 1
        if one.kind is kind and sign not in one.silent and before >= patient.stay[0]:
            at = patient.day_of(when(one))
            same_hour = int(before) - 1 + at % 1
            if same_hour >= 0:
                found.append(patient.body.value(sign, at) - patient.body.value(sign, same_hour))
    return found


@pytest.mark.parametrize(
    ("kind", "sign", "low", "high"),
    [
        (EpisodeKind.COPD_EXACERBATION, Sign.SPO2, -6, -3),
        (EpisodeKind.COPD_EXACERBATION, Sign.HEART_RATE, 10, 19),
        (EpisodeKind.COPD_EXACERBATION, Sign.RESPIRATORY_RATE, 3.5, 7),
        (EpisodeKind.COPD_EXACERBATION, Sign.PEAK_FLOW, -65, -30),
        (EpisodeKind.HF_DECOMPENSATION, Sign.WEIGHT, 2.0, 5.0),
        (EpisodeKind.HF_DECOMPENSATION, Sign.HEART_RATE, 9, 19),
        (EpisodeKind.CHEST_INFECTION, Sign.TEMPERATURE, 1.0, 2.4),
        (EpisodeKind.COVID_DECLINE, Sign.SPO2, -10, -4),
    ],
)
def test_a_sign_has_moved_at_the_peak(
    ward: Sample, kind: EpisodeKind, sign: Sign, low: float, high: float
) -> None:
    assert low < mean(changes(ward, kind, sign, lambda one: one.peak)) < high


def test_three_days_before_the_peak_of_an_exacerbation_the_pulse_has_risen(ward: Sample) -> None:
    kind = EpisodeKind.COPD_EXACERBATION
    found = changes(ward, kind, Sign.HEART_RATE, lambda one: one.peak - 3 * DAY)

    assert 2.5 < mean(found) < 9


def test_few_decompensations_gain_two_kilograms_in_three_days(ward: Sample) -> None:
    """The guideline's rule finds a minority of them, as published."""
    by_id = {patient.id: patient for patient in ward.patients}
    caught = []
    for one in ward.episodes:
        if one.kind is EpisodeKind.HF_DECOMPENSATION:
            patient = by_id[one.patient]
            found = [
                value
                for hour in range(0, 24 * int((one.notice_until - one.onset) / DAY), 24)
                for value in [patient.day_of(one.onset + timedelta(hours=hour))]
                if value >= 3
            ]
            gains = [
                patient.body.value(Sign.WEIGHT, day) - patient.body.value(Sign.WEIGHT, day - 3)
                for day in found
            ]
            caught.append(max(gains, default=0.0) > 2.0)

    assert len(caught) > 20
    assert 0.08 < mean(caught) < 0.55


def test_the_cat_is_about_19_and_higher_in_an_exacerbation(ward: Sample) -> None:
    quiet: list[tuple[int, float]] = []
    ill: list[tuple[int, float]] = []
    for patient in ward.patients:
        for one in ward.messages[patient.id]:
            if one.answers and CAT_ITEMS[0] in one.answers:
                total = sum(int(one.answers[name] or 0) for name in CAT_ITEMS)
                felt = patient.body.felt(patient.day_of(one.measured_at))
                (quiet if felt == 0 else ill).append((total, felt))

    assert 17 < mean(total for total, _ in quiet) < 22
    assert max(total for total, _ in quiet) <= 40
    worst = [total for total, felt in ill if felt > 0.5]
    assert mean(worst) > mean(total for total, _ in quiet) + 2


@pytest.mark.parametrize("sheet", SHEETS)
def test_answers_agree_with_how_people_feel(ward: Sample, sheet: str) -> None:
    names = [name for name in SHEETS[sheet] if name != "sputum_colour"]
    quiet, ill = [], []
    for patient in ward.patients:
        for one in ward.messages[patient.id]:
            if one.answers and set(names) <= one.answers.keys():
                total = sum(int(one.answers[name] or 0) for name in names)
                felt = patient.body.felt(patient.day_of(one.measured_at))
                if felt == 0:
                    quiet.append(total)
                elif felt > 0.5:
                    ill.append(total)

    assert mean(ill) > mean(quiet) + 1


def test_infected_sputum_turns_green(ward: Sample) -> None:
    colours: Counter[str] = Counter()
    for patient in ward.patients:
        for one in ward.messages[patient.id]:
            if one.answers and "sputum_colour" in one.answers:
                when = patient.day_of(one.measured_at)
                grave = patient.body.felt(when) > 0.8
                colours[f"{grave} {one.answers['sputum_colour'] in ('yellow', 'green')}"] += 1

    assert colours["True True"] > colours["True False"]
    assert colours["False True"] < 0.05 * colours["False False"]


def test_chance_is_what_it_says() -> None:
    stream = Stream(1, "a test")
    bells = [stream.bell() for _ in range(20_000)]
    whole = Counter(stream.whole(2, 4) for _ in range(3_000))

    assert abs(mean(bells)) < 0.02
    assert abs(stdev(bells) - 1) < 0.02
    assert max(map(abs, bells)) < 3.47
    assert set(whole) == {2, 3, 4}
    assert min(whole.values()) > 900
    assert Stream(1, "a").uniform() != Stream(1, "b").uniform()


@pytest.mark.parametrize(
    ("turns", "sine"), [(0, 0), (0.25, 1), (0.5, 0), (0.75, -1), (1 / 12, 0.5), (-0.25, -1)]
)
def test_a_wave_is_a_sine(turns: float, sine: float) -> None:
    assert abs(wave(turns) - sine) < 0.002
