"""Case studies 1 and 3: they begin with a clinician's referral, entered at the desk.

A clinician's referral carries that decision: it is not provisional and not screened again. Only a
face-to-face contact stops the clock, and only the first (CLINICAL 1.4, 2.4).
"""

from datetime import datetime

from gateway.demo.parts import Check, Finish, Meet, Refer, Serve, Stated, Step, Story, london


def _case_1(text: str) -> datetime:
    return london(f"2021-11-{text}")


def _case_3(text: str) -> datetime:
    return london(f"2022-01-{text}")


CASE_1 = Story(
    number=1,
    title="Mrs A has fallen",
    about="Mrs A has fallen, has back pain and cannot mobilise; recurrent falls, dementia, "
    "diabetes. Her GP telephones; the Locality Decision Unit passes the call to the UCR clinician.",
    source='"Urgent Community Response, Leicester, Leicestershire and Rutland", case study 1',
    stated=Stated(31, "referral"),
    notes=("The case study gives no date; 9 November 2021 is the demo's.",),
    steps=(
        Step(
            _case_1("09 14:14"), "GP",
            "telephones; the UCR clinician enters the referral, triaged as two-hour: "
            "the clock starts, no second screening",
            Refer(
                {
                    "service": "icrs", "source": "gp", "standard": "two_hour", "need": "fall",
                    "person": {
                        "name": "Mrs A (fictional)", "born": "1936-03-14",
                        "address": "2 Demonstration Street, Leicester", "postcode": "LE2 1AA",
                    },
                    "text": "Fall, back pain, unable to mobilise; recurrent falls, dementia, "
                    "diabetes",
                },
                {"provisional": False, "state": "received", "source": "gp"},
            ),
            stated=True,
        ),
        Step(
            _case_1("09 14:16"), "ICRS",
            "reads and accepts it",
            Serve("accept", expect={"state": "accepted", "provisional": False}),
        ),
        Step(
            _case_1("09 14:20"), "ICRS",
            "occupational therapist and carer set out",
            Serve("set_out", {"eta": "2021-11-09T14:45:00Z"}, {"state": "set_out"}),
        ),
        Step(
            _case_1("09 14:45:10"), "OT, carer",
            "are with her: crisis package of care, daily therapy, a bed within two hours, nursing",
            Serve(
                "face_to_face",
                {
                    "text": "Needs crisis package of care, therapy, urgent bed, nursing",
                    "tasks": ["equipment:urgent", "therapy"],
                },
                {"state": "attended", "contacts": 1},
            ),
            stated=True, clocks=True,
        ),
        Step(
            _case_1("09 16:20"), "equipment",
            "the bed is delivered, within the two hours",
            Finish("equipment"),
        ),
        Step(
            _case_1("09 18:47"), "nurse",
            "visits: education, liaison with the GP on diabetes; the stopped clock stays",
            Serve(
                "contact",
                {"mechanism": "face_to_face", "text": "Education; GP liaison on diabetes"},
                {"contacts": 2, "state": "attended"},
            ),
            stated=True, clocks=True,
        ),
        Step(
            _case_1("10 09:30"), "daily MDT",
            "her case is on the list of the next morning",
            Meet(),
        ),
        Step(
            _case_1("10 11:00"), "therapy",
            "the first of a week of daily sessions is held",
            Finish("therapy"),
        ),
        Step(
            _case_1("16 14:00"), "ICRS",
            "after a week: walks and transfers with a frame, needs no bed and no further care; "
            "admission avoided",
            Serve(
                "outcome",
                {"outcome": "remains_at_home", "text": "Admission avoided; no ongoing care needs"},
                {"state": "closed", "outcome": "remains_at_home"},
            ),
        ),
    ),
)  # fmt: skip

CASE_3 = Story(
    number=3,
    title="A painful wrist, three days after a fall",
    about="A patient with shoulder, arm and wrist pain and bruising, three days after a fall. The "
    "GP asks the Home Visiting Service, the Unscheduled Care Coordination hub triages at 13:30.",
    source='"Urgent Community Response, Leicester, Leicestershire and Rutland", case study 3',
    stated=Stated(75, "referral"),
    steps=(
        Step(
            _case_3("10 13:30"), "UCC hub",
            "triages: perhaps more care, video call for the wrist; refers to ICRS: "
            "the clock starts, no second screening",
            Refer(
                {
                    "service": "icrs", "source": "ucc_hub", "standard": "two_hour", "need": "fall",
                    "person": {
                        "name": "Patient Three (fictional)", "born": "1940-07-22",
                        "address": "3 Demonstration Street, Leicester", "postcode": "LE3 1AA",
                    },
                    "text": "Left shoulder and arm pain, bruising after a fall 3 days ago, wrist "
                    "pain; from the GP through the Home Visiting Service",
                },
                {"provisional": False, "state": "received", "source": "ucc_hub"},
            ),
            stated=True,
        ),
        Step(
            _case_3("10 13:36"), "ICRS",
            "accepts it and plans a carer's visit with a video call",
            Serve("accept", expect={"state": "accepted", "provisional": False}),
        ),
        Step(
            _case_3("10 14:10"), "therapist",
            "telephones to agree the video call: no visit, the clock runs on",
            Serve(
                "contact", {"mechanism": "telephone", "text": "Video call agreed for 15:00"},
                {"contacts": 1, "first_face_to_face_at": None},
            ),
        ),
        Step(
            _case_3("10 14:15"), "ICRS",
            "a carer sets out",
            Serve("set_out", {"eta": "2022-01-10T14:45:00Z"}, {"state": "set_out"}),
        ),
        Step(
            _case_3("10 14:45:10"), "carer",
            "is with the patient: the visit stops the clock",
            Serve("face_to_face", {"tasks": ["therapy"]}, {"state": "attended", "contacts": 2}),
            stated=True, clocks=True,
        ),
        Step(
            _case_3("10 15:00"), "physio",
            "sees the wrist by video, the carer helps: fracture ruled out, mobility and home "
            "assessed; video stops and moves no clock",
            Serve(
                "contact",
                {"mechanism": "video", "text": "Fracture ruled out; mobility and home assessed"},
                {"contacts": 3, "state": "attended"},
            ),
            stated=True, clocks=True,
        ),
        Step(
            _case_3("10 17:00"), "gateway",
            "keeps the case open: 72 hours of support, therapy still to come",
            Check(referral={"state": "attended", "closed_at": None}),
        ),
        Step(
            _case_3("11 09:30"), "daily MDT",
            "the case is on the list of the next morning",
            Meet(),
        ),
        Step(
            _case_3("11 11:00"), "therapy",
            "community therapy has begun",
            Finish("therapy"),
        ),
        Step(
            _case_3("13 14:00"), "ICRS",
            "no visit to the emergency department; ICRS and community therapy go on at home",
            Serve(
                "outcome",
                {"outcome": "remains_at_home", "text": "ED avoided; therapy goes on at home"},
                {"state": "closed", "outcome": "remains_at_home"},
            ),
        ),
    ),
)  # fmt: skip
