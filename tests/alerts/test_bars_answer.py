"""What services answer is read as one of a few answers; nothing they send breaks the reading."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.referral.bars_answer import AnswerKind, interpret
from alerts.referral.bars_problem import Verdict, explain, judge, read_outcome

CODES = "https://fhir.nhs.uk/CodeSystem"
OURS = "0a5e0000-0000-4000-8000-000000000001"
SENT = "0a5e0000-0000-4000-8000-000000000002"
Json = dict[str, Any]


def encounter(status: str, **more: Any) -> Json:
    return {"resourceType": "Encounter", "id": "theirs", "status": status, **more}


def plan(status: str, *concepts: Json) -> Json:
    activity = [{"outcomeCodeableConcept": list(concepts)}]
    return {"resourceType": "CarePlan", "status": status, "activity": activity}


def coded(system: str, code: str, **more: str) -> Json:
    return {"coding": [{"system": f"{CODES}/{system}", "code": code, **more}]}


def message(*resources: Json, event: str = "servicerequest-response", **response: Any) -> Json:
    header = {
        "resourceType": "MessageHeader",
        "eventCoding": {"system": f"{CODES}/message-events-bars", "code": event},
        "response": {"identifier": SENT, "code": "ok", **response},
    }
    entries = [{"resource": one} for one in (header, *resources)]
    return {"resourceType": "Bundle", "id": "answer-1", "type": "message", "entry": entries}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("planned", AnswerKind.PLANNED),
        ("in-progress", AnswerKind.ACCEPTED),
        ("cancelled", AnswerKind.REJECTED),
        ("finished", AnswerKind.FINISHED),
        ("onleave", AnswerKind.NOT_UNDERSTOOD),
    ],
)
def test_the_state_of_their_encounter_is_the_answer(status: str, kind: AnswerKind) -> None:
    answer = interpret(message(encounter(status)))

    assert (answer.kind, answer.id, answer.to) == (kind, "answer-1", SENT)


def test_our_own_encounter_in_an_answer_says_nothing() -> None:
    ours = {"resourceType": "Encounter", "id": OURS, "status": "finished"}

    assert interpret(message(ours, encounter("planned")), OURS).kind is AnswerKind.PLANNED
    assert interpret(message(ours), OURS).kind is AnswerKind.FINISHED
    assert interpret(message(ours, encounter("planned"))).kind is AnswerKind.NOT_UNDERSTOOD


def test_our_own_message_comes_back_as_the_answer_to_it_and_to_no_other() -> None:
    mirrored = message(encounter("planned"), event="servicerequest-request")
    mirrored["id"] = SENT
    answer = interpret(mirrored, OURS, SENT)

    assert (answer.kind, answer.to, answer.id) == (AnswerKind.PLANNED, SENT, "")
    assert interpret(mirrored, OURS, "another").kind is AnswerKind.NOT_UNDERSTOOD
    assert interpret(mirrored).kind is AnswerKind.NOT_UNDERSTOOD


def test_numbers_and_names_are_read() -> None:
    answer = interpret(
        message(
            {
                "resourceType": "Encounter",
                "id": OURS,
                "status": "triaged",
                "identifier": [{"system": "urn:lifeline-gateway:referral", "value": "r-1"}],
            },
            encounter("planned", identifier=[{"system": "urn:x", "value": "UCR-7"}]),
            {"resourceType": "ServiceRequest", "id": "sr-1"},
            identifier=f"urn:uuid:{SENT}",
        ),
        OURS,
    )

    assert (answer.case, answer.reference, answer.receivers_id) == ("r-1", "UCR-7", "sr-1")
    assert answer.to == SENT


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ([coded("rejected-reasons-bars", "RRNA")], "not available in time (RRNA)"),
        ([coded("rejected-reasons-bars", "NEW1")], "reason code NEW1"),
        ([coded("Rejected-Reasons-BaRS", "ZZ", display="Shown")], "Shown (ZZ)"),
        ([{"text": "no car"}], "no car"),
        ([], "the service gave no reason"),
        ("nonsense", "the service gave no reason"),
    ],
)
def test_a_rejection_gives_its_reason_in_words(reason: Any, words: str) -> None:
    assert interpret(message(encounter("cancelled", reasonCode=reason))).reason == words


def test_an_end_is_told_with_its_codes() -> None:
    lifted = coded("response-outcome-codes", "PATLIFT")
    priority = coded("arp-priority-codes", "C5")
    answer = interpret(
        message(
            encounter("finished", period={"start": "2026-07-02T07:00:00+00:00", "end": "soon"}),
            plan("completed", priority, lifted, {"text": "Up and well"}),
        )
    )

    assert answer.outcome == "the person was lifted; response priority C5; Up and well"
    assert (answer.lifted, answer.arp, answer.action_needed) == (True, "C5", False)
    assert answer.at is None, "a start is when we asked, and no end"


@pytest.mark.parametrize(
    "plans", [[], [plan("active")], [plan("completed"), plan("draft")]], ids=len
)
def test_only_a_completed_plan_needs_nobody(plans: list[Json]) -> None:
    answer = interpret(message(encounter("finished"), *plans))

    assert answer.action_needed
    assert answer.outcome == "finished, without words"


@pytest.mark.parametrize(
    ("period", "at"),
    [
        ({"end": "2026-07-02T08:00:00+01:00"}, datetime(2026, 7, 2, 7, tzinfo=UTC)),
        ({"end": "2026-07-02T08:00:00"}, None),
        ({"end": "2026"}, None),
        ({"end": 7}, None),
        ({"start": "2026-07-02T08:00:00+01:00"}, None),
        ([], None),
    ],
)
def test_a_time_counts_only_with_its_offset(period: Any, at: datetime | None) -> None:
    assert interpret(message(encounter("finished", period=period))).at == at
    assert interpret(message(encounter("in-progress", period=period))).at is None


@pytest.mark.parametrize(
    ("bundle", "words"),
    [
        (None, "no FHIR Bundle"),
        ({"resourceType": "Patient"}, "no FHIR Bundle"),
        ({"resourceType": "Bundle"}, "0 MessageHeaders"),
        (message(event="booking-response"), "not the event"),
        (message(encounter("planned"), code="fatal-error"), "our message failed"),
        (message(), "0 known states"),
        (message(encounter("planned"), encounter("cancelled")), "2 known states"),
        ({**message(encounter("unheard-of")), "id": "no id/at all"}, "0 known states"),
    ],
)
def test_what_cannot_be_understood_says_why(bundle: Any, words: str) -> None:
    answer = interpret(bundle)

    assert answer.kind is AnswerKind.NOT_UNDERSTOOD
    assert words in answer.reason


json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        ["Bundle", "Encounter", "MessageHeader", "CarePlan", "servicerequest-response", "finished",
         "OperationOutcome", f"{CODES}/http-error-codes", "2026-07-02", ""]
    ),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["resourceType", "entry", "resource", "status", "eventCoding", "code", "response",
             "identifier", "period", "end", "activity", "outcomeCodeableConcept", "coding",
             "system", "issue", "details", "id", "reasonCode"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=40,
)  # fmt: skip


@settings(deadline=None)
@given(json, st.integers(300, 599))
def test_no_answer_breaks_the_reading(body: Any, status: int) -> None:
    interpret(body, OURS, SENT)
    interpret(message(body) if isinstance(body, dict) else body)
    assert judge(status, body).words.startswith("The service ")


def outcome(code: str, kind: str = "processing", system: str = "CodeSystem") -> Json:
    system = f"https://fhir.nhs.uk/{system}/http-error-codes"
    issue = {
        "severity": "error",
        "code": kind,
        "details": {"coding": [{"system": system, "code": code}]},
        "diagnostics": "Fictional Wanda Crane is not known",
    }
    return {"resourceType": "OperationOutcome", "issue": [issue]}


D, A, N, T = Verdict.DELIVERED, Verdict.AGAIN, Verdict.NEVER, Verdict.TOKEN


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (409, outcome("REC_CONFLICT", "duplicate"), D),
        (409, outcome("REC_CONFLICT", "duplicate", "Codesystem"), D),
        (409, outcome("REC_CONFLICT", "conflict"), N),
        (409, {"resourceType": "OperationOutcome"}, A),
        (409, None, A),
        (400, outcome("REC_BAD_REQUEST"), N),
        (400, None, N),
        (422, outcome("REC_UNPROCESSABLE_ENTITY"), N),
        (401, outcome("SEND_UNAUTHORIZED"), T),
        (403, outcome("SEND_FORBIDDEN", "expired"), T),
        (408, outcome("REC_TIMEOUT"), A),
        (429, outcome("SEND_TOO_MANY_REQUESTS"), A),
        (503, outcome("REC_SERVICE_UNAVAILABLE"), A),
        (500, outcome("REC_SERVER_ERROR"), A),
        (404, outcome("PROXY_NOT_FOUND"), A),
        (404, outcome("REC_NOT_FOUND"), N),
        (404, outcome("Fictional Wanda"), A),
        (302, None, A),
        (418, outcome("REC_NEW_THING"), N),
    ],
)
def test_what_follows_from_a_refusal(status: int, body: Any, verdict: Verdict) -> None:
    assert judge(status, body).verdict is verdict


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (422, outcome("REC_UNPROCESSABLE_ENTITY"),
         ("The service cannot use what our message says (code REC_UNPROCESSABLE_ENTITY, HTTP 422). "
         "Telephone the service now. Then tell an engineer the code.")),
        (503, None, ("The service is out of order for now (HTTP 503 without a code). "
         "Telephone the service now.")),
        (418, outcome("REC_NEW_THING"), ("The service refused our message (code REC_NEW_THING, "
         "HTTP 418). Telephone the service now. Then tell an engineer the code.")),
        (422, outcome("REC_UNPROCESSABLE_ENTITY", "not-found"), ("The service has no such referral "
         "(code REC_UNPROCESSABLE_ENTITY, HTTP 422). Telephone the service now; what it knows by "
         "telephone only must be changed by telephone.")),
    ],
)  # fmt: skip
def test_an_operator_reads_what_happened_and_what_to_do(status: int, body: Any, words: str) -> None:
    assert explain(status, read_outcome(body)) == words


def test_what_a_receiver_writes_about_a_person_is_not_repeated() -> None:
    assert "Wanda" not in judge(422, outcome("REC_UNPROCESSABLE_ENTITY")).words
    assert "Wanda" not in judge(404, outcome("Wanda")).words
