"""What heartbeats, readings and statuses become, and that they never stand in an alarm's way."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway import enrol, intake, ticker, vitals_intake
from gateway.arrivals import Arrival
from gateway.intake import Taken
from gateway.placing import Desk
from gateway.store.connect import Session, Sessions
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import LINE, arrival, column, count, press, roll, up

pytestmark = pytest.mark.usefixtures("enrolled")

VITALS = {"spo2_pct": 93, "heart_rate_bpm": 88, "consciousness": "A", "oxygen": False}


async def take(session: Session, desk: Desk, *batch: Arrival, now: datetime = MORNING) -> Taken:
    return await vitals_intake.take(session, batch, (), desk, now)


async def test_readings_are_stored_once_with_their_raw_message(
    session: Session, desk: Desk
) -> None:
    body = {"id": "9-1", "at": "2026-11-02T06:50:00Z", "vitals": VITALS}
    first = await take(session, desk, up(body))
    again = await take(session, desk, up(body))

    assert [verdict.repeat for _, verdict in first.answers + again.answers] == [False, True]
    assert await count(session, "measurement", "person_id is not null") == len(VITALS)
    assert await count(session, "measurement", "at = '2026-11-02 06:50+00'") == len(VITALS)
    assert await count(session, "packet", "lane = 'vitals'") == 1


async def test_a_reading_from_the_future_counts_from_its_receipt_and_keeps_its_own_time(
    session: Session, desk: Desk
) -> None:
    body = {"id": "9-1", "at": "2031-01-01T00:00:00Z", "vitals": {"spo2_pct": 95}}
    await take(session, desk, up(body))

    assert (
        await count(
            session,
            "measurement",
            "quality = 'device_clock' and at = received_at and device_at = '2031-01-01 00:00+00'",
        )
        == 1
    )


async def test_nothing_falls_into_the_default_partition(session: Session, desk: Desk) -> None:
    old = {"id": "9-1", "at": "2025-10-15T00:00:00Z", "vitals": {"spo2_pct": 95}}
    await take(session, desk, up(old))

    if await column(session, "select storage from migration") == ["native"]:
        assert await count(session, "measurement_default") == 0
    assert await count(session, "measurement", "at < '2026-01-01'") == 1


async def test_a_low_battery_reaches_the_worklist_once_and_its_recovery_too(
    session: Session, desk: Desk
) -> None:
    for number, percent in enumerate((12, 11, 80)):
        await take(session, desk, up({"id": f"9-{number}", "status": {"battery_pct": percent}}))

    assert await count(session, "inbox") == 2
    await ticker.take_inbox(session, desk, MORNING)

    assert await count(session, "inbox") == 0
    assert await count(session, "alarm", "kind = 'technical' and state = 'closed'") == 1


async def test_what_strangers_measure_is_evidence_and_no_vital_sign(
    session: Session, desk: Desk
) -> None:
    reading = up({"id": "9-1", "vitals": {"spo2_pct": 40}}, authenticated=False)
    await take(session, desk, reading)

    assert await count(session, "measurement") == 0
    assert await count(session, "quarantine") == 1
    assert await count(session, "device_heard") == 0


async def test_a_held_case_does_not_hold_up_its_readings(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    held = enrol.person_id(ORGANISATION, "wc")
    async with sessions.transaction() as other:
        await other.execute("select from subject where id = %s for no key update", (held,))
        taken = await take(session, desk, up({"id": "9-1", "vitals": {"spo2_pct": 95}}))

    assert [verdict.result for _, verdict in taken.answers] == ["stored"]


async def test_a_press_counts_as_having_been_heard(session: Session, desk: Desk) -> None:
    pressed = await intake.take(session, [press()], desk, MORNING)
    await vitals_intake.take(session, [], pressed.heard, desk, MORNING)

    assert await count(session, "device_heard", "heard_at = '2026-11-02 06:56+00'") == 1


async def test_a_broken_line_is_told_by_the_will_and_mended_by_the_next_word(
    session: Session, desk: Desk
) -> None:
    later: dict[str, Any] = {"at": MORNING + timedelta(minutes=5)}
    await take(session, desk, up({"id": "9-1"}))
    will = up({}, topic="lifeline/v1/17/will")
    await take(session, desk, will)
    await ticker.take_inbox(session, desk, MORNING)

    assert await count(session, "alarm", "kind = 'technical' and state = 'open'") == 1
    await take(session, desk, up({"id": "9-2"}, **later), now=later["at"])
    await ticker.take_inbox(session, desk, later["at"])

    assert await count(session, "alarm", "kind = 'technical' and state = 'closed'") == 1


async def test_readings_beside_a_press_or_a_bad_value_are_kept_as_readings(
    session: Session, desk: Desk
) -> None:
    """Such messages take the alarm lane; their good values are not only evidence."""
    pressed = arrival({"id": "1-1", "activation": "pendant", "vitals": {"heart_rate_bpm": 140}})
    partly = up({"id": "1-2", "vitals": {"spo2_pct": 85, "heart_rate_bpm": "fast"}})
    stranger = arrival({"id": "1-3", "activation": "pendant", "vitals": {"spo2_pct": 99}},
                       authenticated=False)  # fmt: skip
    await intake.take(session, [pressed, partly, stranger], desk, MORNING)

    kept = "select code || ' ' || value || ' ' || quality from measurement order by code"
    assert await column(session, kept) == ["heart_rate_bpm 140 ok", "spo2_pct 85 ok"]


async def test_a_will_as_a_devices_first_word_is_taken_back_when_it_speaks(
    session: Session, desk: Desk
) -> None:
    await vitals_intake.take(session, [arrival(b"", channel="will")], (), desk, MORNING)
    await ticker.take_inbox(session, desk, MORNING)
    assert await count(session, "alarm", "kind = 'technical' and state = 'open'") == 1

    later = MORNING + timedelta(minutes=1)
    await vitals_intake.take(session, [up({"id": "9-1"}, at=later)], (), desk, later)
    await ticker.take_inbox(session, desk, later)
    assert await count(session, "alarm", "kind = 'technical' and state = 'closed'") == 1


async def test_a_battery_that_was_low_beside_a_press_can_be_good_again_later(
    session: Session, desk: Desk
) -> None:
    beside = arrival({"id": "1-1", "activation": "pendant", "status": {"battery_pct": 10}})
    pressed = await intake.take(session, [beside], desk, MORNING)
    await vitals_intake.take(session, [], pressed.heard, desk, MORNING)
    assert await count(session, "alarm", "kind = 'technical' and state = 'open'") == 1
    assert await count(session, "inbox") == 0

    await take(session, desk, up({"id": "9-2", "status": {"battery_pct": 90}}))
    await ticker.take_inbox(session, desk, MORNING)
    assert await count(session, "alarm", "kind = 'technical' and state = 'open'") == 0


async def test_a_device_of_nobody_gets_a_case_with_its_first_trouble_and_none_for_readings(
    session: Session, desk: Desk, sessions: Sessions
) -> None:
    await enrol.enrol(sessions, roll(devices=[{"line": LINE, "sender": "lone"}]), MORNING)
    cases = f"label = 'lone' and line = '{LINE}'"

    await take(session, desk, up({"id": "9-1", "vitals": VITALS}, device="lone"))
    assert await count(session, "subject", cases) == 0

    await take(session, desk, up({"id": "9-2", "status": {"battery_pct": 5}}, device="lone"))
    assert await count(session, "subject", cases) == 1
    assert await count(session, "inbox join subject on subject.id = subject_id", cases) == 1
