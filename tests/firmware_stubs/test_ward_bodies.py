"""What the made-up hubs say is our native format: our own decoder reads back what was meant."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from devices.catalogue import native as family
from devices.links import native as link
from devices.model import Answers, Measurement, Quality, Signal, Status, VitalCode
from firmware_stubs.patients.diary import messages
from firmware_stubs.patients.habits import CLOCK_ERRORS_D, Trouble
from firmware_stubs.patients.patient import FACTORY
from firmware_stubs.patients.ward import Ward
from firmware_stubs.patients.words import FaultKind, Message, Pathway, Sign
from tests.firmware_stubs.made_up import Sample

DAY = timedelta(days=1)


def decoded(one: Message) -> tuple[Signal, ...]:
    topic = link.topic_of(one.device, link.Channel.UP)
    packet = link.unwrap(
        topic,
        one.body(),
        line="made-up",
        sender=one.device,
        received_at=one.received_at,
        authenticated=True,
        retained=False,
        peer=None,
    )
    assert packet.key == one.id
    found = family.decode(packet)
    assert found.errors == ()
    return found.signals


@pytest.fixture(scope="module")
def read(ward: Sample) -> list[tuple[Message, tuple[Signal, ...]]]:
    return [
        (one, decoded(one)) for patient in ward.patients[:150] for one in ward.messages[patient.id]
    ]


Read = list[tuple[Message, tuple[Signal, ...]]]


def measurements(read: Read) -> Iterator[tuple[Message, Measurement]]:
    for one, signals in read:
        for signal in signals:
            if isinstance(signal, Measurement):
                yield one, signal


def test_the_signs_are_the_native_names() -> None:
    assert {sign.value for sign in Sign} == {code.value for code in VitalCode}


def test_every_value_is_read_back(read: Read) -> None:
    for one, signals in read:
        values = {
            signal.code.value: signal.value for signal in signals if isinstance(signal, Measurement)
        }
        assert values == {name: value for name, value in one.vitals.items() if value is not None}


def test_answers_and_batteries_are_read_back(read: Read) -> None:
    asked = told = 0
    for one, signals in read:
        if one.answers is not None:
            asked += 1
            assert [s.answers for s in signals if isinstance(s, Answers)] == [one.answers]
        if one.status is not None:
            told += 1
            assert [s.value for s in signals if isinstance(s, Status)] == [
                one.status["battery_pct"]
            ]
    assert asked > 1_000
    assert told > 100


def test_a_right_clock_is_believed_and_tells_when_it_was_measured(read: Read) -> None:
    right = [(one, s) for one, s in measurements(read) if FaultKind.CLOCK not in one.faults]

    assert len(right) > 10_000
    assert all(s.at == one.measured_at and s.quality is Quality.OK for one, s in right)


@pytest.mark.parametrize("error_d", CLOCK_ERRORS_D[1:])
def test_a_wrong_clock_tells_another_time_and_the_far_ones_are_seen(error_d: float | None) -> None:
    """An hour, a day and a year late are times that a late delivery may have as well."""
    patient = Ward(3, 1, 20, mix={Pathway.HEART_FAILURE: 1}).patient(0)
    trouble = Trouble(FaultKind.CLOCK, None, 0, 20, error_d)
    some = list(messages(replace(patient, troubles=(trouble,))))
    found = [(one, signal) for one in some for signal in decoded(one)]
    read = [(one, signal) for one, signal in found if isinstance(signal, Measurement)]
    seen = error_d is None or error_d > 0

    assert len(read) > 50
    assert {signal.quality is Quality.DEVICE_CLOCK for _, signal in read} == {seen}
    assert all(FaultKind.CLOCK in one.faults and signal.at == one.at for one, signal in read)
    for one, _ in read:
        expected = (
            FACTORY + (one.measured_at - patient.start)
            if error_d is None
            else (one.measured_at + error_d * DAY)
        )
        assert abs(one.at - expected) <= timedelta(seconds=1)


def test_the_native_format_has_no_word_for_a_meters_hi_or_lo(ward: Sample) -> None:
    beyond = [one for one in ward.all if one.beyond]

    assert len(beyond) > 10
    for one in beyond:
        names = {s.code.value for s in decoded(one) if isinstance(s, Measurement)}
        assert not names & one.beyond.keys()
        assert {one.vitals[name] for name in one.beyond} == {None}


def test_a_person_is_told_as_a_story_names_one(ward: Sample) -> None:
    targets = {Pathway.COPD: {(1, (94, 98)), (2, (88, 92))}}
    for pathway in Pathway:
        found = set()
        for patient in ward.patients:
            record = patient.record()
            target = record["target_spo2_pct"]
            assert isinstance(target, list)
            if patient.pathway is pathway:
                found.add((record["spo2_scale"], tuple(target)))
            assert patient.device_record()["person"] == record["id"] == patient.id
        assert found == targets.get(pathway, {(1, (94, 98))})


def test_baselines_are_noted_as_they_nearly_are(ward: Sample) -> None:
    for patient in ward.patients:
        own = patient.body.baseline
        assert abs(patient.noted_spo2_pct - own[Sign.SPO2]) < 1.6
        assert abs(patient.noted_kg - own[Sign.WEIGHT]) < 1.2
        if patient.low_target:
            assert 87 <= patient.noted_spo2_pct <= 92
