"""Questionnaires, answered in agreement with how the person feels.

An answer's value: 0 none to 4 as bad as can be, unless its name says otherwise. The eight items of
the COPD Assessment Test are 0 to 5. Question names are ours; whoever scores them maps them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from firmware_stubs.patients.body import Body
from firmware_stubs.patients.streams import Stream, within
from firmware_stubs.patients.words import EpisodeKind, Value

MOST = 4
MOST_CAT = 5
CAT_ITEMS = (
    "cat_cough",
    "cat_phlegm",
    "cat_chest_tightness",
    "cat_breathlessness",
    "cat_activities",
    "cat_confidence",
    "cat_sleep",
    "cat_energy",
)
CAT_EVERY_D = 30
CAT_AT_ONE = 0.6
"""How much one severity adds to one item: 4.8 over eight of them."""
COLOURS = ("clear", "white", "yellow", "green")

_K = EpisodeKind
_LUNGS = frozenset(
    {_K.COPD_EXACERBATION, _K.CHEST_INFECTION, _K.COVID_DECLINE, _K.HF_DECOMPENSATION}
)
_SPUTUM = frozenset({_K.COPD_EXACERBATION, _K.CHEST_INFECTION})
_FLUID = frozenset({_K.HF_DECOMPENSATION})
_DIZZY = frozenset({_K.FLUID_LOSS, _K.FAST_FIBRILLATION, _K.URINE_INFECTION})
_ANY = frozenset(EpisodeKind)


@dataclass(frozen=True, slots=True)
class Question:
    """A question: what moves it, by how much at one severity, and where it rests."""

    moved_by: frozenset[EpisodeKind]
    by: float
    rest: float = 0.3


SHEETS: Mapping[str, Mapping[str, Question]] = {
    "copd_diary": {
        "wellbeing": Question(_ANY, 1.6, 0.6),
        "breathlessness": Question(_LUNGS, 1.9, 0.9),
        "cough": Question(_LUNGS, 1.6, 0.8),
        "sputum_amount": Question(_SPUTUM, 1.7, 0.6),
        "sputum_colour": Question(_SPUTUM, 1.8, 0.4),
        "chest_tightness": Question(_LUNGS, 1.3, 0.4),
    },
    "hf_symptoms": {
        "breathlessness": Question(_LUNGS, 1.8, 0.7),
        "breathlessness_lying": Question(_FLUID, 1.6, 0.3),
        "ankle_swelling": Question(_FLUID, 1.6, 0.5),
        "tiredness": Question(_ANY, 1.4, 0.9),
        "dizziness": Question(_DIZZY, 1.7, 0.3),
    },
    "covid_symptoms": {
        "breathlessness": Question(_LUNGS, 1.1, 0.4),
        "cough": Question(_ANY, 1.5, 0.6),
        "feeling_worse": Question(_ANY, 1.5, 0.3),
    },
    "frailty_check": {
        "not_eating": Question(_ANY, 1.6, 0.4),
        "weaker": Question(_ANY, 1.7, 0.5),
        "drowsy": Question(_ANY, 1.2, 0.2),
    },
    "rehabilitation_week": {
        "wellbeing": Question(_ANY, 1.6, 0.5),
        "breathlessness": Question(_LUNGS, 1.7, 0.4),
        "tiredness": Question(_ANY, 1.4, 0.7),
    },
}


def answer(sheet: str, body: Body, day: float, burden: float, stream: Stream) -> dict[str, Value]:
    """Answer a sheet.

    Args:
        sheet: A name of SHEETS.
        body: Whose.
        day: When, since the ward's start.
        burden: How the person answers on an ordinary day: 1 is the middle.
        stream: The chance of this answering.
    """
    found: dict[str, Value] = {}
    for name, question in SHEETS[sheet].items():
        felt = 0.0
        for course in body.courses:
            if course.onset_d < day < course.end_d and course.kind in question.moved_by:
                felt = max(felt, course.felt(day))
        level = question.rest * burden + question.by * felt + 0.35 * stream.bell()
        grade = round(within(level, 0, MOST))
        found[name] = COLOURS[min(grade, 3)] if name == "sputum_colour" else grade
    if sheet == "frailty_check":
        found["new_confusion"] = body.consciousness(day) != "A"
    return found


def answer_cat(body: Body, day: float, burden: float, stream: Stream) -> dict[str, Value]:
    """Answer the COPD Assessment Test: eight items of 0 to 5, about 19 in all on a usual day."""
    felt = body.felt(day)
    return {
        name: round(within(2.4 * burden + CAT_AT_ONE * felt + 0.7 * stream.bell(), 0, MOST_CAT))
        for name in CAT_ITEMS
    }
