"""What an operator reads when a service's program refuses a referral, for every HTTP status."""

from typing import Any

import pytest

from alerts.referral.bars_problem import Verdict, explain, judge

TELEPHONE = "Telephone the service now."
ENGINEER = "Telephone the service now. Then tell an engineer the code."


@pytest.mark.parametrize(
    ("status", "happened", "then"),
    [
        (400, "could not read our message", ENGINEER),
        (401, "does not know who we are", ENGINEER),
        (402, "refused our message", ENGINEER),
        (403, "does not let us refer to it", ENGINEER),
        (404, "is not at the address we have for it", ENGINEER),
        (405, "does not take this kind of message", ENGINEER),
        (406, "does not speak our version", ENGINEER),
        (407, "refused our message", ENGINEER),
        (408, "took too long to answer", TELEPHONE),
        (409, "has something that contradicts our message", ENGINEER),
        (413, "found our message too long", ENGINEER),
        (422, "cannot use what our message says", ENGINEER),
        (429, "has too many messages at once", TELEPHONE),
        (500, "had an error of its own", TELEPHONE),
        (501, "does not take this kind of message", ENGINEER),
        (502, "cannot be reached behind its proxy", TELEPHONE),
        (503, "is out of order for now", TELEPHONE),
        (504, "took too long to answer its proxy", TELEPHONE),
        (505, "refused our message", ENGINEER),
    ],
)
def test_a_status_without_a_code_says_what_happened(status: int, happened: str, then: str) -> None:
    assert explain(status, None) == f"The service {happened} (HTTP {status} without a code). {then}"


def coded(code: str) -> dict[str, Any]:
    system = "https://fhir.nhs.uk/CodeSystem/http-error-codes"
    details = {"coding": [{"system": system, "code": code}]}
    return {"resourceType": "OperationOutcome", "issue": [{"details": details}]}


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (400, Verdict.NEVER),
        (401, Verdict.TOKEN),
        (402, Verdict.NEVER),
        (403, Verdict.TOKEN),
        (404, Verdict.NEVER),
        (407, Verdict.NEVER),
        (408, Verdict.AGAIN),
        (409, Verdict.NEVER),
        (410, Verdict.NEVER),
        (422, Verdict.NEVER),
        (423, Verdict.NEVER),
        (425, Verdict.AGAIN),
        (426, Verdict.NEVER),
        (429, Verdict.AGAIN),
        (430, Verdict.NEVER),
        (499, Verdict.NEVER),
        (500, Verdict.AGAIN),
        (599, Verdict.AGAIN),
    ],
)
def test_a_refusal_with_a_code_is_repeated_only_where_it_may_pass(
    status: int, verdict: Verdict
) -> None:
    assert judge(status, coded("REC_SOMETHING")).verdict is verdict


@pytest.mark.parametrize("status", [400, 422])
def test_a_message_that_is_wrong_is_not_sent_again_whatever_the_answer_says(status: int) -> None:
    assert judge(status, None).verdict is Verdict.NEVER
    assert judge(status, coded("PROXY_BAD_REQUEST")).verdict is Verdict.NEVER
