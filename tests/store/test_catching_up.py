"""After an outage of weeks what fell due meanwhile is decided in slices that commit."""

from datetime import datetime, timedelta

import msgspec
import pytest

from alerts.case import Case
from alerts.decide import TIMERS_AT_ONCE
from gateway import intake, ticker
from gateway.placing import Desk
from gateway.store.connect import Session
from tests.databases import MORNING
from tests.store.messages import arrival, column

MONTH = timedelta(days=31)
MAX_ROUNDS = 500


async def as_of(session: Session) -> datetime:
    (state,) = await column(session, "select state::text from subject where state is not null")
    return msgspec.json.decode(state, type=Case).as_of


@pytest.mark.usefixtures("enrolled")
async def test_a_case_left_alone_for_a_month_is_caught_up_with_in_several_commits(
    session: Session, desk: Desk
) -> None:
    fall = arrival({"id": "1-1", "activation": "fall", "still_s": 20})
    await intake.take(session, [fall], desk, MORNING)
    now = MORNING + MONTH
    reached = [await as_of(session)]
    while await ticker.take_due(session, desk, now) and len(reached) < MAX_ROUNDS:
        reached.append(await as_of(session))

    assert reached[-1] == now
    assert len(reached) > 2, "in one transaction it would take longer than the server waits"
    assert reached == sorted(set(reached)), "every round gets further"
    (most,) = await column(
        session,
        "select max(count) from (select count(*) from decision group by xmin::text) as rounds",
    )
    assert most <= 3 * TIMERS_AT_ONCE
