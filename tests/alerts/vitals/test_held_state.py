"""The state's own words and bounds: what follows from findings, and what is stored of them."""

from typing import Any

import msgspec
import pytest

from alerts.vital_words import ClinicianAct, Level, VitalEvent
from alerts.vitals import decide
from alerts.vitals.inputs import Answered, ClinicianEvent, Reading
from alerts.vitals.plan import MonitoringPlan
from alerts.vitals.state import Alert, Filled, Finding, Point, Recorded, worst
from devices.model import VitalCode
from tests.alerts.vitals.wards import T0, Watched

SPO2 = VitalCode.SPO2
AMBER, RED = Level.AMBER, Level.RED


def finding(name: str = "news2", **fields: Any) -> Finding:
    return Finding(**{"parameter": name, "level": AMBER, "since": T0, "last_at": T0, **fields})


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ((), (None, None, None, False, 0, 0, False)),
        ((finding(score=5),), (AMBER, AMBER, None, False, 0, 5, False)),
        ((finding(score=5, confirmed=AMBER),), (AMBER, AMBER, AMBER, False, 5, 5, False)),
        ((finding(level=RED, confirmed=AMBER),), (RED, RED, AMBER, False, 0, 0, False)),
        ((finding("missing:x", confirmed=AMBER),), (AMBER, None, AMBER, True, 0, 0, False)),
        ((finding("missing:x", snoozed_until=T0),), (AMBER, None, None, False, 0, 0, False)),
        (
            (finding("x", confirmed=RED, snoozed_until=T0),),
            (AMBER, AMBER, None, False, 0, 0, False),
        ),
        ((finding("x", recovered_at=T0),), (AMBER, AMBER, None, False, 0, 0, True)),
        ((finding("x", recovered_at=T0), finding("y")), (AMBER, AMBER, None, False, 0, 0, False)),
    ],
)
def test_what_an_alert_says_follows_from_its_findings(
    findings: tuple[Finding, ...], expected: tuple[Any, ...]
) -> None:
    one = Alert("a", T0, findings)

    assert expected == (
        one.level, one.clinical_level, one.confirmed_level, one.lacks, one.score, one.shown_score,
        one.has_recovered,
    )  # fmt: skip
    assert one.rung_score == 0


def test_red_is_worse_than_amber_and_amber_than_nothing() -> None:
    assert worst([None, AMBER, None]) is AMBER
    assert worst([AMBER, RED]) is RED
    assert worst([None]) is worst([]) is None


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (MonitoringPlan(T0), {"started_at"}),
        (finding(), {"parameter", "level", "since", "last_at"}),
        (Alert("a", T0), {"id", "opened_at"}),
        (Recorded(VitalEvent.RESCUE_PACK_STARTED, T0, "nurse"), {"event", "at", "by"}),
        (decide.new_state("wc", T0), {"person", "as_of", "plan"}),
        (Reading(SPO2, 97, T0), {"code", "value", "at"}),
        (Answered({}, T0), {"answers", "at"}),
        (ClinicianEvent(T0, "nurse", ClinicianAct.NOTE), {"at", "clinician", "do"}),
        (Filled(T0, 3), {"at", "total"}),
    ],
)
def test_what_is_not_there_takes_no_room_in_what_is_stored(value: Any, stored: set[str]) -> None:
    assert set(msgspec.json.decode(msgspec.json.encode(value))) == stored


def test_a_point_is_stored_as_a_pair() -> None:
    assert msgspec.json.encode(Point(T0, 70.5)) == b'["2021-02-02T07:00:00Z",70.5]'


def test_bounds_of_the_state_are_as_written() -> None:
    watched = Watched()
    for minute in range(70):
        watched.says(minute, weight_kg=70.0)
        watched.does(minute, ClinicianAct.RECORD, event=VitalEvent.OXYGEN_FLOW_CHANGED)

    assert (len(watched.state.points[VitalCode.WEIGHT]), len(watched.state.recorded)) == (64, 20)
