"""One seed is one history, in order, and every label agrees with what is true."""

import hashlib
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from firmware_stubs.patients.diary import _Diary as Diary
from firmware_stubs.patients.diary import messages
from firmware_stubs.patients.instruments import SCALES, SHOWS, WORDS
from firmware_stubs.patients.patient import NOT_WORSE
from firmware_stubs.patients.ward import Ward
from firmware_stubs.patients.words import (
    Artefact,
    Beyond,
    EpisodeKind,
    FaultKind,
    Instrument,
    Message,
    Pathway,
    Sign,
)
from tests.firmware_stubs.made_up import Sample

# Changes with any assumption (README.md of the package): figures made before are then of another
# ward, so say it in CHANGELOG.md when you renew it.
DIGEST = "5f595bc667fd7118803d7c11d8e23975c9c2b1ac9bc06701b04be8129d73bc59"


def digest(ward: Ward) -> str:
    told = hashlib.sha256()
    for one in ward.messages():
        told.update(f"{one.device} {one.received_at.isoformat()} ".encode() + one.body())
    return told.hexdigest()


def test_the_same_seed_gives_the_same_history_everywhere() -> None:
    assert digest(Ward(1, 20, 30)) == DIGEST


def test_another_seed_gives_another_history() -> None:
    assert digest(Ward(2, 20, 30)) != DIGEST


def test_a_patient_does_not_depend_on_how_many_there_are() -> None:
    few, many = Ward(5, 3, 40).patient(2), Ward(5, 900, 40).patient(2)

    assert few == many
    assert list(messages(few)) == list(messages(many))


def test_messages_come_in_the_order_of_arrival() -> None:
    times = [one.received_at for one in Ward(3, 40, 30).messages()]

    assert times == sorted(times)
    assert len(times) > 1_000


def test_nothing_arrives_before_it_was_measured_and_no_id_comes_twice(ward: Sample) -> None:
    for some in ward.messages.values():
        ids = [one.id for one in some]
        assert len(ids) == len(set(ids))
        assert all(one.measured_at < one.received_at for one in some)


def test_readings_stay_within_the_stay(ward: Sample) -> None:
    for patient in ward.patients:
        for one in ward.messages[patient.id]:
            assert patient.admitted <= one.measured_at < patient.discharged + timedelta(hours=1)


