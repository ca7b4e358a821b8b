"""What reporting reads of a referral: only what somebody entered, in the words of the rows."""

from datetime import timedelta

import msgspec
import pytest

from alerts.referral.extract_raw import (
    avoided,
    by_service,
    contacts,
    ending,
    is_fall,
    is_joint,
    need,
)
from alerts.words import CloseReason, Disposition, Source
from tests.alerts.extract_house import Recorded, finished, pressed, visited
from tests.alerts.houses import HUB, ICRS, T0, facts, rules

MINUTE = timedelta(minutes=1)


def test_the_need_an_operator_decided_with_is_the_provisional_referrals() -> None:
    house = pressed()
    assert need(house.raw(), rules()) is None
    house.operator(140, "take")
    house.operator(145, "spoke")
    house.operator(150, "decide", disposition=Disposition.UCR, need="fall", reason="gone down")

    assert need(house.raw(), rules()) == "fall"
    assert is_fall(house.raw(), rules())


@pytest.mark.parametrize(
    ("said", "found"), [("falls", "fall"), ("reduced_mobility", "reduced_function"), ("ill", "ill")]
)
def test_another_word_for_a_need_is_that_need(said: str, found: str) -> None:
    raw = visited().raw()
    referral = msgspec.structs.replace(raw.referral, need=said)
    raw = msgspec.structs.replace(raw, referral=referral)

    assert need(raw, rules()) == found
    assert is_fall(raw, rules()) == (found == "fall")


def test_a_fall_is_known_by_its_alarm_too() -> None:
    house = visited()
    alarm = msgspec.structs.replace(house.alarm, what="fall")

    assert not is_fall(house.raw(), rules())
    assert not is_fall(msgspec.structs.replace(house.raw(), alarm=None), rules())
    assert is_fall(msgspec.structs.replace(house.raw(), alarm=alarm), rules())


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        ("remains_at_home", "home"),
        ("Remains_at_home; admission_avoided", "home"),
        ("admitted", "conveyed"),
        ("died", "other"),
        ("not conveyed", None),
        ("admission_avoided", None),
        ("", None),
        (" ".join(["conveyed"] * 9), None),
    ],
)
def test_an_outcome_counts_only_in_known_words(outcome: str, found: str | None) -> None:
    assert ending(finished(outcome).raw(), rules()) == found


def test_what_was_avoided_is_said_and_never_inferred() -> None:
    both = finished("remains_at_home, admission_avoided, ambulance_avoided")

    assert avoided(both.raw(), rules()) == {"admission_avoided", "ambulance_avoided"}
    assert avoided(finished("remains_at_home").raw(), rules()) == frozenset()


def test_an_alarm_that_was_closed_as_conveyed_is_conveyed() -> None:
    house = finished("")
    house.operator(7000, "close", close_reason=CloseReason.CONVEYED)

    assert ending(house.raw(), rules()) == "conveyed"


def test_a_contact_has_the_time_when_it_happened_and_not_of_its_entry() -> None:
    house = pressed()
    house.service(150, "accept")
    house.service(4000, "face_to_face", by="n", occurred_at=house.at(2640))
    (visit,) = contacts(house.raw())

    assert visit.at == house.at(2640)
    assert house.record()["CYP104"]["RTT_EndTime"] == "07:40:00"


def test_two_services_are_joint_only_while_both_have_the_person() -> None:
    house = Recorded(facts(services=(ICRS, HUB)))
    for seconds, service, do, fields in (
        (0, "icrs", "receive", {"referral": "a", "source": Source.GP}),
        (60, "icrs", "accept", {"referral": "a"}),
        (120, "hub", "receive", {"referral": "b", "source": Source.GP}),
    ):
        house.service(seconds, do, service=service, **fields)
    assert not is_joint(house.raw(place=0))  # not accepted yet
    house.service(180, "accept", service="hub", referral="b")

    assert is_joint(house.raw(place=0))
    assert is_joint(house.raw(place=1))
    icrs, hub = house.case.referrals
    ended = msgspec.structs.replace(icrs, closed_at=hub.accepted_at)
    alone = msgspec.structs.replace(house.raw(place=1), beside=(ended, hub))
    assert not is_joint(alone)
    early = msgspec.structs.replace(hub, accepted_at=T0 - 60 * MINUTE, closed_at=icrs.accepted_at)
    assert not is_joint(msgspec.structs.replace(house.raw(place=0), beside=(icrs, early)))


def test_two_services_for_one_alarm_are_joint_one_after_the_other_too() -> None:
    raw = finished().raw()
    after = msgspec.structs.replace(
        raw.referral, id="b", service="hub", accepted_at=T0 + timedelta(days=2)
    )
    paired = msgspec.structs.replace(raw.referral, joint_with=("b",))

    assert not is_joint(msgspec.structs.replace(raw, beside=(after,)))
    assert is_joint(msgspec.structs.replace(raw, referral=paired, beside=(after,)))


def test_a_referral_for_a_visitor_says_nothing_of_the_person_of_the_case() -> None:
    raw = visited().raw()
    other = msgspec.structs.replace(raw.referral, helped="visitor")

    assert raw.whom == raw.patient
    assert msgspec.structs.replace(raw, referral=other).whom is None


def test_services_are_told_apart_in_the_order_of_their_names() -> None:
    mine, other = visited().raw(), visited().raw()
    other = msgspec.structs.replace(other, service=HUB)

    assert by_service([mine, other]) == {"hub": [other], "icrs": [mine]}
