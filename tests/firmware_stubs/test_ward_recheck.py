"""Asked to measure again, people answer or do not; what they give is clean."""

from dataclasses import replace
from datetime import timedelta

import pytest

from firmware_stubs.patients.habits import Trouble
from firmware_stubs.patients.instruments import SCALES
from firmware_stubs.patients.ward import Ward
from firmware_stubs.patients.words import FaultKind, Instrument, Message, Pathway, Sign
from tests.firmware_stubs.made_up import Sample


@pytest.fixture(scope="module")
def again(ward: Sample) -> list[tuple[Message, Sign, Message | None]]:
    """Ask after every artefact."""
    by_id = {patient.id: patient for patient in ward.patients}
    return [
        (one, Sign(name), by_id[one.patient].recheck(Sign(name), one.received_at))
        for one in ward.all
        for name in one.artefacts
    ]


def test_most_are_answered_most_of_them_soon(
    again: list[tuple[Message, Sign, Message | None]],
) -> None:
    answered = [(one, back) for one, _, back in again if back is not None]
    soon = [
        one for one, back in answered if back.received_at - one.received_at <= timedelta(minutes=10)
    ]

    assert 0.5 < len(answered) / len(again) < 0.9
    assert 0.6 < len(soon) / len(answered) < 0.85


def test_a_recheck_is_the_truth(
    ward: Sample, again: list[tuple[Message, Sign, Message | None]]
) -> None:
    by_id = {patient.id: patient for patient in ward.patients}
    for _, sign, back in again:
        if back is None or FaultKind.DRIFT in back.faults or FaultKind.STUCK in back.faults:
            continue
        patient = by_id[back.patient]
        true = patient.body.value(sign, patient.day_of(back.measured_at))
        value = back.vitals[sign.value]
        if isinstance(value, int | float):
            assert abs(value - true) < 3.5 * SCALES[sign].spread + 0.51
        assert back.artefacts == {}


def test_the_same_question_gives_the_same_answer(ward: Sample) -> None:
    patient = ward.patients[0]
    at = patient.admitted + timedelta(days=2, hours=11)
    sign = Sign.HEART_RATE

    assert patient.recheck(sign, at) == patient.recheck(sign, at)
    others = [patient.recheck(sign, at + timedelta(minutes=n)) for n in range(60)]
    assert any(one is not None for one in others)
    assert any(one is None for one in others)


def test_a_night_call_is_answered_less_often(ward: Sample) -> None:
    answered = {
        hour: sum(
            patient.recheck(Sign.HEART_RATE, patient.admitted + timedelta(days=day, hours=hour))
            is not None
            for patient in ward.patients[:150]
            for day in range(1, 8)
        )
        for hour in (2, 11)
    }

    assert 0 < answered[2] < answered[11] / 2


def test_nobody_answers_after_discharge_or_without_the_instrument(ward: Sample) -> None:
    patient = next(one for one in ward.patients if Instrument.SCALE not in one.kit)

    late = [
        patient.recheck(Sign.SPO2, patient.discharged + timedelta(minutes=10 * n))
        for n in range(20)
    ]
    assert late == [None] * 20
    assert patient.recheck(Sign.WEIGHT, patient.admitted + timedelta(days=1)) is None


@pytest.mark.parametrize("kind", [FaultKind.DRIFT, FaultKind.STUCK])
def test_a_broken_scale_is_as_wrong_the_second_time(kind: FaultKind) -> None:
    mix = {Pathway.HEART_FAILURE: 1.0}
    patient = Ward(9, 1, 60, mix=mix).patient(0)
    trouble = Trouble(kind, Instrument.SCALE, 10, 50, 0.1 if kind is FaultKind.DRIFT else None)
    broken = replace(patient, troubles=(trouble,))
    at = [patient.admitted + timedelta(days=40, hours=9 + n) for n in range(9)]
    found = [one.vitals["weight_kg"] for when in at if (one := broken.recheck(Sign.WEIGHT, when))]
    true = [
        one.vitals["weight_kg"]
        for when in at
        if (one := replace(patient, troubles=()).recheck(Sign.WEIGHT, when))
    ]

    assert len(found) > 3
    if kind is FaultKind.STUCK:
        assert len(set(found)) == 1
    else:
        gaps = [float(one or 0) - float(other or 0) for one, other in zip(found, true, strict=True)]
        assert all(2.8 < gap < 3.2 for gap in gaps)
