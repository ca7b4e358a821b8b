"""What the clinical review of DECIDING 1 to 4 asked for and a story cannot say."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from alerts.events import TaskDone
from alerts.facts import Plan
from alerts.story import StoryError, run_story
from alerts.vocabulary import vocabulary
from alerts.words import CallTarget, Disposition, TaskKind, TaskState, What
from devices.model import Answers
from tests.alerts.houses import AT_ONCE, BY_OPERATOR, House, facts, person, rules

WHY = "the daughter drives her to hospital"


def called() -> House:
    """A house whose operator has called 999."""
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0)
    house.operator(10, "call", to=CallTarget.EMERGENCY_999, incident="4711", eta=house.at(600))
    return house


# -- the 999 task: what ambulance control said, called again, stood down -------------------------


def test_a_call_to_999_keeps_incident_and_eta_in_its_reason() -> None:
    house = called()

    inputs = house.last.entries[-1].reasons[0].inputs
    assert (inputs["incident"], inputs["eta"]) == ("4711", house.at(600))


def test_an_eta_that_has_passed_already_counts_as_none() -> None:
    house = called()
    house.operator(700, "call", to=CallTarget.EMERGENCY_999, eta=house.at(650))

    due = [t.due_at for t in house.case.timers if t.kind == "recall_999"]
    assert due == [house.at(700) + timedelta(minutes=15)]


def test_an_ambulance_is_stood_down_by_a_person_who_says_why_and_no_call_is_repeated() -> None:
    house = called()
    task = house.task(TaskKind.EMERGENCY_999)
    for text in ("", "  "):
        house.tell(20, TaskDone(house.at(20), "op1", task.id, text))
        assert "a text that says why" in house.refusal()
    house.tell(30, TaskDone(house.at(30), "op1", task.id, WHY))

    assert house.reasons() == ["stood_down"]
    assert house.task(TaskKind.EMERGENCY_999).state is TaskState.DONE
    house.due(7200)
    assert "recall_999" not in house.reasons()


def test_a_999_task_that_nobody_claimed_cannot_be_stood_down() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0)
    house.operator(10, "decide", disposition=Disposition.EMERGENCY_999)
    task = house.task(TaskKind.EMERGENCY_999)
    house.tell(20, TaskDone(house.at(20), "op1", task.id, WHY))

    assert "call to 999 claims it" in house.refusal()


# -- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "said", "word"),
    [
        ("confusion.news2", 5, "5_or_more"),
        ("confusion.news2", "4.9", "under_5"),
        ("confusion.news2", -1, "-1"),
        ("confusion.news2", "nan", "nan"),
        ("confusion.news2", "unknown", "unknown"),
        ("confusion.glucose", 3.99, "low"),
        ("confusion.glucose", 15, "high"),
        ("general.breathing", True, "yes"),
        ("general.breathing", False, "no"),
        ("general.breathing", 7, "7"),
        ("what day is it?", "monday", "monday"),
    ],
)
def test_a_number_is_the_word_of_its_band(question: str, said: object, word: str) -> None:
    assert rules().scripts.word_for(question, said) == word


def test_a_number_outside_every_band_is_refused_with_the_words() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0)
    house.operator(10, "answer", question="confusion.news2", answer="-1")

    assert "expected 5_or_more, under_5, unknown" in house.refusal()


def test_who_answered_on_a_device_is_kept_as_the_device() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0)
    house.signal(10, Answers("17", {"confusion.news2": 6, "note": None}))

    assert house.alarm.given_by == {"confusion.news2": "device"}
    assert house.alarm.disposition is Disposition.EMERGENCY_999
    assert house.alarm.taken_by is None


def test_answers_of_a_sender_that_proves_nothing_are_graded_by_nobody() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0)
    house.signal(10, Answers("17", {"confusion.news2": 6}), known=False)

    assert house.reasons() == ["reading_dispatches_nobody"]


# -- calls of their own ---------------------------------------------------------------------------


def test_an_alarm_stored_before_its_calls_were_kept_goes_by_what_it_is_about() -> None:
    plans = {"press": Plan(after_untaken_s=90)}
    for what, countdown in (("pendant", True), ("inactivity", False)):
        house = House(facts(person(plan=plans)))
        house.hear(0, what)
        house.case = replace(house.case, alarms=(replace(house.alarm, calls=None),))
        house.operator(10, "take")
        house.operator(20, "release", reason="other call")

        assert (What.COUNTDOWN_STARTED in house.whats()) is countdown, what


def test_a_proven_press_on_an_unknown_call_that_somebody_works_on_is_referred_at_once() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0, flags=("unauthenticated",))
    house.operator(5, "take")
    house.hear(10)

    assert What.REFERRAL_MADE in house.whats()


def test_a_proven_fall_on_an_unknown_call_waits_for_the_voice_all_the_same() -> None:
    house = House(facts(person(plan={"fall": Plan(at_once=True)})))
    house.hear(0, flags=("unauthenticated",))
    house.hear(10, "fall")

    assert house.case.referrals == ()
    assert "held_until_voice_or_999" in house.reasons()


def test_a_stored_state_of_a_graver_kind_waits_for_the_voice_too() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0, "medication_missed")
    house.hear(10, "button", flags=("cached",))
    house.due(70)

    assert "no_voice" in house.reasons()


# -- explanations ---------------------------------------------------------------------------------


def test_every_step_of_a_signal_names_device_and_message() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0, "fall", key="17-0043")
    opened = house.last.entries[0].reasons[0].inputs
    house.hear(5, key="17-0044")
    joined = house.last.entries[0].reasons[0].inputs
    house.hear(6, "cancel", of="17-0043")
    taken_back = house.last.entries[0].reasons[0].inputs
    house.hear(7, phase="end", key="17-0046")
    ended = house.last.entries[0].reasons[0].inputs

    assert (opened["device"], opened["message"]) == ("17", "17-0043")
    assert (joined["device"], joined["message"]) == ("17", "17-0044")
    assert taken_back["of"] == "17/17-0043"
    assert (ended["device"], ended["message"]) == ("17", "17-0046")


def test_a_message_without_an_id_of_its_own_is_named_by_its_receipt() -> None:
    house = House()
    house.signal(0, None, receipt="r-1", fault="corrupt", press_shaped=True)

    inputs = house.last.entries[0].reasons[0].inputs
    assert (inputs["device"], inputs["message"]) == ("17", "r-1")


# -- a withdrawal on its way (ADR 0010) -----------------------------------------------------------


def test_a_request_after_a_withdrawal_says_which_one_it_comes_after() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    first = house.referral
    request = next(m for m in house.last.outgoing if m.what == "referral_request")
    assert request.body["instead_of"] is None
    house.operator(5, "spoke")
    house.operator(10, "withdraw", reason="neighbour is there")
    withdrawal = next(m for m in house.last.outgoing if m.what == "referral_withdrawal")
    house.operator(20, "decide", disposition=Disposition.UCR)
    second = next(m for m in house.last.outgoing if m.what == "referral_request")

    assert withdrawal.referral == withdrawal.stream == first.id
    assert second.body["instead_of"] == first.id
    assert second.referral == second.stream == house.referral.id != first.id


# -- lifeline decide (INTERFACES 4 and 7) ---------------------------------------------------------


def story(**fields: Any) -> dict[str, Any]:
    known = {"start": "2021-02-02T06:50:00Z", "persons": [{"id": "wc"}], "events": []}
    return {**known, **fields}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"persons": [{"id": "wc", "status": "hom"}]}, "expected home, away, in_hospital"),
        ({"persons": [{"id": "wc"}, {"id": "wc"}]}, "person wc stands there twice"),
        ({"services": [{"id": "a"}, {"id": "a"}]}, "service a stands there twice"),
        ({"devices": [{"id": "17"}, {"id": "17"}]}, "device 17 stands there twice"),
        ({"persons": [{"id": 7}]}, "Expected `str`, got `int` - at `$.persons[0].id`"),
        (
            {"events": [{"at": "2021-02-02T06:56:00Z", "operator": "o", "do": "tak"}]},
            "06:56:00+00:00: Invalid enum value 'tak' - at `$.do`, expected take, release",
        ),
        (
            {"events": [{"at": "2021-02-02T06:56:00Z", "device": "9",
                         "signal": {"id": "1", "activation": "pendnt"}}]},
            "expected pendant, pull_cord",
        ),
        (
            {"events": [{"at": "2021-02-02T06:56:00Z", "device": "9",
                         "signal": {"id": "1", "flags": ["stale"]}}]},
            "expected retained, cached",
        ),
        (
            {"events": [{"at": "2021-02-02T06:56:00Z", "service": "icrs", "do": "receive",
                         "referral": "x", "person": "ab"}]},
            "person 'ab' not known, expected one of the story's: wc",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_what_where_and_what_was_expected(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(StoryError) as refused:
        run_story(story(**fields), rules())
    assert message in str(refused.value)


def test_events_out_of_order_are_played_in_the_order_of_their_time() -> None:
    events = [
        {"at": "2021-02-02T06:56:10Z", "operator": "op1", "do": "take", "alarm": "a1"},
        {"at": "2021-02-02T06:56:00Z", "device": "17", "signal": {"id": "1",
                                                                  "activation": "pendant"}},
    ]  # fmt: skip
    told = story(devices=[{"id": "17", "person": "wc"}], events=events)
    straight = {**told, "events": events[::-1]}

    assert run_story(told, rules()) == run_story(straight, rules())
    assert run_story(told, rules())["alarms"][0]["state"] == "taken"


def test_the_vocabulary_names_who_gives_answers_and_the_plans_kinds() -> None:
    lists = vocabulary(rules())

    assert lists["given_by"] == ["patient", "carer", "staff"]
    assert lists["plan"] == ["press", "fall", "deterioration"]
