"""Rows packed for COPY are the rows that the same values make as parameters of a query."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from gateway.placing import Desk, Placed, find
from gateway.readings import measurements, packed
from gateway.store import copying, messages
from gateway.store.connect import Session
from tests.databases import MORNING
from tests.store.messages import arrival, column, up

pytestmark = pytest.mark.usefixtures("enrolled")

KINDS = b"create temp table kinds (a timestamptz, u uuid, n float8, t text, b bytea, f bool)"
ONE = UUID("01020304-0506-0708-090a-0b0c0d0e0f10")
ROWS = [
    (datetime(2026, 11, 2, 6, 50, 0, 1, tzinfo=UTC), ONE, 36.8, "é€🙂", b"\0\xff", True),
    (datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), ONE, -0.5, "", b"", False),
    (datetime(1, 1, 1, tzinfo=UTC), ONE, 1e300, "x" * 70_000, bytes(70_000), True),
    (datetime.max.replace(tzinfo=UTC), UUID(int=0), 0.0, "a\tb\\N", b"\\x", False),
    (None, None, None, None, b"", False),
]


async def test_every_kind_of_value_comes_back_as_it_was_packed(session: Session) -> None:
    rows = [
        copying.row(
            copying.moment(at),
            copying.uuid(which),
            copying.number(value),
            copying.text(words),
            copying.binary(octets),
            copying.TRUE if flag else copying.FALSE,
        )
        for at, which, value, words, octets, flag in ROWS
    ]
    async with session.transaction() as connection:
        await connection.execute(KINDS)
        copy_in = b"copy kinds from stdin (format binary)"
        async with connection.cursor().copy(copy_in) as copy:
            await copy.write(copying.stream(rows))
        cursor = await connection.execute(b"select * from kinds")
        assert [tuple(found) for found in await cursor.fetchall()] == ROWS


async def test_nothing_packed_is_a_stream_of_no_rows(session: Session) -> None:
    async with session.transaction() as connection:
        await messages.copy_measurements(connection, [])
    assert await column(session, "select count(*) from measurement") == [0]


def test_a_lone_surrogate_cannot_be_packed() -> None:
    with pytest.raises(UnicodeEncodeError):
        copying.text("\ud800")


VITALS = {"spo2_pct": 93, "temperature_c": 36.8, "consciousness": "A", "oxygen": False}
BODIES = [
    {"id": "1", "at": "2026-11-02T06:50:00Z", "vitals": VITALS},
    {"id": "2", "at": "2031-01-01T00:00:00Z", "vitals": VITALS},
    {"id": "3", "vitals": VITALS, "status": {"battery_pct": 50}},
    {"id": "4", "at": "yesterday", "vitals": {"spo2_pct": 95}},
]


async def _placed(session: Session, desk: Desk) -> list[Placed]:
    batch = [up(body) for body in BODIES]
    batch.append(arrival({"id": "5", "vitals": VITALS}, channel="up", authenticated=False))
    async with session.plain() as connection:
        return await find(connection, batch, desk, MORNING)


async def test_packed_readings_are_those_that_come_beside_a_call(
    session: Session, desk: Desk
) -> None:
    placed = await _placed(session, desk)
    everything = "select row(m.*)::text from measurement m order by 1"
    async with session.transaction() as connection:
        await messages.copy_measurements(connection, [row for one in placed for row in packed(one)])
    by_copy = await column(session, everything)
    async with session.transaction() as connection:
        await connection.execute(b"delete from measurement")
        await messages.add_measurements(
            connection, [row for one in placed for row in measurements(one)]
        )
    assert len(by_copy) == 3 * len(VITALS) + 1
    assert await column(session, everything) == by_copy
