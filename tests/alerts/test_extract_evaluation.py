"""Pseudonymised records: the same person under one key, nobody without it, no free text."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from alerts.referral.extract_evaluation import Evaluated, evaluated, pseudonym
from alerts.referral.extract_raw import Period, Raw
from alerts.words import Mechanism
from tests.alerts.extract_house import PATIENT, WC, asked, finished, pressed, visited

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


def one(raw: Raw, key: bytes = KEY) -> Evaluated:
    (found,) = evaluated([raw], asked(), key)
    return found


def test_a_record_tells_what_happened_in_spans_and_closed_words() -> None:
    house = visited()
    house.service(3000, "contact", by="n", mechanism=Mechanism.VIDEO)
    house.service(3100, "contact", by="n", mechanism=Mechanism.TELEPHONE)
    house.service(3200, "face_to_face", by="n", tasks=("therapy",))
    outcome = "remains_at_home, admission_avoided"
    house.service(6240, "outcome", by="n", outcome=outcome)
    found = one(house.raw())

    assert (found.month, found.day, found.part_of_day) == ("2021-02", "weekday", "04-08")
    assert (found.age_band, found.source, found.need) == ("65-74", "telecare", "unknown")
    assert (found.outcome, found.stop_reason, found.standard_met) == ("home", "f2f", True)
    assert (found.admission_avoided, found.ambulance_avoided) == (True, False)
    assert (found.minutes_press_to_arrival, found.minutes_elapsed) == (44, 41)
    assert (found.visits, found.video_contacts, found.telephone_contacts) == (2, 1, 1)
    assert (found.presses, found.tasks_left, found.minutes_made_to_accepted) == (1, 1, 2)


def test_nothing_of_the_person_stands_in_a_record() -> None:
    text = "her son Fictional Son was there, ring 0116 000 0000"
    raw = finished(text, text=text).raw()
    said = msgspec.json.encode(one(raw)).decode()

    hidden = ("Fictional", "0116", "1951", "9476719931", "LE1", "nurse-7", WC, raw.referral.id)
    assert not any(word in said for word in hidden)
    assert "2021-02-02" not in said
    assert one(raw).outcome == "unknown"


def test_one_person_has_one_pseudonym_under_a_key_and_another_under_another() -> None:
    first, second = finished().raw(), visited().raw()
    other = msgspec.structs.replace(second.referral, id="b", made_at=first.referral.made_at)
    both = evaluated([msgspec.structs.replace(second, referral=other), first], asked(), KEY)

    assert {record.person for record in both} == {pseudonym(KEY, "person", WC)}
    assert [record.ordinal for record in both] == [1, 2]
    assert one(first, OTHER_KEY).person != one(first).person
    assert len(one(first).person) == 16


def test_whoever_is_not_known_is_somebody_of_their_own() -> None:
    first, second = pressed().raw(None), visited().raw(None)
    other = msgspec.structs.replace(second.referral, id="b")
    found = evaluated([first, msgspec.structs.replace(second, referral=other)], asked(), KEY)

    assert len({record.person for record in found}) == 2
    assert {record.age_band for record in found} == {"unknown"}


@pytest.mark.parametrize(
    ("born", "band"),
    [
        (date(2003, 2, 3), "under 18"),
        (date(2003, 2, 2), "18-64"),
        (date(1956, 2, 2), "65-74"),
        (date(1946, 2, 2), "75-84"),
        (date(1936, 2, 2), "85+"),
        (None, "unknown"),
    ],
)
def test_ages_are_told_in_bands(born: date | None, band: str) -> None:
    patient = msgspec.structs.replace(PATIENT, born=born)

    assert one(visited().raw(patient)).age_band == band


@pytest.mark.parametrize(("need", "said"), [("catheter", "catheter"), ("her son rang", "other")])
def test_a_need_outside_the_list_is_other(need: str, said: str) -> None:
    raw = visited().raw()
    referral = msgspec.structs.replace(raw.referral, need=need)

    assert one(msgspec.structs.replace(raw, referral=referral)).need == said


def test_a_referral_without_an_alarm_has_no_presses() -> None:
    found = one(msgspec.structs.replace(visited().raw(), alarm=None))

    assert (found.presses, found.what) == (0, "")


def test_provisional_ones_are_part_of_the_evaluation() -> None:
    house = pressed()
    house.operator(200, "withdraw", reason="accident")
    found = one(house.raw())

    assert (found.state, found.provisional, found.standard_met) == ("withdrawn", True, None)
    assert found.minutes_made_to_accepted is None


def test_other_months_are_left_out_and_weekends_are_told() -> None:
    raw = visited().raw()
    saturday = datetime(2021, 2, 6, 23, 30, tzinfo=UTC)
    moved = msgspec.structs.replace(raw.referral, made_at=saturday)

    assert evaluated([raw], asked(Period(2021, 3)), KEY) == ()
    assert one(msgspec.structs.replace(raw, referral=moved)).day == "weekend"
    assert one(msgspec.structs.replace(raw, referral=moved)).part_of_day == "20-24"
