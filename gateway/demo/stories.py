"""Case study 2: a press of a lifeline at 06:56, and all three by number (CLINICAL 1.4).

Times and findings marked `stated` come from the slide deck "Urgent Community Response, Leicester,
Leicestershire and Rutland"; the moments between them are the demo's own. The person is fictional.
"""

from datetime import datetime

from gateway.demo.by_phone import CASE_1, CASE_3
from gateway.demo.parts import (
    Check,
    Finish,
    Meet,
    Operate,
    Press,
    Serve,
    Stated,
    Step,
    Story,
    london,
)

PENDANT = "17"


def _at(text: str) -> datetime:
    return london(f"2021-02-{text}")


WC = {
    "id": "wc",
    "name": "WC (fictional)",
    "born": "1951-05-01",
    "address": "1 Demonstration Street, Leicester",
    "postcode": "LE1 1AA",
    "phone_home": "0116 496 0001",
    "phone_mobile": "07700 900001",
    "conditions": ["long-term injuries after a road accident"],
    "plan": {"press": "at_once"},
}

FIRST_HOUR = (
    Step(
        _at("02 06:56"), "WC",
        "presses her lifeline: moving has become a struggle",
        Press(), stated=True,
    ),
    Step(
        _at("02 06:56"), "gateway",
        "opened an alarm; her plan says at once, so ICRS has a provisional referral: "
        "nobody has spoken to her yet",
        Check(
            alarm={"kind": "help", "state": "open", "what": "pendant", "spoke_at": None},
            referral={"state": "received", "provisional": True, "service": "icrs"},
            explained=True,
        ),
    ),
    Step(
        _at("02 06:56:08"), "operator",
        "takes the alarm",
        Operate({"do": "take"}, {"state": "taken"}, told="a person has it"),
    ),
    Step(
        _at("02 06:56:21"), "operator",
        "speaks with her: awake, in pain, cannot get up safely, leg red",
        Operate({"do": "spoke"}, {"state": "taken"}),
    ),
    Step(
        _at("02 06:56:48"), "operator",
        "judges: would otherwise go to A&E or be admitted; confirms the referral",
        Operate(
            {"do": "decide", "disposition": "ucr", "service": "icrs", "need": "reduced_mobility"},
            {"disposition": "ucr"},
        ),
    ),
    Step(
        _at("02 06:57:10"), "ICRS",
        "reads the referral: a human has seen it",
        Serve("seen", expect={"provisional": False}),
    ),
    Step(
        _at("02 06:58"), "ICRS",
        "accepts it, triaged as a two-hour response",
        Serve(
            "accept", {"standard": "two_hour"}, {"state": "accepted", "standard": "two_hour"}
        ),
    ),
    Step(
        _at("02 07:04"), "ICRS",
        "sets out, expects to arrive at 07:40",
        Serve(
            "set_out", {"eta": "2021-02-02T07:40:00Z"}, {"state": "set_out"},
            told="team expected 07:40",
        ),
    ),
    Step(
        _at("02 07:40:10"), "ICRS",
        "is with her: mobility worse, cannot transfer, red swollen leg, no equipment, fears "
        "admission; asks for equipment, therapy and social care",
        Serve(
            "face_to_face",
            {
                "text": "Mobility worse, unable to transfer; red swollen leg; no equipment at "
                "home; fearful of admission to hospital",
                "tasks": ["equipment", "therapy", "social_care"],
            },
            {"state": "attended", "contacts": 1},
        ),
        stated=True, clocks=True,
    ),
    Step(
        _at("02 07:52"), "gateway",
        "has closed nothing by itself: the alarm is still the operator's",
        Check(alarm={"state": "taken", "closed_at": None}),
    ),
    Step(
        _at("02 07:52:20"), "operator",
        "closes the alarm with a coded reason: resolved by the responder",
        Operate({"do": "close", "reason": "resolved_by_responder"}, {"state": "closed"}),
    ),
)  # fmt: skip

AFTER = (
    Step(
        _at("02 10:00"), "daily MDT",
        "her case is on the list of 2 February",
        Meet(),
    ),
    Step(
        _at("02 11:20"), "GP",
        "same day: antibiotics for cellulitis, review in a week",
        Serve(
            "contact",
            {"mechanism": "telephone", "text": "GP: antibiotics for cellulitis, 1 week review"},
            {"contacts": 2, "state": "attended"},
        ),
    ),
    Step(
        _at("02 14:00"), "nurse",
        "visits: observations, dressings to the leg; the stopped clock stays",
        Serve(
            "contact",
            {"mechanism": "face_to_face", "text": "Observations; dressings to leg applied"},
            {"contacts": 3, "state": "attended"},
        ),
        clocks=True,
    ),
    Step(
        _at("02 15:30"), "therapy",
        "occupational therapist and physiotherapist have assessed her",
        Finish("therapy"),
    ),
    Step(
        _at("02 16:15"), "social care",
        "has assessed her: three calls a day, review in three months",
        Finish("social_care"),
    ),
    Step(
        _at("03 07:05"), "equipment",
        "is delivered, within the 24 hours",
        Finish("equipment"),
    ),
    Step(
        _at("05 07:30"), "ICRS",
        "ends its 72 hours: she remains at home, admission avoided, not conveyed; therapy for "
        "three weeks, locality team goes on",
        Serve(
            "outcome",
            {
                "outcome": "remains_at_home",
                "text": "Admission avoided; not conveyed; therapy 3 weeks; locality team",
            },
            {"state": "closed", "outcome": "remains_at_home"},
        ),
    ),
)  # fmt: skip

CASE_2 = Story(
    number=2,
    title="WC presses her lifeline",
    about="WC, 69, lives alone and independently after long-term injuries. Her lifeline is "
    "answered by the crisis service itself (ICRS, open 24/7), so her plan is: refer at once.",
    source='"Urgent Community Response, Leicester, Leicestershire and Rutland", case study 2',
    stated=Stated(44, "press"),
    steps=FIRST_HOUR + AFTER,
    person=WC,
    figures=True,
)

STORIES = {story.number: story for story in (CASE_1, CASE_2, CASE_3)}
