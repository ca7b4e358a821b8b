"""Leicester, Leicestershire and Rutland as shipped: who answers what, where and when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from alerts.facts import Facts, Person, Service
from alerts.referral.choose import UCR, choose
from alerts.referral.routes import route, service_for
from alerts.rule_ids import Rule
from alerts.ruleset import Rules
from alerts.step import Step
from alerts.story import run_story
from alerts.words import Disposition, SubjectKind, TaskKind
from tests.alerts.houses import House, facts, rules

TUESDAY_NIGHT = datetime(2021, 2, 2, 3, 0, tzinfo=UTC)
TUESDAY = datetime(2021, 2, 2, 10, 0, tzinfo=UTC)
SUNDAY = datetime(2021, 2, 7, 10, 0, tzinfo=UTC)
CITY, COUNTY, RUTLAND, STAMFORD = "LE1 1AA", "LE10 1AA", "LE15 6AA", "PE9 1AA"


def step_at(now: datetime, postcode: str | None, known: Rules | None = None) -> Step:
    who = Person("wc", postcode=postcode)
    known = known or rules()
    house = House(Facts(SubjectKind.PERSON, person=who, services=known.service_list()))
    return Step(house.case, house.facts, known, now)


@pytest.mark.parametrize(
    ("postcode", "now", "service"),
    [
        (CITY, TUESDAY_NIGHT, "icrs"),
        (CITY, SUNDAY, "icrs"),
        ("LE5 4PW", TUESDAY, "icrs"),
        (COUNTY, TUESDAY, "county-crisis-response"),
        ("LE65 1AA", SUNDAY, "county-crisis-response"),
        (COUNTY, TUESDAY_NIGHT, None),
        (RUTLAND, TUESDAY, "reach"),
        (RUTLAND, TUESDAY_NIGHT, "night-nursing"),
        ("PE9 4AA", SUNDAY, "reach"),
        (STAMFORD, TUESDAY, None),
        (None, TUESDAY_NIGHT, "icrs"),
    ],
)
def test_each_of_the_three_places_has_its_crisis_team(
    postcode: str | None, now: datetime, service: str | None
) -> None:
    chosen = choose(step_at(now, postcode), UCR).service

    assert (None if chosen is None else chosen.id) == service


@pytest.mark.parametrize(
    ("asked", "postcode", "now", "service"),
    [
        ("edt", CITY, TUESDAY_NIGHT, "edt"),
        ("edt", CITY, TUESDAY, "social-care-leicester"),
        ("edt", COUNTY, SUNDAY, "edt"),
        ("social_care", COUNTY, TUESDAY, "social-care-leicestershire"),
        ("social_care", RUTLAND, TUESDAY, "social-care-rutland"),
        ("social_care", RUTLAND, SUNDAY, "edt"),
        ("mental_health", CITY, SUNDAY, "mental-health-line"),
        ("mental_health", STAMFORD, SUNDAY, None),
        ("clinician", CITY, TUESDAY_NIGHT, "ucc-hub"),
        ("clinician", STAMFORD, TUESDAY_NIGHT, "nhs-111"),
        ("gp_111", STAMFORD, TUESDAY_NIGHT, "nhs-111"),
        ("responder", CITY, TUESDAY_NIGHT, "mobile-responder"),
        ("second_responder", CITY, TUESDAY, "falls-lifting"),
        ("second_responder", CITY, TUESDAY_NIGHT, "mobile-responder"),
        ("equipment", RUTLAND, SUNDAY, "equipment-provider"),
    ],
)
def test_who_answers_is_chosen_by_hours_and_catchment(
    asked: str, postcode: str, now: datetime, service: str | None
) -> None:
    choice = route(step_at(now, postcode), asked)

    assert (None if choice.service is None else choice.service.id) == service
    assert choice.reasons[0].rule.startswith("llr.route.")
    assert choice.reasons[0].inputs["asked"] == asked


def test_all_week_somebody_answers_for_what_social_care_answers() -> None:
    """No gap and no overlap between the departments' hours and the duty team's, at any edge."""
    for half_hour in range(7 * 48):
        edge = TUESDAY + timedelta(minutes=30 * half_hour)
        for now in (edge - timedelta(seconds=1), edge):
            step = step_at(now, CITY)
            by_night, by_day = (route(step, asked).service for asked in ("edt", "social_care"))

            assert by_night is not None, now
            assert by_day is not None, now
            assert by_night.id == by_day.id, now


def test_what_no_row_routes_is_said_and_names_nobody() -> None:
    choice = route(step_at(TUESDAY, CITY), "advice")

    assert choice.service is None
    assert [reason.reason for reason in choice.reasons] == ["no_route"]
    assert service_for(step_at(TUESDAY, CITY), TaskKind.HANDYPERSON) is None


def test_a_task_of_social_care_is_the_departments_and_at_night_the_duty_teams() -> None:
    assert service_for(step_at(TUESDAY, CITY), TaskKind.SOCIAL_CARE) == "social-care-leicester"
    assert service_for(step_at(TUESDAY_NIGHT, CITY), TaskKind.SOCIAL_CARE) == "edt"
    assert service_for(step_at(TUESDAY, STAMFORD), TaskKind.SOCIAL_CARE) is None


def test_every_shipped_service_says_where_its_figures_come_from() -> None:
    for row in rules().services:
        assert "to be confirmed by the service" in row.source, row.id
        assert row.service.capacity is None, row.id
    assert {row.service.kind for row in rules().services} >= {
        kind for row in rules().routes.values() for kind in row.kinds
    }


def test_a_route_asks_for_a_disposition_a_task_or_a_need_that_the_code_names() -> None:
    known = {*Disposition, *TaskKind, "second_responder", "task_social_care"}

    assert set(rules().routes) <= known


def told(services: list[dict[str, Any]] | None, disposition: str, at: str) -> dict[str, Any]:
    story: dict[str, Any] = {
        "story": "told",
        "start": f"{at}:00:00Z",
        "persons": [{"id": "wc", "postcode": CITY, "plan": {"press": "operator"}}],
        "devices": [{"id": "17", "person": "wc"}],
        "events": [
            {"at": f"{at}:00:00Z", "device": "17", "signal": {"id": "1", "activation": "pendant"}},
            {"at": f"{at}:00:20Z", "operator": "op1", "do": "spoke", "alarm": "a1"},
            {
                "at": f"{at}:01:00Z",
                "operator": "op1",
                "do": "decide",
                "alarm": "a1",
                "disposition": disposition,
            },
        ],
    }
    if services is not None:
        story["services"] = services
    return run_story(story, rules())


@pytest.mark.parametrize(
    ("disposition", "at", "service"),
    [
        ("edt", "2021-02-02T03", "edt"),
        ("social_care", "2021-02-02T10", "social-care-leicester"),
        ("social_care", "2021-02-02T22", "edt"),
        ("mental_health", "2021-02-02T22", "mental-health-line"),
        ("gp_111", "2021-02-02T22", "nhs-111"),
    ],
)
def test_an_operators_decision_names_the_service_to_telephone(
    disposition: str, at: str, service: str
) -> None:
    outcome = told(None, disposition, at)

    task = next(d for d in outcome["decisions"] if d["what"] == "task_made")
    assert (task["task"], task["service"]) == ("phone_referral", service)
    assert task["text"].endswith(service)


def test_a_roaming_service_whose_beds_are_full_keeps_its_place_in_the_list() -> None:
    beds = Service("beds", capacity=0, roaming=True, position=1)
    other = Service("other", capacity=4, position=2)
    house = House(facts(services=(beds, other)))
    step = Step(house.case, house.facts, rules(), TUESDAY)

    choice = choose(step, UCR)

    assert choice.service == beds
    assert choice.phone
    assert choice.reasons[-1].rule == Rule.CAPACITY
    fixed = msgspec.structs.replace(beds, roaming=False)
    step = Step(house.case, facts(services=(fixed, other)), rules(), TUESDAY)
    assert choose(step, UCR).service == other
