"""One example of each record, as the OpenAPI document shows it; case study 2 with ids made up."""

from typing import Any

Json = dict[str, Any]

ALARM = "0b5a2f0e-6a0e-5a39-8d5c-2f8f9a1c7d10"
REFERRAL = "5f1d7c2a-93b7-5c1e-a1c4-7f20be6d3a55"
PERSON = "9a4f6f3b-1f0b-5f7e-9a53-1f2a7c11e0d4"
TASK = "c2d0a7b4-5b2e-5b0f-8f0e-3a1f9d7c6e21"
PRESSED, VISITED = "2021-02-02T06:56:00Z", "2021-02-02T07:40:00Z"
NO_STAMPS: dict[str, Any] = dict.fromkeys(
    ("spoke_at", "rejected_at", "closed_at", "withdrawn_at", "breached_at", "outcome", "need")
)

ALARM_VIEW: Json = {
    "id": ALARM,
    "kind": "help",
    "state": "taken",
    "priority": 2,
    "what": "pendant",
    "alarm_at": PRESSED,
    "pressed_at": PRESSED,
    "device": "17",
    "signals": 1,
    "rings": 1,
    "taken_by": "operator-1",
    "taken_at": "2021-02-02T06:56:20Z",
    "spoke_at": "2021-02-02T06:56:31Z",
    "silent_since": None,
    "on_floor_since": None,
    "disposition": "ucr",
    "also_disposition": None,
    "decided_at": "2021-02-02T06:57:10Z",
    "close_asked_by": None,
    "closed_at": None,
    "close_reason": None,
    "speech": True,
    "known": True,
    "causes": [],
    "answers": {"stumble.E": "cannot_weight_bear"},
    "given_by": {"stumble.E": "patient"},
    "note": "",
}

STEP: Json = {
    "at": PRESSED,
    "what": "countdown_started",
    "says": "A countdown was started: unless somebody acts, more happens at 06:57:30 UTC. "
    "Why: nobody has it (rule figure.after_untaken, version 1).",
    "reasons": [
        {
            "reason": "nobody_has_it",
            "rule": "figure.after_untaken",
            "version": "1",
            "inputs": {"limit_s": 90},
        }
    ],
    "referral": None,
    "service": None,
    "disposition": None,
    "task": None,
    "due_at": "2021-02-02T06:57:30Z",
    "occurred_at": None,
}

TASK_VIEW: Json = {
    "id": TASK,
    "kind": "equipment",
    "state": "open",
    "made_at": VISITED,
    "due_at": "2021-02-03T07:40:00Z",
    "overdue": False,
    "alarm": None,
    "referral": REFERRAL,
    "subject": PERSON,
    "person": PERSON,
    "warning": None,
    "service": "icrs",
    "claimed_by": None,
    "claimed_at": None,
    "done_at": None,
    "text": "",
}

CLOCKS: Json = {
    "minutes_elapsed": 43,
    "minutes_press_to_arrival": 44,
    "minutes_running": None,
    "standard_met": True,
    "standard_due_at": "2021-02-02T08:56:02Z",
    "breach_due_at": None,
    "breach_due": False,
}

REFERRAL_VIEW: Json = dict(
    **NO_STAMPS,
    id=REFERRAL,
    service="icrs",
    state="attended",
    provisional=False,
    source="telecare",
    standard="two_hour",
    alarm=ALARM,
    subject=PERSON,
    person=PERSON,
    made_at=PRESSED,
    pressed_at=PRESSED,
    alarm_at=PRESSED,
    taken_at=None,
    decided_at=PRESSED,
    sent_at=PRESSED,
    received_at="2021-02-02T06:56:02Z",
    seen_at="2021-02-02T06:57:00Z",
    confirmed_at="2021-02-02T06:58:00Z",
    accepted_at="2021-02-02T06:58:00Z",
    set_out_at="2021-02-02T07:10:00Z",
    eta_at=VISITED,
    first_face_to_face_at=VISITED,
    support_until="2021-02-05T07:40:00Z",
    contacts=1,
    text="",
    assessed={"criterion.adult": "met", "criterion.no_life_threat": "not_known"},
    joint_with=[],
    follows=None,
    follow_up_on=None,
    warning=None,
    helped=None,
    clocks={
        "minutes_elapsed": 43,
        "minutes_press_to_arrival": 44,
        "minutes_running": None,
        "standard_met": True,
        "standard_due_at": "2021-02-02T08:56:02Z",
        "breach_due_at": None,
        "breach_due": False,
    },
)

NOTE_VIEW: Json = {
    "at": "2021-02-02T07:55:00Z",
    "occurred_at": VISITED,
    "by": "responder-1",
    "what": "face_to_face",
    "text": "Right leg red and swollen",
    "mechanism": None,
}

PERSON_CARD: Json = {
    "id": PERSON,
    "name": "Example Person",
    "born": "1951-05-01",
    "nhs_number": None,
    "address": "1 Example Street, Leicester",
    "postcode": "LE1 1AA",
    "place": None,
    "phone_home": None,
    "phone_mobile": None,
    "status": "home",
    "ceiling": "none",
    "anticipatory_line": None,
    "conditions": [],
    "contacts": [{"name": "Example Contact", "phone": "01632 960001"}],
    "anticoagulants": None,
    "language": None,
}

PERSON_RECORD: Json = {
    "id": PERSON,
    "status": "away",
    "away_until": "2021-02-16T12:00:00Z",
    "ceiling": "none",
    "anticipatory_line": None,
    "conditions": ["diabetes"],
    "anticoagulants": True,
    "baseline_cognition": "A",
    "care_home": False,
    "death_reported_by": None,
    "death_reported_at": None,
    "death_confirmed_by": None,
}

UNTESTED_DEVICE: Json = {
    "line": "mqtt-main",
    "device": "17",
    "model": "pendant",
    "subject": PERSON,
    "person": PERSON,
    "place": None,
    "tested_at": "2020-12-30T10:00:00Z",
    "days": 34,
}

SERVICE_VIEW: Json = {
    "id": "icrs",
    "name": "Crisis response service",
    "kind": "UCR",
    "timezone": "Europe/London",
    "hours": "24/7",
    "catchment": ["LE"],
    "capacity": 5,
    "capacity_at": PRESSED,
    "delivery": "desk",
    "phone": None,
    "open_referrals": 1,
}
