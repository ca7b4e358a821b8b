"""What the practice receiver reads before it knows what came: headers, bodies, check digits."""

import pytest

from gateway.practice_receiver.clinical import is_nhs_number
from gateway.practice_receiver.headers import check_headers, encoded
from gateway.practice_receiver.outcomes import status_of
from gateway.practice_receiver.structure import read_message
from tests.gateway.practice_house import SERVICE, headers


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'"Bundle"', b"[" * 100_000, b"NaN"])
def test_a_body_that_is_no_json_object_is_answered_400(body: bytes) -> None:
    message, found = read_message(body)

    assert message is None
    assert status_of(found.problems) == 400


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("X_Request_Id", "", 400),
        ("X_Request_Id", "17", 400),
        ("X_Correlation_Id", "", 400),
        ("X_Correlation_Id", "{}", 400),
        ("NHSD_Target_Identifier", "", 400),
        ("NHSD_Target_Identifier", "no base64!", 400),
        ("NHSD_Target_Identifier", "bm8ganNvbg==", 400),
        ("NHSD_Target_Identifier", encoded({"system": SERVICE}), 400),
        ("NHSD_End_User_Organisation", "", 400),
        ("NHSD_End_User_Organisation", encoded({"resourceType": "Device"}), 400),
        ("NHSD_Requesting_Software", "", 400),
        ("NHSD_Requesting_Practitioner", "x", 400),
        ("Content_Type", "application/json", 400),
        ("Accept", "application/fhir+json", 406),
        ("Accept", "*/*", 406),
    ],
)
def test_each_header_is_checked(name: str, value: str, status: int) -> None:
    sent = {key.lower(): one for key, one in headers(**{name: value}).items()}
    found = check_headers(sent, message=True).problems

    assert [one.where for one in found] == [name.replace("_", "-")]
    assert status_of(found) == status


def test_good_headers_have_no_problem() -> None:
    sent = {key.lower(): one for key, one in headers().items()}

    assert check_headers(sent, message=True).problems == []


@pytest.mark.parametrize(
    ("written", "good"),
    [
        ("9476719931", True),
        ("9000000009", True),
        ("9990548609", True),
        ("9476719932", False),
        ("947671993", False),
        ("94767199x1", False),
    ],
)
def test_an_nhs_number_carries_its_check_digit(written: str, good: bool) -> None:  # noqa: FBT001
    assert is_nhs_number(written) is good
