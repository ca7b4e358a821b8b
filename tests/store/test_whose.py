"""Whose message it is: what one sender says never answers for another's, nor moves its device."""

import dataclasses
import hashlib
from uuid import UUID

import msgspec
import pytest

from devices.decoding import families
from gateway import enrol, intake
from gateway.arrivals import Arrival
from gateway.clock import Clock
from gateway.errors import SettingsError
from gateway.ingest import Ingest
from gateway.placing import UNKNOWN_CALLERS_PER_LINE, Desk
from gateway.store.connect import Session, Sessions
from tests.databases import MORNING
from tests.store.messages import LINE, column, count, press, roll

pytestmark = pytest.mark.usefixtures("enrolled")

ELSEWHERE = UUID("5eed0000-0000-4000-8000-000000000002")
CERTIFICATE = hashlib.sha256(b"certificate of 18").hexdigest()


def heard_from(one: Arrival, peer: str) -> Arrival:
    """Give the same message from another network address."""
    return dataclasses.replace(one, packet=msgspec.structs.replace(one.packet, peer=peer))


async def test_strangers_of_one_name_at_two_addresses_are_both_heard(
    session: Session, desk: Desk
) -> None:
    """Two units with a factory's name and a counter that starts alike: the second press counts."""
    unit = press(device="pendant", authenticated=False)
    for peer in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
        await intake.take(session, [heard_from(unit, peer)], desk, MORNING)

    rung = "select (record->>'signals')::int from alarm"
    assert await column(session, rung) == [2], "and the third is a repeat of the first"
    assert await count(session, "quarantine") == 2


async def test_a_roll_of_another_organisation_cannot_take_a_device_over(
    session: Session, sessions: Sessions
) -> None:
    people = [{"id": "xy", "name": "Fictional XY"}]
    units = [{"line": LINE, "sender": "17", "person": "xy"}]
    theirs = roll(organisation=str(ELSEWHERE), name="Elsewhere", persons=people, devices=units)
    before = await column(session, "select person_id from device where sender = '17'")

    with pytest.raises(SettingsError, match="17"):
        await enrol.enrol(sessions, theirs, MORNING)

    assert await column(session, "select person_id from device where sender = '17'") == before
    assert await count(session, "person", "name = 'Fictional XY'") == 0, "all or nothing"


async def test_a_certificate_proves_its_device_whatever_name_comes_with_it(
    database: str, sessions: Sessions, desk: Desk
) -> None:
    units = [
        {"line": LINE, "sender": "17", "person": "wc"},
        {"line": LINE, "sender": "18", "person": "op", "certificate_sha256": CERTIFICATE},
    ]
    await enrol.enrol(sessions, roll(devices=units), MORNING)
    ingest = Ingest(lambda: database, desk, Clock(), families(), LINE)
    try:
        for name in ("17", "18", "nobody"):
            found = await ingest.identify(LINE, name, None, CERTIFICATE)
            assert (found.name, found.authenticated) == ("18", True)
    finally:
        await ingest.close()


async def test_strangers_of_one_batch_are_folded_too_and_who_has_a_call_open_keeps_it(
    session: Session, desk: Desk
) -> None:
    names = [f"s{number}" for number in range(3 * UNKNOWN_CALLERS_PER_LINE)]
    batch = [press(device=name, authenticated=False) for name in names]
    await intake.take(session, batch, desk, MORNING)
    await intake.take(session, [press(2, device="s7", authenticated=False)], desk, MORNING)

    assert await count(session, "alarm", "state = 'open'") == UNKNOWN_CALLERS_PER_LINE + 1
    heard = "select sum((record->>'signals')::int)::int from alarm"
    assert await column(session, heard) == [len(names) + 1], "folded, never dropped"
    own = "select (record->>'signals')::int from alarm join subject on subject.id = subject_id"
    assert await column(session, f"{own} where label = 's7'") == [2]
