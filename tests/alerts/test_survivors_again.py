"""Small faults that the stories let pass: what was held, whose criteria, what goes with an act."""

from msgspec.structs import replace

from alerts.facts import Plan, Service
from alerts.words import Disposition, PersonStatus, Standard, TaskKind, What
from tests.alerts.houses import AT_ONCE, HUB, ICRS, House, facts, person

COUNTY = Service("county", catchment=("LE",), capacity=1, position=1)
HELD = {"fall": Plan(after_untaken_s=45)}


def test_what_was_held_for_a_fall_goes_out_with_the_999_task() -> None:
    house = House(facts(person(plan=HELD)))
    house.hear(0, "fall")
    house.due(60)

    assert What.REFERRAL_MADE in house.whats()


def test_what_was_held_for_a_fall_stays_when_the_person_turns_out_to_be_in_hospital() -> None:
    house = House(facts(person(plan=HELD)))
    house.hear(0, "fall")
    house.due(50)
    assert "referral_held" in house.alarm.marks
    house.facts = facts(person(plan=HELD, status=PersonStatus.IN_HOSPITAL))
    house.due(60)

    assert house.task(TaskKind.EMERGENCY_999)
    assert house.case.referrals == ()


def test_beside_999_nobody_of_a_care_home_is_offered_a_discussion_first() -> None:
    house = House(facts(person(care_home=True, plan=HELD), (ICRS, HUB)))
    house.hear(0, "fall")
    house.operator(10, "decide", disposition=Disposition.CLINICIAN)
    assert "ptcda_offered" in house.reasons()
    house.due(60)
    assert house.task(TaskKind.EMERGENCY_999)
    house.operator(70, "decide", disposition=Disposition.CLINICIAN)

    assert "ptcda_offered" not in house.reasons()


def test_whoever_confirms_is_shown_the_criteria_of_the_service_that_has_the_referral() -> None:
    asks = replace(ICRS, criteria="llr-icrs")
    house = House(facts(person(plan=AT_ONCE), (asks, COUNTY)))
    house.hear(0)
    house.operator(20, "spoke")
    house.operator(30, "confirm")

    shown = {
        reason.inputs["set"]
        for entry in house.last.entries
        for reason in entry.reasons
        if reason.reason.startswith("criteria_")
    }
    assert shown == {"llr-icrs"}


def test_a_visit_that_re_grades_and_says_999_names_the_standard_it_has_now() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    house.service(60, "accept")
    house.service(90, "accept", standard=Standard.TWO_DAY, disposition=Disposition.EMERGENCY_999)

    asked = [r for e in house.last.entries for r in e.reasons if r.reason == "regraded_to_999"]
    assert {reason.inputs["was"] for reason in asked} == {"two_day"}
