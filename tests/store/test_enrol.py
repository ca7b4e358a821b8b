"""Enrolment: checked first, all or nothing, secrets shown once."""

import json
from typing import Any

import pytest

from gateway import enrol
from gateway.errors import SettingsError
from gateway.faults import record_all
from gateway.keys import secret_sha256
from gateway.persons import Who
from gateway.placing import Desk
from gateway.sealing import unseal
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
        *(
            ({"persons": [{"id": "p", "name": "F", **more}]}, "persons.0.*two different people")
            for more in (
                {"status": "deceased"},
                {"status": "deceased", "death_confirmed_by": ["op1", " OP1"]},
                {"status": "home", "death_confirmed_by": ["op1", "op2"]},
            )
        ),
        (
            {
                "persons": [
                    {"id": "p", "name": "F", "status": "deceased", "death_confirmed_by": ["op1"]}
                ]
            },
            "persons.0.death_confirmed_by",
        ),
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


RECORD = (
    "select status || ' ' || ceiling || ' ' || coalesce(death_reported_by, '-') || ' '"
    " || coalesce(death_confirmed_by, '-') from person where name = 'Fictional OP'"
)
BY_TWO = {"status": "deceased", "death_confirmed_by": ["op1", "op2"]}


def of_op(**more: Any) -> enrol.Roll:
    """Give the roll again, in which OP's row says more."""
    op = {"id": "op", "name": "Fictional OP", "born": "1940-05-01", "postcode": "LE2 1AA", **more}
    return roll(persons=[{"id": "wc", "name": "Fictional WC"}, op])


async def test_what_the_desk_changed_stays_unless_the_file_names_it(
    session: Session, sessions: Sessions
) -> None:
    await enrol.enrol(sessions, of_op(ceiling="none"), MORNING)
    async with session.transaction() as connection:
        await connection.execute(
            "update person set status = 'away', away_until = now(), ceiling = 'comfort_only',"
            " death_reported_by = 'op1' where name = 'Fictional OP'"
        )

    await enrol.enrol(sessions, of_op(language="cy"), MORNING)
    assert await column(session, RECORD) == ["away comfort_only op1 -"]
    assert len(await column(session, "select 1 from person where away_until is not null")) == 1

    await enrol.enrol(sessions, of_op(status="home", ceiling="not_for_hospital"), MORNING)
    assert await column(session, RECORD) == ["home not_for_hospital op1 -"]
    assert await column(session, "select 1 from person where away_until is not null") == []


async def test_a_file_records_a_death_that_two_people_confirmed_and_takes_none_back(
    session: Session, sessions: Sessions
) -> None:
    await enrol.enrol(sessions, roll(), MORNING)
    await enrol.enrol(sessions, of_op(**BY_TWO), MORNING)
    recorded = await column(session, RECORD)
    again = {"status": "deceased", "death_confirmed_by": ["op3", "op4"]}
    await enrol.enrol(sessions, of_op(**again), MORNING)
    await enrol.enrol(sessions, of_op(), MORNING)

    with pytest.raises(SettingsError, match="person op is recorded as deceased, and the file"):
        await enrol.enrol(sessions, of_op(status="home"), MORNING)

    assert recorded == ["deceased none op1 op2"]
    assert await column(session, RECORD) == recorded, "who confirmed it first stays"


async def test_a_new_person_may_be_enrolled_as_deceased_by_two(
    session: Session, sessions: Sessions
) -> None:
    await enrol.enrol(sessions, of_op(**BY_TWO), MORNING)

    assert await column(session, RECORD) == ["deceased none op1 op2"]


def units(**more: Any) -> enrol.Roll:
    """Give the roll, in which the row of device 17 says more."""
    device = {"line": LINE, "sender": "17", "person": "wc", **more}
    return roll(devices=[device, {"line": LINE, "sender": "18", "person": "op"}])


async def tell(sessions: Sessions, desk: Desk, done: enrol.Enrolled) -> None:
    who = Who(ORGANISATION, "import", "import")
    await record_all(sessions, desk, who, done.faults, MORNING)


async def test_a_known_fault_of_a_file_opens_its_task_and_stays_until_the_file_ends_it(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    since = "2026-11-01T09:00:00Z"
    done = await enrol.enrol(sessions, units(faulty_since=since), MORNING)
    await tell(sessions, desk, done)
    again = await enrol.enrol(sessions, units(faulty_since=since), MORNING)
    await tell(sessions, desk, again)
    silent = await enrol.enrol(sessions, units(), MORNING)

    stored = "select sender from device where faulty_since = '2026-11-01 09:00Z'"
    tasks = "select kind || ' ' || state from task"
    assert [one.sender for one in done.faults] == ["17"]
    assert silent.faults == ()
    assert await column(session, stored) == ["17"]
    assert await column(session, tasks) == ["device_fault open"]
    ended = await enrol.enrol(sessions, units(faulty_since=None), MORNING)
    await tell(sessions, desk, ended)
    assert await column(session, stored) == []
    assert await column(session, tasks) == ["device_fault done"]
    assert (await enrol.enrol(sessions, units(faulty_since=None), MORNING)).faults == ()


def test_a_fault_of_a_file_needs_a_time_with_its_zone() -> None:
    device = {"line": LINE, "sender": "17", "faulty_since": "2026-11-01T09:00:00"}
    with pytest.raises(SettingsError, match=r"devices\.0\.faulty_since"):
        enrol.read_roll(text(devices=[device]))


async def test_a_file_describes_a_home_and_what_it_does_not_name_stays(
    session: Session, sessions: Sessions
) -> None:
    key = bytes(32)
    full = {"access": "Side gate", "hazards": ["dog"], "allergies": ["penicillin"],
            "communication": "hard of hearing", "key_safe": "4711"}  # fmt: skip
    person = {"id": "wc", "name": "Fictional WC"}
    await enrol.enrol(sessions, roll(persons=[{**person, **full}], devices=[]), MORNING, None, key)
    await enrol.enrol(sessions, roll(persons=[{**person, "hazards": []}], devices=[]), MORNING)
    await enrol.enrol(sessions, roll(persons=[person], devices=[]), MORNING)

    async with session.transaction() as connection:
        found = await (await connection.execute("select * from person_desk")).fetchall()
    (kept,) = found
    assert (kept.access, kept.hazards, kept.allergies) == ("Side gate", [], ["penicillin"])
    assert (kept.communication, kept.changed_by) == ("hard of hearing", "import")
    assert b"4711" not in bytes(kept.key_safe)
    assert unseal([key], kept.person_id, bytes(kept.key_safe)) == "4711"


async def test_a_key_safe_code_is_never_stored_without_a_key(sessions: Sessions) -> None:
    person = {"id": "wc", "name": "Fictional WC", "key_safe": "4711"}
    given = roll(persons=[person], devices=[])
    with pytest.raises(SettingsError, match="no key to seal"):
        await enrol.enrol(sessions, given, MORNING)
    assert "4711" not in repr(given)
