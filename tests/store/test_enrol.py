"""Enrolment: checked first, all or nothing, secrets shown once."""

import json
from typing import Any

import pytest

from gateway import enrol
from gateway.errors import SettingsError
from gateway.keys import secret_sha256
from gateway.store.connect import Session, Sessions
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import LINE, column, count, roll


def text(**more: Any) -> bytes:
    return json.dumps({"organisation": str(ORGANISATION), "name": "Test", **more}).encode()


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"people": []}, "people"),
        ({"devices": [{"line": LINE, "sender": "1", "person": "nobody"}]}, "no person nobody"),
        ({"devices": [{"line": LINE, "sender": "a/b"}]}, "devices.0.sender"),
        ({"persons": [{"id": "p", "name": "F", "plan": {"press": "soon"}}]}, "persons.0.plan"),
        ({"persons": [{"id": "p", "name": "F", "nhs_number": "12"}]}, "persons.0.nhs_number"),
        ({"services": [{"id": "s", "name": "S", "timezone": "Mars/Base"}]}, "services.0.timezone"),
    ],
)
def test_a_wrong_row_is_named(more: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        enrol.read_roll(text(**more))


async def test_a_new_device_gets_a_secret_that_is_stored_only_as_its_digest(
    session: Session, sessions: Sessions
) -> None:
    done = await enrol.enrol(sessions, roll(), MORNING)
    stored = await column(session, "select secret_sha256 from device order by sender")

    assert sorted(done.secrets) == [(LINE, "17"), (LINE, "18")]
    assert stored == [secret_sha256(done.secrets[LINE, name]) for name in ("17", "18")]


async def test_enrolling_again_changes_rows_and_doubles_none(
    session: Session, sessions: Sessions
) -> None:
    await enrol.enrol(sessions, roll(), MORNING)
    await enrol.enrol(sessions, roll(name="Another name"), MORNING)

    counts = [await count(session, table) for table in ("person", "device", "service", "subject")]
    assert counts == [2, 2, 1, 2]


def test_a_way_of_delivery_that_is_not_known_is_refused() -> None:
    service = {"id": "icrs", "name": "Crisis service", "delivery": "bras"}
    with pytest.raises(SettingsError, match="delivery"):
        enrol.read_roll(text(services=[service]))
