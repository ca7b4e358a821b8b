"""Enrolling wards and monitoring plans: checked first, all or nothing, versions stand."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway import enrol
from gateway.errors import SettingsError
from gateway.placing import Desk
from gateway.store.connect import Session, Sessions
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import column, count, roll
from tests.store.vitals_house import COPD, WARD, WC, admit

LIMITS = {
    "version": "1",
    "effective": "2026-11-01T00:00:00Z",
    "author": "nurse.a",
    "approver": "doctor.b",
    "limits": {"heart_rate_bpm": {"alert_high": 120, "warning_high": 105}},
}
BARE = {"person": "wc", "ward": "east"}


def text(*plans: dict[str, Any], wards: tuple[dict[str, Any], ...] = (WARD,)) -> bytes:
    given = {
        "organisation": str(ORGANISATION),
        "name": "Test",
        "persons": [{"id": "wc", "name": "Fictional WC"}],
        "wards": list(wards),
        "monitoring": list(plans),
    }
    return json.dumps(given).encode()


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        ({"person": "nobody"}, "monitoring of nobody: no person nobody in the file"),
        ({"person": "wc", "ward": "west"}, "monitoring of wc: no ward west in the file"),
        ({"person": "wc", "pathway": "gout"}, "monitoring.0.pathway"),
        ({"person": "wc", "spo2_scale": 3}, "monitoring.0.spo2_scale"),
        ({"person": "wc", "target_spo2_pct": [92, 88]}, "the lower end comes first"),
        ({"person": "wc", "limits": [{**LIMITS, "approver": " Nurse.A "}]},
         "monitoring.0.limits.0: .*approver of limits 1 is their author"),
        ({"person": "wc", "limits": [LIMITS, LIMITS]}, "a version stands twice"),
        ({"person": "wc", "limits": [{**LIMITS, "limits": {"mood": {}}}]}, "monitoring.0.limits.0"),
    ],
)  # fmt: skip
def test_a_wrong_plan_is_named_with_its_key(plan: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        enrol.read_roll(text(plan))


def test_a_plan_stands_once_for_a_person() -> None:
    with pytest.raises(SettingsError, match="monitoring of wc stands twice"):
        enrol.read_roll(text(BARE, BARE))


@pytest.mark.parametrize(
    ("ward", "named"),
    [
        ({**WARD, "id": "default"}, "is the shipped ward's"),
        ({**WARD, "ladder_min": [30, 15]}, "rising minutes"),
        ({**WARD, "timezone": "Mars/Base"}, "wards.0"),
        ({**WARD, "floor": {"mood": 3}}, "floor of 'mood'"),
    ],
)
def test_a_wrong_ward_is_named(ward: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        enrol.read_roll(text(wards=(ward,)))


@pytest.mark.parametrize("pathway", ["copd", "heart_failure"])
async def test_a_pathway_without_the_figures_it_needs_is_refused_and_nothing_is_kept(
    pathway: str, session: Session, sessions: Sessions, desk: Desk
) -> None:
    plan = {"person": "wc", "ward": "east", "pathway": pathway}
    with pytest.raises(SettingsError, match=rf"monitoring\.0 \(person wc\): {pathway} needs"):
        await admit(sessions, desk.rules, plan)

    assert await count(session, "monitoring_plan") == 0
    assert await count(session, "person") == 0


async def test_limits_out_of_order_with_what_they_inherit_are_refused(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    wrong = {**LIMITS, "limits": {"heart_rate_bpm": {"warning_high": 300}}}
    with pytest.raises(SettingsError, match=r"monitoring\.0 \(person wc\): limits 1"):
        await admit(sessions, desk.rules, {**BARE, "limits": [wrong]})

    assert await count(session, "monitoring_limit") == 0


async def test_a_plan_is_kept_and_its_person_is_due_at_once(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await admit(sessions, desk.rules, {**COPD, "limits": [LIMITS]})

    assert await column(session, "select pathway || ' ' || ward_id from monitoring_plan") == [
        "copd east"
    ]
    assert await column(session, "select next_due_at from vitals_state") == [MORNING]
    assert await column(session, "select author || ' ' || approver from monitoring_limit") == [
        "nurse.a doctor.b"
    ]


async def test_a_version_of_limits_that_stands_is_never_changed(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await admit(sessions, desk.rules, {**BARE, "limits": [LIMITS]})
    await admit(sessions, desk.rules, {**BARE, "limits": [LIMITS]})
    other = {**LIMITS, "limits": {"heart_rate_bpm": {"alert_high": 150}}}
    with pytest.raises(SettingsError, match="version 1 stands with other content"):
        await admit(sessions, desk.rules, {**BARE, "limits": [other]})
    await admit(sessions, desk.rules, {**BARE, "limits": [{**other, "version": "2"}]})

    assert await column(session, "select version from monitoring_limit order by 1") == ["1", "2"]


async def test_a_changed_ward_is_taken_up_by_its_patients(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await admit(sessions, desk.rules, BARE)
    revision = "select revision from monitoring_plan"
    before = await column(session, revision)
    await enrol.enrol(sessions, roll(wards=[WARD]), MORNING)
    same = await column(session, revision)
    await enrol.enrol(sessions, roll(wards=[{**WARD, "ladder_min": [5, 10]}]), MORNING)
    after = await column(session, revision)

    assert same == before
    assert after[0] == before[0] + 1
    assert await column(session, "select person_id from monitoring_plan") == [WC]


async def test_the_example_of_the_docs_can_be_enrolled(sessions: Sessions, desk: Desk) -> None:
    page = Path(__file__).parents[2] / "ops/vital_signs.md"
    example = page.read_text().split("```json\n")[1].split("```")[0]
    done = await enrol.enrol(sessions, enrol.read_roll(example.encode()), MORNING, desk.rules)

    assert (done.persons, done.wards, done.plans) == (1, 1, 1)


async def test_plans_need_the_rules(sessions: Sessions) -> None:
    with pytest.raises(SettingsError, match="need the rules"):
        await enrol.enrol(sessions, roll(wards=[WARD], monitoring=[BARE]), MORNING)
