"""What is taken out of the outbox first when more waits than can be sent at once."""

from datetime import timedelta

import pytest

from gateway import intake, ticker
from gateway.placing import Desk
from gateway.store import outbox
from gateway.store.connect import Session
from tests.databases import MORNING
from tests.store.messages import count, press

CLIMBED = MORNING + timedelta(minutes=10)
LATER = CLIMBED + timedelta(minutes=1)


@pytest.mark.usefixtures("enrolled")
async def test_a_referral_is_not_kept_waiting_by_older_notices(
    session: Session, desk: Desk
) -> None:
    await intake.take(session, [press(device="18")], desk, MORNING)
    await ticker.take_due(session, desk, CLIMBED)
    assert await count(session, "outbox", "what = 'notice'") > 0, "nobody took it"
    await intake.take(session, [press(device="17", at=LATER)], desk, LATER)

    async with session.transaction() as connection:
        claimed = await outbox.claim(connection, LATER, lease_s=10, limit=1)

    assert [one.what for one in claimed] == ["referral_request"]
