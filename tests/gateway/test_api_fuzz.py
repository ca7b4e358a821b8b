"""A short form of `ops/api_fuzz.py`: cases made of the API's own document, by everybody."""

from pathlib import Path

import pytest

from gateway.roles import ApiRole
from ops.fuzz.cases import EVERYBODY, NOBODY, fuzz
from ops.fuzz.town import town

CASES = 120
SEED = 5


@pytest.mark.timeout(600)
def test_no_case_of_any_role_is_answered_otherwise_than_the_document_promises(
    empty_database: str, tmp_path: Path
) -> None:
    with town(tmp_path, empty_database) as place:
        outcomes = [fuzz(place, role, CASES, SEED) for role in EVERYBODY]

    assert [one.findings for one in outcomes if one.findings] == []
    for one in outcomes:
        assert one.cases == CASES, one.role
        answered = sum(one.statuses[status] for status in (200, 201, 204))
        assert answered > 5 or one.role == ApiRole.SERVICE, one.statuses
        if one.role != NOBODY:
            assert one.statuses[401] == one.statuses[429] == 0, "nobody was signed out meanwhile"
    assert place.verdict is not None
    assert place.verdict.problems == []
