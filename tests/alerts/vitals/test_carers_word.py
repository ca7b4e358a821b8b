"""New confusion by a carer's word: it goes the way of consciousness C, at once."""

from typing import Any

from alerts.vital_words import Crisis, Pathway, ReadingSource
from alerts.vitals.inputs import Answered, Reading
from alerts.vitals.state import COGNITION
from devices.model import Flag, VitalCode
from tests.alerts.vitals.wards import Watched, minutes


def carer(watched: Watched, minute: float, *given: Reading, **said: Any) -> list[Crisis]:
    answered = Answered(said, minutes(minute), ReadingSource.CARER)
    return [one.crisis for one in watched.report(minute, *given, answered=(answered,)).handed]


def test_a_carers_check_that_says_new_confusion_goes_the_way_of_consciousness_c() -> None:
    watched = Watched(pathway=Pathway.FRAILTY)

    assert carer(watched, 1, new_confusion=True) == [Crisis.NEW_CONFUSION]

    finding = watched.alert.finding(COGNITION)
    assert finding is not None
    inputs = finding.reasons[0].inputs
    assert (inputs["question"], inputs["given_by"]) == ("new_confusion", "carer")
    assert watched.state.newest[VitalCode.CONSCIOUSNESS].source is ReadingSource.CARER
    assert carer(watched, 2, new_confusion=True) == []


def test_a_carers_no_and_an_answer_from_memory_say_nothing_about_confusion() -> None:
    watched = Watched(pathway=Pathway.FRAILTY)
    assert carer(watched, 1, new_confusion=False) == []

    stale = Answered({"new_confusion": True}, minutes(2), flags=frozenset({Flag.FROM_MEMORY}))
    watched.report(2, answered=(stale,))

    assert watched.state.alert is None
    assert VitalCode.CONSCIOUSNESS not in watched.state.newest


def test_who_is_usually_confused_may_be_newly_so_by_a_carers_word() -> None:
    """The question is whether it is new or worse; the same letter read off says nothing new."""
    watched = Watched(pathway=Pathway.FRAILTY, baseline_cognition="C")
    usual = Reading(VitalCode.CONSCIOUSNESS, "C", minutes(1))

    assert carer(watched, 1, usual, new_confusion=True) == [Crisis.NEW_CONFUSION]


def test_a_carers_word_never_takes_the_place_of_a_graver_reading() -> None:
    watched = Watched(pathway=Pathway.FRAILTY)
    voice = Reading(VitalCode.CONSCIOUSNESS, "V", minutes(1))

    assert carer(watched, 1, voice, new_confusion=True) == [Crisis.NOT_ALERT]
    assert watched.state.newest[VitalCode.CONSCIOUSNESS].value == "V"


def test_new_confusion_with_a_score_of_5_is_told_once_though_the_score_falls() -> None:
    watched = Watched(pathway=Pathway.FRAILTY)
    beats = Reading(VitalCode.HEART_RATE, 115, minutes(1))
    carer(watched, 1, beats, new_confusion=True)
    assert watched.last.handed[0].at_least == 5

    watched.says(70, heart_rate_bpm=70, consciousness="C")
    watched.says(72, heart_rate_bpm=72, consciousness="C")

    assert watched.last.handed == ()
