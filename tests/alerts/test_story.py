"""Stories of `lifeline decide`: the example of the interface, and what cannot be read."""

import json
from typing import Any

import pytest

from alerts.story import StoryError, run_story, vocabulary
from alerts.words import What
from tests.alerts.houses import rules

EXAMPLE = """
{"story":"case-2","start":"2021-02-02T06:50:00Z","until":"2021-02-02T08:00:00Z","rules":"shipped",
 "services":[{"id":"icrs","kind":"UCR","timezone":"Europe/London","hours":"24/7",
              "catchment":["LE"],"capacity":5,"criteria":"llr-icrs"}],
 "persons":[{"id":"wc","born":"1951-05-01","postcode":"LE1 1AA","conditions":[],
             "plan":{"press":"at_once"},"contacts":[],"spo2_scale":1,"limits":{}}],
 "devices":[{"id":"17","person":"wc","interval_s":3600}],
 "events":[
  {"at":"2021-02-02T06:56:00Z","device":"17","signal":{"id":"1-1","activation":"pendant"}},
  {"at":"2021-02-02T06:58:00Z","service":"icrs","do":"accept","referral":"r1"},
  {"at":"2021-02-02T07:40:00Z","service":"icrs","do":"face_to_face","referral":"r1"}]}
"""


def example(**changes: Any) -> dict[str, Any]:
    return {**json.loads(EXAMPLE), **changes}


def test_the_example_of_the_interface_takes_44_minutes_from_press_to_arrival() -> None:
    outcome = run_story(example(), rules())

    referral = outcome["referrals"][0]
    assert referral["minutes_press_to_arrival"] == 44
    assert referral["minutes_elapsed"] == 42
    assert referral["standard_met"] is True
    assert referral["id"] == "r1"
    assert referral["alarm"] == "a1"
    assert json.loads(json.dumps(outcome)) == outcome


def test_the_same_story_twice_comes_out_the_same() -> None:
    assert run_story(example(), rules()) == run_story(example(), rules())


def test_a_story_without_services_has_the_shipped_ones() -> None:
    told = example()
    del told["services"]

    assert run_story(told, rules())["referrals"][0]["service"] == "icrs"


def test_events_apply_in_order_of_time_whatever_their_order_in_the_list() -> None:
    told = example()
    told["events"].reverse()

    assert run_story(told, rules()) == run_story(example(), rules())


def test_times_may_have_any_offset() -> None:
    told = example(start="2021-02-02T07:50:00+01:00")

    assert run_story(told, rules()) == run_story(example(), rules())


def test_until_is_the_last_event_when_it_is_not_named() -> None:
    told = example()
    del told["until"]

    assert run_story(told, rules())["decisions"][-1]["at"] == "2021-02-02T07:40:00Z"


def test_every_word_of_the_vocabulary_is_printed() -> None:
    words = vocabulary()

    assert words["what"] == [what.value for what in What]
    assert "after_untaken" not in words["what"]
    assert all(len(set(one)) == len(one) > 1 for one in words.values())


