"""Watching vital signs on a real database: alerts, timers, plans, and the way to telecare."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from alerts.case import Entry
from alerts.vitals.state import Alert
from gateway import vitals_watch
from gateway.placing import Desk
from gateway.store.connect import Session, Sessions
from tests.databases import MORNING
from tests.store.messages import column, count
from tests.store.vitals_house import COPD, GOOD, OP, WC, Watch, admit

pytestmark = pytest.mark.usefixtures("enrolled")


@pytest.fixture
def watch(session: Session, desk: Desk) -> Watch:
    return Watch(session, desk)


async def test_a_reading_as_it_should_be_is_known_and_opens_nothing(
    watch: Watch, session: Session
) -> None:
    await watch.say(**GOOD)

    assert await watch.alerts() == []
    assert await watch.newest("spo2_pct") == [97.0]
    assert await count(session, "decision") == 0
    assert await count(session, "inbox") == 0


async def test_the_second_calm_reading_writes_its_newest_readings_and_not_the_state(
    watch: Watch, session: Session
) -> None:
    await watch.say(**GOOD)
    watch.later(minutes=30)
    await watch.say(**{**GOOD, "heart_rate_bpm": 72})

    assert await column(session, "select changed_at from vitals_state") == [MORNING]
    assert await column(session, "select as_of from vitals_state") == [watch.now]
    assert await watch.newest("heart_rate_bpm") == [72.0]


async def test_readings_of_one_set_come_together_over_messages_and_processes(
    session: Session, desk: Desk
) -> None:
    """What one process heard counts in the score that another one makes."""
    one, other = Watch(session, desk), Watch(session, desk)
    await one.say(respiratory_rate_bpm=22, heart_rate_bpm=115)
    other.later(minutes=2)
    other._number = 50
    await other.say(spo2_pct=93)

    text = await column(session, "select record::text from vitals_alert")
    findings = {one.parameter: one for one in msgspec.json.decode(text[0], type=Alert).findings}
    assert findings["news2"].score == 6
    assert await one.alerts() == ["amber open"]


async def test_an_unconfirmed_red_is_on_the_board_at_once_with_its_reasons(
    watch: Watch, session: Session
) -> None:
    await watch.say(spo2_pct=86)

    assert await watch.alerts() == ["red open"]
    entries = [
        msgspec.json.decode(text, type=Entry)
        for text in await column(session, "select entry::text from decision order by id")
    ]
    reasons = [reason for entry in entries for reason in entry.reasons]
    assert any(one.rule.startswith("limit.") and one.version for one in reasons)
    assert any(one.inputs.get("value") == 86 for one in reasons)
    assert await count(session, "audit", "act = 'alarm_opened'") == 1
    assert await count(session, "alarm") == 0


async def test_a_red_that_nobody_takes_climbs_the_ward_and_then_reaches_the_operator(
    watch: Watch, session: Session
) -> None:
    await watch.say(spo2_pct=86)
    await watch.climb(9)
    assert await watch.alerts() == ["red open"]
    await watch.climb(1)
    assert await watch.alerts() == ["red open confirmed"]
    told = "select recipient from outbox where what = 'notice' order by made_at, recipient"
    assert await column(session, told) == ["patient", "ward"]
    assert await count(session, "vitals_task", "kind = 'call_patient' and state = 'open'") == 1

    await watch.climb(44)
    assert await count(session, "alarm") == 0
    await watch.climb(1)

    told_all = await column(session, told)
    assert "ward_lead" in told_all
    assert "ward_on_call" in told_all
    assert await column(session, "select kind || ' ' || state from alarm") == ["health open"]
    same = "select alarm.id = vitals_alert.id from alarm, vitals_alert"
    assert await column(session, same) == [True]


async def test_the_persons_plan_makes_the_provisional_referral_with_its_context(
    watch: Watch, session: Session, sessions: Sessions, desk: Desk
) -> None:
    persons = [{"id": "wc", "name": "Fictional WC", "born": "1951-05-01", "postcode": "LE1 1AA",
                "plan": {"deterioration": "at_once"}},
               {"id": "op", "name": "Fictional OP", "born": "1940-05-01"}]  # fmt: skip
    await admit(sessions, desk.rules, persons=persons)
    await watch.say(spo2_pct=86)
    await watch.climb(56)

    assert await column(session, "select state || ' ' || automatic from referral") == [
        "provisional true"
    ]
    bodies = await column(session, "select body::text from outbox where what = 'referral_request'")
    vitals = msgspec.json.decode(bodies[0])["vitals"]
    assert vitals["readings"]["spo2_pct"]["value"] == 86


async def test_a_lost_process_loses_no_timer(database: str, session: Session, desk: Desk) -> None:
    """Whoever comes back decides what became due meanwhile, each at its own time."""
    first = Watch(session, desk)
    await first.say(spo2_pct=86)
    await session.close()

    again = Session(lambda: database, "test-again")
    second = Watch(again, desk)
    second.later(hours=2)
    await second.tick()

    assert await second.alerts() == ["red open confirmed"]
    at = await column(again, "select at from decision where what = 'task_made' order by id limit 1")
    assert at == [MORNING + timedelta(minutes=10)]
    assert await column(again, "select kind from alarm") == ["health"]
    await again.close()


async def test_two_processes_on_one_person_lose_nothing(database: str, desk: Desk) -> None:
    mine = [Session(lambda: database, f"lane-{number}") for number in range(2)]
    watches = [Watch(session, desk) for session in mine]
    codes = ("respiratory_rate_bpm", "heart_rate_bpm", "systolic_mmhg", "temperature_c")
    values = (24, 115, 95, 38.5)

    async def tell(watch: Watch, first: int) -> None:
        watch._number = first
        for code, value in zip(codes[first // 100 :: 2], values[first // 100 :: 2], strict=True):
            await watch.hear(watch.message({code: value}))

    await asyncio.gather(tell(watches[0], 0), tell(watches[1], 100))

    keys = "select json_object_keys(newest) from vitals_state order by 1"
    assert await column(mine[0], keys) == sorted(codes)
    assert await count(mine[0], "vitals_state") == 1
    assert await count(mine[0], "vitals_alert") == 1
    for one in mine:
        await one.close()


async def test_due_people_are_taken_by_one_ticker_only(
    database: str, watch: Watch, session: Session
) -> None:
    await watch.say(spo2_pct=86)
    await watch.say("18", spo2_pct=85)
    watch.later(minutes=11)
    other = Session(lambda: database, "test-other")
    taken = await asyncio.gather(
        vitals_watch.take_due(session, watch.desk, watch.now),
        vitals_watch.take_due(other, watch.desk, watch.now),
    )

    assert sum(taken) >= 2
    assert await count(session, "vitals_task") == 2
    assert await count(session, "decision", "what = 'task_made'") == 2
    await other.close()


async def test_late_corrected_and_repeated_readings_change_what_they_say_and_no_more(
    watch: Watch, session: Session
) -> None:
    await watch.say(at="2026-11-02T06:50:00Z", spo2_pct=97)
    await watch.say(at="2026-11-02T06:40:00Z", spo2_pct=96)
    newest = "select newest -> 'spo2_pct' ->> 'at' from vitals_state"
    assert (await column(session, newest))[0].startswith("2026-11-02T06:50")

    await watch.say(at="2026-11-02T06:50:00Z", spo2_pct=86)
    assert await watch.alerts() == ["red open"]
    before = await count(session, "decision")
    message = watch.message({"heart_rate_bpm": 71})
    await watch.hear(message)
    again = await watch.hear(message)

    assert [verdict.repeat for _, verdict in again.answers] == [True]
    assert await count(session, "measurement", "code = 'heart_rate_bpm'") == 1
    assert await watch.alerts() == ["red open"]
    assert await count(session, "decision") >= before


async def test_a_state_that_cannot_be_read_harms_one_person_only_and_is_loud(
    watch: Watch, session: Session
) -> None:
    await watch.say(**GOOD)
    await watch.say("18", **GOOD)
    async with session.transaction() as connection:
        await connection.execute(
            "update vitals_state set state = '{\"person\": 7}', next_due_at = %s"
            " where person_id = %s",
            (MORNING, WC),
        )
    watch.later(minutes=5)
    taken = await watch.hear(watch.message({"spo2_pct": 85}), watch.message({"spo2_pct": 84}, "18"))
    await watch.tick()

    assert [verdict.result for _, verdict in taken.answers] == ["stored", "stored"]
    assert await count(session, "measurement", "value = 85") == 1
    assert await column(session, "select person_id from vitals_alert") == [OP]
    told = "select subject_id::text || ' ' || kind from alarm where state = 'open'"
    assert await column(session, told) == [f"{WC} technical"]
    kept = "select state ->> 'person' from vitals_state where broken_at is not null"
    assert await column(session, kept) == ["7"]


async def test_a_broken_person_is_told_again_only_after_a_while(
    watch: Watch, session: Session
) -> None:
    await watch.say(**GOOD)
    async with session.transaction() as connection:
        await connection.execute("update vitals_state set state = '[]'")
    for _ in range(5):
        watch.later(minutes=1)
        await watch.say(spo2_pct=95)
    assert await count(session, "inbox") == 1

    watch.later(minutes=15)
    await watch.say(spo2_pct=95)
    assert await count(session, "inbox") == 2


async def test_an_alert_that_opened_and_closed_while_nobody_looked_is_in_the_history(
    watch: Watch, session: Session, sessions: Sessions, desk: Desk
) -> None:
    """A reading after an outage: it was missing, and has come, in one decision."""
    slot = {"what": "temperature_c", "times": ["10:00"], "grace_min": 60}
    await admit(sessions, desk.rules, {"person": "wc", "ward": "east", "schedule": [slot]})
    await watch.tick()
    watch.later(hours=5)
    await watch.say(temperature_c=36.5)

    assert await watch.alerts() == ["amber closed confirmed"]
    lasted = await column(session, "select closed_at - opened_at from vitals_alert")
    assert lasted == [timedelta(minutes=56)]


async def test_a_plan_is_taken_up_by_whoever_looks_next(
    watch: Watch, session: Session, sessions: Sessions, desk: Desk
) -> None:
    await watch.say(spo2_pct=97)
    await admit(sessions, desk.rules, COPD)
    await watch.tick()

    plan = "select state -> 'plan' ->> 'pathway' from vitals_state"
    assert await column(session, plan) == ["copd"]
    assert await column(session, "select plan_revision from vitals_state") == [1]
    watch.later(minutes=5)
    await watch.say(spo2_pct=87)
    assert await column(session, "select ward_id from vitals_alert") == ["east"]


async def test_where_the_person_is_stands_on_their_record(watch: Watch, session: Session) -> None:
    async with session.transaction() as connection:
        await connection.execute("update person set status = 'in_hospital' where id = %s", (WC,))
    await watch.say(spo2_pct=80)
    await watch.climb(60)

    assert len(await watch.alerts()) == 1
    assert await count(session, "alarm") == 0
    assert await count(session, "outbox", "recipient = 'patient'") == 0


async def test_many_messages_of_one_batch_are_decided_in_their_order(
    watch: Watch, session: Session
) -> None:
    batch = [watch.message({"spo2_pct": 97, "heart_rate_bpm": 60 + n}) for n in range(30)]
    await watch.hear(*batch)

    assert await watch.newest("heart_rate_bpm") == [89.0]
    assert await count(session, "measurement") == 60
