"""The end of a monitoring, and what is only missing beside what is out of order."""

import pytest

from alerts.vital_rows import Slot
from alerts.vital_words import ClinicianAct, Level, Pathway
from alerts.words import PersonStatus
from devices.model import VitalCode
from tests.alerts.vitals.wards import Watched, amber, minutes

SPO2 = VitalCode.SPO2


def test_a_discharge_says_who_and_why_and_ends_prompts_and_what_is_missing() -> None:
    watched = Watched(pathway=Pathway.COVID)
    assert watched.state.timers

    watched.does(5, ClinicianAct.DISCHARGE, reason="well for a week", text="letter sent")

    (reason,) = watched.last.entries[0].reasons
    assert (reason.reason, reason.inputs["clinician"]) == ("discharged", "nurse")
    assert (reason.inputs["for"], watched.last.entries[0].text) == (
        "well for a week",
        "letter sent",
    )
    assert watched.state.timers == ()
    assert watched.state.plan.ended_at == minutes(5)


@pytest.mark.parametrize(
    ("opened", "fields", "said"),
    [
        (False, {}, "needs a reason"),
        (True, {"reason": "well"}, "an alert is open since"),
    ],
)
def test_a_discharge_without_a_reason_or_over_an_open_alert_is_refused(
    *, opened: bool, fields: dict[str, str], said: str
) -> None:
    watched = amber() if opened else Watched()

    watched.does(5, ClinicianAct.DISCHARGE, **fields)

    assert watched.told == ["refused refused"]
    assert said in watched.last.entries[0].text
    assert watched.state.plan.ended_at is None


def test_a_second_discharge_is_refused_and_a_reading_after_one_is_shown_and_sends_for_nobody() -> (
    None
):
    watched = Watched()
    watched.does(5, ClinicianAct.DISCHARGE, reason="well")
    watched.does(6, ClinicianAct.DISCHARGE, reason="well")
    assert "the monitoring ended at" in watched.last.entries[0].text

    watched.says(7, spo2_pct=80)
    assert "person_not_at_home" in watched.told[0]
    watched.says(9, spo2_pct=80)
    watched.waits(300)

    assert watched.alert.confirmed_level is Level.RED
    assert watched.last.handed == ()
    assert watched.last.entries == ()


def test_who_has_died_is_not_said_to_be_discharged_only() -> None:
    watched = Watched()
    watched.does(5, ClinicianAct.DISCHARGE, reason="well")
    watched.does(6, ClinicianAct.STATUS, status=PersonStatus.DECEASED)

    assert watched.state.plan.status_at(minutes(7)) is PersonStatus.DECEASED


def test_a_new_plan_begins_the_monitoring_anew() -> None:
    watched = Watched()
    watched.does(5, ClinicianAct.DISCHARGE, reason="well")

    watched.plan(pathway=Pathway.COVID)

    assert watched.state.timers
    assert watched.state.plan.status_at(minutes(7)) is PersonStatus.HOME


def missing() -> Watched:
    """Somebody whose temperature has not come by 13:00, which has rung and nothing else has."""
    slot = Slot("temperature_c", ("10:00",), grace_min=180)
    watched = Watched(schedule=(slot,))
    watched.waits(360)
    assert watched.told[-1] == "notice_made rings"
    return watched


@pytest.mark.parametrize("acknowledged", [False, True])
def test_an_amber_reading_rings_beside_what_is_only_missing(*, acknowledged: bool) -> None:
    watched = missing()
    if acknowledged:
        watched.does(361, ClinicianAct.ACKNOWLEDGE)
    watched.says(365, heart_rate_bpm=112)
    watched.says(368, heart_rate_bpm=112)

    assert watched.told[-1] == "notice_made rings"
    assert watched.alert.acknowledged_at is None
    watched.says(369, heart_rate_bpm=113)
    assert watched.told == ["alarm_joined same_level, beyond_warning_high"]


def test_what_is_missing_rings_once_and_again_when_it_is_missing_anew() -> None:
    watched = missing()
    watched.says(361, heart_rate_bpm=112)
    watched.says(362, temperature_c=36.5)
    assert not watched.alert.rung_missing

    watched.says(363, heart_rate_bpm=80)
    watched.waits(360 + 1440)

    assert watched.told[-1] == "notice_made rings"


def test_what_is_missing_may_be_set_aside_and_a_reading_rings_all_the_same() -> None:
    watched = missing()
    watched.does(361, ClinicianAct.SNOOZE, parameter="missing:temperature_c", level=Level.AMBER)
    assert not watched.alert.rung_missing

    watched.says(365, heart_rate_bpm=112)
    watched.says(368, heart_rate_bpm=112)

    assert watched.told[-1] == "notice_made rings"


def test_an_unconfirmed_reading_returns_beside_what_is_missing_and_rings_when_confirmed() -> None:
    watched = missing()
    watched.does(361, ClinicianAct.ACKNOWLEDGE, until=minutes(370))
    watched.says(365, heart_rate_bpm=112)
    watched.waits(370)
    assert "alarm_untaken unresolved_returns" in watched.told

    watched.says(371, heart_rate_bpm=112)

    assert watched.told[-1] == "notice_made rings"


def test_an_alert_that_opens_and_closes_in_one_decision_is_told_of() -> None:
    slot = Slot("temperature_c", ("10:00",), grace_min=180)
    watched = Watched(schedule=(slot,))

    watched.says(400, temperature_c=36.5)

    assert watched.state.alert is None
    (closed,) = watched.last.closed
    assert (closed.alert.opened_at, closed.at) == (minutes(360), minutes(400))
    assert closed.alert.level is Level.AMBER