PRESS = {"at": "2021-02-02T06:56:00Z", "device": "17", "signal": {"id": "1"}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": "yesterday"}, "Invalid RFC3339"),
        ({"start": "2021-02-02T06:50:00"}, "has no zone"),
        ({"start": "2021-02-02T07:00:00Z"}, "before start"),
        ({"until": "2021-02-02T07:00:00Z"}, "before the event at"),
        ({"rules": "mine"}, "rules 'mine', expected 'shipped'"),
        ({"persons": [], "devices": [], "events": []}, "expected at least one"),
        ({"events": [{"at": "2021-02-02T07:00:00Z"}]}, "names nobody"),
        ({"events": [{**PRESS, "operator": "op1"}]}, "expected one of device"),
        ({"events": [{**PRESS, "signal": None}]}, "needs `signal`"),
        ({"events": [{**PRESS, "signal": {}}]}, "missing required field `id`"),
        ({"events": [{**PRESS, "signal": {"id": "1", "activation": "dance"}}]}, "'dance'"),
        ({"events": [{**PRESS, "signal": {"id": "1", "status": {"tamper": 3}}}]}, "tamper 3"),
        ({"services": [{"id": "x", "hours": "mornings"}]}, "hours 'mornings'"),
        ({"devices": [{"id": "17", "person": "nobody"}]}, "person 'nobody' is not in the story"),
        ({"devices": [{"id": "17", "interval_s": 0}]}, "interval_s 0, expected above 0"),
        ({"persons": [{"id": "wc", "plan": {"dance": "at_once"}}]}, "plan for 'dance'"),
        ({"persons": [{"id": "wc", "plan": {"press": "soon"}}]}, "plan 'soon'"),
        (
            {"persons": [{"id": "wc", "plan": {"press": {"after_untaken_s": 0}}}]},
            "expected at_once",
        ),
        ({"persons": [{"id": "wc", "plan": {"press": {"after_untaken_s": "x"}}}]}, "Expected `int"),
    ],
)
def test_what_cannot_be_read_is_said(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(StoryError, match=message):
        run_story(example(**changes), rules())


def event(**fields: Any) -> dict[str, Any]:
    return {"at": "2021-02-02T06:57:00Z", **fields}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (event(operator="op1", do="dance", alarm="a1"), "Invalid enum value 'dance'"),
        (event(service="icrs", do="receive", referral="x", person="nobody"), "'nobody' not known"),
        (event(service="icrs", do="receive", referral="x"), "person None not known"),
    ],
)
def test_an_event_that_cannot_be_read_is_said(said: dict[str, Any], message: str) -> None:
    with pytest.raises(StoryError, match=message):
        run_story(example(events=[said]), rules())


def test_an_unknown_alarm_without_anybody_in_the_story_is_said() -> None:
    told = example(persons=[], devices=[], events=[event(operator="op1", do="take", alarm="a1")])

    with pytest.raises(StoryError, match="alarm or referral is not known"):
        run_story(told, rules())


def test_too_much_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.story_input.MAX_EVENTS", 2)
    with pytest.raises(StoryError, match="3 events, expected at most 2"):
        run_story(example(), rules())
    monkeypatch.setattr("alerts.story_input.MAX_EVENTS", 3)
    monkeypatch.setattr("alerts.story_input.MAX_SUBJECTS", 1)
    with pytest.raises(StoryError, match="more than 1 persons and devices"):
        run_story(example(), rules())


def test_a_receive_that_is_refused_leaves_no_name_behind() -> None:
    said = event(service="nowhere", do="receive", referral="x", person="wc")
    outcome = run_story(example(events=[said]), rules())

    assert outcome["decisions"][-1]["what"] == "refused"
    assert outcome["referrals"] == []


def test_an_operator_may_name_the_service_of_a_decision() -> None:
    told = example(
        events=[
            {"at": "2021-02-02T06:56:00Z", "device": "17",
             "signal": {"id": "1", "activation": "pendant", "flags": ["retained"]}},
            event(operator="op1", do="decide", alarm="a1", disposition="ucr", service="icrs"),
            event(operator="op1", do="decide", alarm="a1", disposition="close", reason="accident"),
        ]
    )  # fmt: skip
    outcome = run_story(told, rules())

    assert outcome["referrals"][0]["provisional"] is False
    assert outcome["alarms"][0]["close_reason"] is None
    refused = [one for one in outcome["decisions"] if one["what"] == "refused"]
    assert [one["reasons"][0]["reason"] for one in refused] == ["second_person_must_confirm"]


def test_a_refusal_names_a_referral_as_the_story_does() -> None:
    told = example()
    told["events"][1]["service"] = "elsewhere"

    refused = run_story(told, rules())["decisions"]

    texts = [said["text"] for said in refused if said["what"] == "refused"]
    assert texts == ["referral r1 is with icrs, not elsewhere"]
