"""Who has fallen silent, and that it is they and not we."""

from datetime import datetime, timedelta

import pytest

from gateway import enrol, supervision, ticker, vitals_intake
from gateway.placing import Desk
from gateway.store.connect import Session, Sessions, run
from tests.databases import MORNING
from tests.store.messages import LINE, count, roll, up

pytestmark = pytest.mark.usefixtures("enrolled")


async def receiving(session: Session, now: datetime) -> None:
    async with session.plain() as connection:
        await run(connection, "receiving", line=LINE, now=now, gap_s=supervision.RECEPTION_GAP_S)


async def receive_until(session: Session, until: datetime) -> None:
    """Receive without a break from the morning on."""
    await receiving(session, MORNING)
    await go_on_receiving(session, until)


async def go_on_receiving(session: Session, until: datetime) -> None:
    async with session.plain() as connection:
        await connection.execute("update reception set alive_at = %s", (until,))


async def test_a_device_is_lost_after_twice_its_interval_and_found_by_its_next_word(
    session: Session, desk: Desk
) -> None:
    await vitals_intake.take(session, [up({"id": "9-1"})], (), desk, MORNING)
    await receive_until(session, MORNING + timedelta(hours=3))
    almost = MORNING + timedelta(hours=2)
    assert await supervision.sweep(session, almost) == 0

    late = almost + timedelta(seconds=1)
    assert await supervision.sweep(session, late) == 2
    assert await supervision.sweep(session, late) == 0
    await ticker.take_inbox(session, desk, late)
    assert await count(session, "alarm", "kind = 'technical' and state = 'open'") == 2

    word = up({"id": "9-2"}, at=late)
    await vitals_intake.take(session, [word], (), desk, late)
    await ticker.take_inbox(session, desk, late)
    assert await count(session, "alarm", "kind = 'technical' and state = 'closed'") == 1


async def test_our_own_outage_makes_no_device_lost(session: Session, desk: Desk) -> None:
    await vitals_intake.take(session, [up({"id": "9-1"})], (), desk, MORNING)
    await receiving(session, MORNING)
    back = MORNING + timedelta(hours=5)
    await receiving(session, back)

    await go_on_receiving(session, back + timedelta(hours=2, minutes=1))
    assert await supervision.sweep(session, back + timedelta(minutes=1)) == 0
    assert await supervision.sweep(session, back + timedelta(hours=2, minutes=1)) == 2


async def test_many_devices_lost_behind_one_line_are_one_alarm_with_a_list(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    people = [{"id": f"p{number}", "name": f"Fictional P{number}"} for number in range(25)]
    units = [
        {"line": LINE, "sender": f"u{number}", "person": f"p{number}", "interval_s": 60}
        for number in range(25)
    ]
    await enrol.enrol(sessions, roll(persons=people, devices=units), MORNING)
    late = MORNING + timedelta(minutes=3)
    await receive_until(session, late)

    assert await supervision.sweep(session, late) == 25
    await ticker.take_inbox(session, desk, late)
    assert await count(session, "alarm", "kind = 'technical' and state = 'open'") == 1

    words = [up({"id": "9-2"}, device=f"u{number}", at=late) for number in range(25)]
    await vitals_intake.take(session, words, (), desk, late)
    await ticker.take_inbox(session, desk, late)
    assert await count(session, "alarm", "kind = 'technical' and state = 'open'") == 0


async def test_a_fault_of_the_gateway_itself_is_a_technical_alarm(
    session: Session, desk: Desk
) -> None:
    await supervision.report_fault(session, desk, "clock_apart", "3.0 s apart", MORNING)
    await ticker.take_inbox(session, desk, MORNING)

    assert await count(session, "alarm", "kind = 'technical' and record->>'note' like '%3.0 s%'")


async def test_no_device_is_lost_while_nobody_receives(session: Session, desk: Desk) -> None:
    """The sweep runs in another process, or earlier at a start, than the reception it judges by."""
    await vitals_intake.take(session, [up({"id": "9-1"})], (), desk, MORNING)
    await receive_until(session, MORNING + timedelta(hours=1))
    late = MORNING + timedelta(hours=9)
    assert await supervision.sweep(session, late) == 0

    await receiving(session, late)
    assert await supervision.sweep(session, late) == 0
    await go_on_receiving(session, late + timedelta(hours=3))
    assert await supervision.sweep(session, late + timedelta(hours=3)) == 2


async def test_devices_lost_one_by_one_within_a_minute_behind_one_line_are_folded(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    people = [{"id": f"p{number}", "name": f"Fictional P{number}"} for number in range(40)]
    units = [
        {"line": LINE, "sender": f"u{number}", "person": f"p{number}", "interval_s": 60}
        for number in range(40)
    ]
    await enrol.enrol(sessions, roll(persons=people, devices=units), MORNING)
    for number in range(40):
        word = up({"id": "9-1"}, device=f"u{number}", at=MORNING + timedelta(seconds=number))
        await vitals_intake.take(session, [word], (), desk, MORNING)
    await receive_until(session, MORNING + timedelta(minutes=4))
    for number in range(0, 45, 5):
        late = MORNING + timedelta(seconds=121 + number)
        await supervision.sweep(session, late)
        await ticker.take_inbox(session, desk, late)

    alarms = await count(session, "alarm", "kind = 'technical'")
    assert alarms <= supervision.MANY_LOST + 1
    assert await count(session, "device_heard", "lost_at is not null") == 40
