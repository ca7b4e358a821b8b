"""Stories of the vitals half: what they may say, and what cannot be read."""

from typing import Any

import pytest

from alerts.story import StoryError, run_story, vocabulary
from tests.alerts.houses import rules

DAY = "2021-02-02T"


def told(*events: dict[str, Any], **person: Any) -> dict[str, Any]:
    wards = person.pop("wards", [])
    return {
        "start": f"{DAY}06:50:00Z",
        "until": f"{DAY}08:00:00Z",
        "persons": [{"id": "wc", **person}],
        "devices": [{"id": "17", "person": "wc"}, {"id": "18", "place": "flat"}],
        "wards": wards,
        "events": list(events),
    }


def reading(minute: int, ident: str = "1", device: str = "17", **vitals: Any) -> dict[str, Any]:
    signal = {"id": ident, "vitals": vitals}
    return {"at": f"{DAY}07:{minute:02}:00Z", "device": device, "signal": signal}


def nurse(minute: int, do: str, **fields: Any) -> dict[str, Any]:
    return {"at": f"{DAY}07:{minute:02}:00Z", "clinician": "nurse", "do": do, **fields}


def operator(minute: int, do: str, **fields: Any) -> dict[str, Any]:
    return {"at": f"{DAY}07:{minute:02}:00Z", "operator": "op1", "do": do, **fields}


def whats(story: dict[str, Any]) -> list[str]:
    return [
        f"{one['what']} {one['reasons'][0]['reason']}"
        for one in run_story(story, rules())["decisions"]
    ]


@pytest.mark.parametrize(
    ("story", "message"),
    [
        (told(ward="w9"), "wc: ward 'w9' is not in the story"),
        (told(limits={"mood": {}}), "wc: limits: Invalid enum value 'mood'"),
        (told(limits=[{"author": "a"}]), "wc: limits: Object missing required field"),
        (told(pathway="asthma"), "Invalid enum value 'asthma'"),
        (told(nurse(1, "dance")), "Invalid enum value 'dance'"),
        (told(nurse(1, "note", person="xy")), "person 'xy' is not in the story"),
        (told(reading(1, spo2_pct="x") | {"signal": {"id": "1", "source": "rumour"}}), "rumour"),
    ],
)
def test_what_cannot_be_read_says_what_was_found(story: dict[str, Any], message: str) -> None:
    with pytest.raises(StoryError, match=message):
        run_story(story, rules())


def test_a_ward_may_say_more_than_we_know() -> None:
    story = told(reading(1, spo2_pct=97), ward="w1", wards=[{"id": "w1", "colour": "blue"}])

    assert whats(story) == ["nothing changes_nothing"]


def test_readings_of_a_place_or_of_nobody_go_to_no_ward() -> None:
    story = told(reading(1, device="18", spo2_pct=80), reading(2, device="99", spo2_pct=80))

    assert whats(story) == ["nothing reading_dispatches_nobody"] * 2


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (operator(3, "take", alarm="a1"), "countdown_started acknowledge"),
        (operator(3, "note", alarm="a1", text="x"), "nothing note"),
        (operator(3, "close", alarm="a1", reason="known"), "alarm_closed close"),
        (operator(3, "decide", alarm="a1", disposition="close", reason="k"), "alarm_closed close"),
        (operator(3, "up", alarm="a1"), "refused refused"),
    ],
)
def test_an_operators_act_on_an_alert_of_the_ward_means_the_same_there(
    act: dict[str, Any], reason: str
) -> None:
    assert reason in whats(told(reading(1, spo2_pct=90), act))


def test_an_operator_may_decide_999_or_the_crisis_team_for_an_alert_of_the_ward() -> None:
    for disposition, crisis in (("ucr", "clinician_confirmed"), ("999_task", "emergency")):
        act = operator(3, "decide", alarm="a1", disposition=disposition)
        assert f"alarm_raised {crisis}" in whats(told(reading(1, spo2_pct=90), act))


def test_a_status_that_a_clinician_sets_holds_for_both_halves() -> None:
    story = told(
        nurse(1, "status", status="in_hospital", person="wc"),
        {"at": f"{DAY}07:02:00Z", "device": "17", "signal": {"id": "1", "activation": "pendant"}},
        plan={"press": "at_once"},
    )

    outcome = run_story(story, rules())

    assert outcome["referrals"] == []


def test_the_second_alert_of_a_person_is_another_alarm() -> None:
    story = told(
        reading(1, "1", spo2_pct=90),
        reading(3, "2", spo2_pct=98),
        reading(5, "3", spo2_pct=90),
        nurse(6, "acknowledge", alarm="a2"),
        nurse(7, "acknowledge", alarm="a1"),
    )

    outcome = run_story(story, rules())

    states = [(alarm["id"], alarm["state"]) for alarm in outcome["alarms"]]
    assert states == [("a1", "closed"), ("a2", "taken")]
    assert any(one["what"] == "refused" for one in outcome["decisions"])


def test_the_vocabulary_has_the_words_of_the_ward() -> None:
    words = vocabulary()

    assert words["clinician_do"][:3] == ["acknowledge", "review", "snooze"]
    assert words["level"] == ["amber", "red"]
