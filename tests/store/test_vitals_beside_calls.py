"""Vital signs beside calls for help, on a real database: neither holds the other up."""

from typing import Any

import pytest

from gateway import intake, vitals_watch
from gateway.placing import Desk
from gateway.store.connect import Session, Sessions
from tests.store.messages import arrival, column, count, press, up
from tests.store.vitals_house import GOOD, WC, Watch

pytestmark = pytest.mark.usefixtures("enrolled")


@pytest.fixture
def watch(session: Session, desk: Desk) -> Watch:
    return Watch(session, desk)


async def test_readings_beside_a_call_reach_the_vitals_half_by_the_ticker(
    watch: Watch, session: Session
) -> None:
    body: dict[str, Any] = {"id": "1-1", "activation": "pendant", "vitals": {"spo2_pct": 84}}
    await intake.take(session, [arrival(body)], watch.desk, watch.now)
    assert await count(session, "vitals_state") == 0
    assert await count(session, "vitals_inbox") == 1

    await watch.tick()

    assert await count(session, "vitals_inbox") == 0
    assert await watch.alerts() == ["red open"]


async def test_answers_to_a_script_reach_the_open_call_and_others_do_not(
    watch: Watch, session: Session
) -> None:
    await intake.take(session, [press()], watch.desk, watch.now)
    watch.later(seconds=20)
    mood, confused = {"id": "9-1", "answers": {"mood": "low"}}, {"confusion.now": True}
    await watch.hear(up(mood, at=watch.now))
    assert await count(session, "inbox") == 0

    await watch.hear(up({"id": "9-2", "answers": confused}, at=watch.now))
    assert await count(session, "inbox") == 1
    await watch.tick()

    given = await column(session, "select record -> 'answers' ->> 'confusion.now' from alarm")
    assert given == ["yes"]
    assert await count(session, "task", "kind = 'ring_back'") == 1


async def test_a_backlog_of_vitals_does_not_hold_up_a_press(
    database: str, watch: Watch, session: Session
) -> None:
    """The vitals lane holds no lock that the alarm lane needs, not even on the same person."""
    await watch.say(**GOOD)
    lane = Session(lambda: database, "alarm lane")
    async with session.transaction() as busy:
        await busy.execute("select from vitals_state for no key update")
        await busy.execute("select from device_heard for no key update")
        taken = await intake.take(lane, [press()], watch.desk, watch.now)

    assert [verdict.result for _, verdict in taken.answers] == ["stored"]
    assert await count(session, "alarm", "kind = 'help'") == 1
    await lane.close()


async def test_a_held_case_does_not_hold_up_a_deterioration(
    watch: Watch, session: Session, sessions: Sessions
) -> None:
    """Handing over needs no lock of the case: it waits in the inbox."""
    await watch.say(spo2_pct=86)
    watch.later(minutes=56)
    async with sessions.transaction() as other:
        await other.execute("select from subject where id = %s for no key update", (WC,))
        await vitals_watch.take_due(session, watch.desk, watch.now)
        assert await count(session, "inbox", "body -> 'signal' ->> 'kind' = 'deterioration'") == 1


async def test_without_the_vitals_half_readings_are_stored_and_nothing_more(
    session: Session, desk: Desk
) -> None:
    watch = Watch(session, desk)
    watch.desk = desk
    await watch.say(spo2_pct=60)

    assert await count(session, "measurement") == 1
    assert await count(session, "vitals_state") == 0
