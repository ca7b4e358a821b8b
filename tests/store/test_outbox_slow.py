"""A receiver that does not answer holds up nobody else's messages."""

import asyncio
from datetime import datetime
from typing import Literal

import pytest

from gateway import enrol, intake
from gateway.clock import StoryClock
from gateway.outbox import Dispatcher
from gateway.placing import Desk
from gateway.senders.desk import desk_sender
from gateway.store.connect import Session, Sessions
from gateway.store.outbox import Message
from tests.databases import MORNING
from tests.store.messages import LINE, count, press, roll

WAIT_S = 60.0
LOOK_S = 0.02
NAMES = ("a", "b")


@pytest.fixture
async def two(sessions: Sessions) -> enrol.Enrolled:
    people = [
        {"id": one, "name": f"Fictional {one}", "postcode": "LE1 1AA", "plan": {"press": "at_once"}}
        for one in NAMES
    ]
    units = [{"line": LINE, "sender": one, "person": one} for one in NAMES]
    return await enrol.enrol(sessions, roll(persons=people, devices=units), MORNING)


@pytest.mark.usefixtures("two")
async def test_a_referral_does_not_wait_for_anothers_receiver_that_hangs(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    hanging, ended = asyncio.Event(), asyncio.Event()
    deliver = desk_sender(sessions)

    async def hangs_at_first(message: Message, now: datetime) -> None:
        if hanging.is_set():
            await deliver(message, now)
            return
        hanging.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    senders = {"referral_request": hangs_at_first}
    dispatcher = Dispatcher(sessions, senders, desk, StoryClock(MORNING), asyncio.Event())
    running = asyncio.create_task(dispatcher.run())
    try:
        async with asyncio.timeout(WAIT_S):
            await intake.take(session, [press(device="a")], desk, MORNING)
            await hanging.wait()
            await intake.take(session, [press(device="b")], desk, MORNING)
            while not await count(session, "desk_delivery"):  # noqa: ASYNC110 - tells nobody
                await asyncio.sleep(LOOK_S)
        assert not ended.is_set(), "the second referral waited for the first one's receiver"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert ended.is_set(), "what was on its way ends with the dispatcher"


class Looked(asyncio.Event):
    """An event that says when somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = asyncio.Event()

    async def wait(self) -> Literal[True]:
        self.waits.set()
        return await super().wait()


@pytest.mark.parametrize("turns", range(6))
async def test_a_dispatcher_that_is_woken_as_it_is_stopped_stops(
    sessions: Sessions, desk: Desk, turns: int
) -> None:
    wake = Looked()
    running = asyncio.create_task(Dispatcher(sessions, {}, desk, StoryClock(MORNING), wake).run())
    await wake.waits.wait()
    wake.set()
    for _ in range(turns):
        await asyncio.sleep(0)  # other tasks have so many turns between the two
    running.cancel()
    await asyncio.wait([running], timeout=WAIT_S)
    assert running.cancelled()