def test_people_live_by_the_clock_on_the_wall() -> None:
    """The clocks go forward on 29 March 2026: breakfast stays breakfast."""
    london = ZoneInfo("Europe/London")
    one = Ward(4, 60, 28, first=date(2026, 3, 15), mix={Pathway.HEART_FAILURE: 1})
    minutes: dict[bool, list[int]] = {False: [], True: []}
    for message in one.messages():
        if message.instrument is Instrument.SCALE:
            local = message.measured_at.astimezone(london)
            minutes[local.date() >= date(2026, 3, 29)].append(local.hour * 60 + local.minute)
    before, after = (sorted(some)[len(some) // 2] for some in minutes.values())

    assert abs(before - after) < 10


def test_labels_are_in_order_and_their_peak_is_on_the_ward(ward: Sample) -> None:
    by_id = {patient.id: patient for patient in ward.patients}
    for one in ward.episodes:
        patient = by_id[one.patient]
        assert one.onset <= one.notice_from <= one.peak < one.notice_until < one.resolved
        assert patient.admitted <= one.peak < patient.discharged


def test_two_worsenings_of_one_person_never_overlap(ward: Sample) -> None:
    for patient in ward.patients:
        for one, other in pairwise(patient.episodes):
            assert one.resolved < other.onset


def test_every_kind_of_everything_occurs(ward: Sample) -> None:
    some = ward.all

    assert {one.kind for one in ward.episodes} == set(EpisodeKind) - NOT_WORSE
    assert {why for one in some for why in one.artefacts.values()} == set(Artefact)
    assert {fault for one in some for fault in one.faults} == set(FaultKind)
    assert {fault.kind for one in ward.patients for fault in one.faults} == set(FaultKind)
    assert {word for one in some for word in one.beyond.values()} == set(Beyond)
    assert {one.instrument for one in some} == {None, *Instrument}
    assert {one.pathway for one in ward.patients} == set(Pathway)
    assert {one.vitals["consciousness"] for one in some if "consciousness" in one.vitals} == {
        "A",
        "C",
        "V",
    }


def error(patient_value: float, sign: Sign, value: float) -> float:
    """Give how far a value lies from the truth, in units of the instrument's own spread."""
    rounding = 0.05 if SCALES[sign].decimals else 0.5
    return max(abs(value - patient_value) - rounding, 0.0) / SCALES[sign].spread


def truths(ward: Sample) -> list[tuple[Message, Sign, float]]:
    """Give every number with how far it lies from the truth, clock and outage apart."""
    harmless = {FaultKind.CLOCK, FaultKind.OUTAGE, FaultKind.BATTERY}
    return [
        (one, sign, error(patient.body.value(sign, patient.day_of(one.measured_at)), sign, value))
        for patient in ward.patients
        for one in ward.messages[patient.id]
        if one.instrument is not None and harmless.issuperset(one.faults)
        for sign in SHOWS[one.instrument]
        if sign not in WORDS and isinstance(value := one.vitals[sign.value], int | float)
    ]


def test_what_is_no_artefact_is_the_truth_within_the_instruments_spread(ward: Sample) -> None:
    far = [
        (one.id, sign, found)
        for one, sign, found in truths(ward)
        if sign.value not in one.artefacts and found > 3.5
    ]

    assert far == []


def test_what_is_called_an_artefact_is_far_from_the_truth(ward: Sample) -> None:
    found = [far for one, sign, far in truths(ward) if sign.value in one.artefacts]

    assert len(found) > 300
    assert sum(far > 2 for far in found) / len(found) > 0.9


def test_nobody_is_confused_outside_of_an_episode_that_says_so(ward: Sample) -> None:
    seen = 0
    for patient in ward.patients:
        confused = [one for one in patient.episodes if one.confused]
        for one in ward.messages[patient.id]:
            if one.vitals.get("consciousness", "A") != "A":
                seen += 1
                assert any(ep.onset < one.measured_at < ep.resolved for ep in confused)
    assert seen > 5


def test_a_silent_sign_is_not_moved(ward: Sample) -> None:
    courses = [one for patient in ward.patients for one in patient.body.courses if one.silent]

    assert courses
    assert all(sign not in one.effects for one in courses for sign in one.silent)


@pytest.mark.parametrize(
    ("patients", "days", "more", "said"),
    [
        (0, 90, {}, "0 patients, expected 1 to 100000"),
        (1, 401, {}, "401 days, expected 1 to 400"),
        (1, 1, {"prefix": ""}, "0 characters of prefix, expected 1 to 40"),
        (1, 1, {"mix": {}}, "mix of 0 pathways"),
        (1, 1, {"mix": {Pathway.COPD: -1}}, "mix of 1 pathways"),
    ],
)
def test_a_ward_has_limits(patients: int, days: int, more: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Ward(1, patients, days, **more)  # type: ignore[arg-type]


def test_there_is_nobody_beyond_the_last_one() -> None:
    with pytest.raises(IndexError, match="patient 3, expected 0 to 2"):
        Ward(1, 3, 10).patient(3)


def test_a_diary_keeps_no_more_than_the_days_of_an_outage() -> None:
    most = 0
    for patient in Ward(6, 60, 60):
        diary = Diary(patient)
        for _ in diary.messages():
            most = max(most, len(diary._heap))
    assert most < 60


def test_ends_meet() -> None:
    """A history of one day, and one as long as allowed, run through."""
    assert list(Ward(1, 5, 1).messages())
    last = [one.measured_at for one in Ward(1, 2, 400, first=date(2025, 1, 1)).messages()]
    assert datetime(2026, 1, 30, tzinfo=ZoneInfo("UTC")) < max(last)
