"""A process that is frozen in mid-transaction holds up nobody for long and harms nothing later.

A child runs the gateway's own functions and is stopped (SIGSTOP) at one exact step; a lane's
worker here, with the watcher of frozen sessions beside it, takes the same message again, a new
press of the same person, and a press of somebody else. `python ops/torture.py --freeze` measures
how long that takes; here is only what must be true.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from devices.model import Lane
from gateway import enrol, intake, ticker, vitals_intake
from gateway.arrivals import Arrival, Verdict
from gateway.clock import Clock, StoryClock
from gateway.intake import Taken
from gateway.lanes import LaneQueue, LaneWorker, Sight
from gateway.outbox import LEASE_S, Dispatcher
from gateway.placing import Desk
from gateway.senders.desk import desk_sender
from gateway.store.connect import Session, Sessions
from ops.chaos.freeze import message_of, press
from ops.chaos.frozen import Frozen, Message, Order, Step
from tests.databases import ORGANISATION
from tests.store.messages import LINE, column, count, roll

ANSWER_S = 60.0
LOOK_EVERY_S = 0.2
VICTIM, OTHER = "victim", "other"
NAMES = (VICTIM, OTHER, "victim-0", "victim-1", "victim-2")


class House:
    """A gateway's lanes over the test's database, and the watcher that ends frozen sessions."""

    def __init__(self, dsn: str, desk: Desk) -> None:
        self.dsn, self.desk = dsn, desk
        self.order: list[str] = []
        self.queues = {lane: LaneQueue(lane) for lane in Lane}
        self.sessions = {lane: Session(lambda: dsn, lane.value) for lane in Lane}

    async def take_alarms(self, batch: Sequence[Arrival]) -> Taken:
        return await intake.take(self.sessions[Lane.ALARM], batch, self.desk, datetime.now(UTC))

    async def take_vitals(self, batch: Sequence[Arrival]) -> Taken:
        session = self.sessions[Lane.VITALS]
        return await vitals_intake.take(session, batch, [], self.desk, datetime.now(UTC))

    async def watch(self) -> None:
        watcher = Session(lambda: self.dsn, "watcher")
        try:
            while True:
                await ticker.end_frozen(watcher)
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            await watcher.close()

    async def hear(self, name: str, message: Message) -> Verdict:
        """Give a message to its lane and wait for the answer."""
        answered: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()

        def done(verdict: Verdict) -> None:
            self.order.append(name)
            answered.set_result(verdict)

        one = dataclasses.replace(message.arrival(datetime.now(UTC)), done=done)
        self.queues[one.lane].put(one)
        return await asyncio.wait_for(answered, ANSWER_S)


@asynccontextmanager
async def running(*work: Awaitable[None]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def house(database: str, desk: Desk, sessions: Sessions) -> AsyncIterator[House]:
    await enrol.enrol(sessions, people(), datetime.now(UTC))
    house = House(database, desk)
    takes: dict[Lane, Callable[[Sequence[Arrival]], Awaitable[Taken]]] = {
        Lane.ALARM: house.take_alarms,
        Lane.VITALS: house.take_vitals,
    }
    workers = [LaneWorker(house.queues[lane], takes[lane], Sight()).run() for lane in Lane]
    async with running(house.watch(), *workers):
        yield house
    for session in house.sessions.values():
        await session.close()


def people() -> enrol.Roll:
    """Give people whose press is referred at once, with pendants of the same names."""
    return roll(
        persons=[
            {"id": one, "name": f"Fictional {one}", "postcode": "LE1 1AA",
             "plan": {"press": "at_once"}}
            for one in NAMES
        ],
        devices=[{"line": LINE, "sender": one, "person": one} for one in NAMES],
    )  # fmt: skip


def order(house: House, step: Step) -> Order:
    return Order(step, house.dsn, str(ORGANISATION), message_of(step, VICTIM))


async def test_processes_frozen_with_cases_locked_keep_only_those_cases_waiting(
    house: House, session: Session
) -> None:
    steps = (Step.LOCKED, Step.CLAIMED, Step.SAVED)
    victims = [f"victim-{number}" for number in range(len(steps))]

    async def suffer(step: Step, victim: str) -> tuple[Sequence[Verdict], str]:
        message = message_of(step, victim)
        frozen = await Frozen.at(Order(step, house.dsn, str(ORGANISATION), message))
        try:
            other = house.hear(f"other than {victim}", press(f"for-{victim}", OTHER))
            mine = (house.hear(victim, message), house.hear(victim, press("2-1", victim)))
            return await asyncio.gather(*mine, other), await frozen.thaw()
        finally:
            await frozen.end()

    found = await asyncio.gather(*map(suffer, steps, victims))

    for (answers, ended), victim in zip(found, victims, strict=True):
        assert [(one.result, one.repeat) for one in answers] == [("stored", False)] * 3
        assert house.order.index(f"other than {victim}") < house.order.index(victim)
        assert ended == "StoreUnavailable", "the frozen one must not commit or answer any more"
        await is_whole(session, victim)


async def test_a_ticker_frozen_with_what_is_due_keeps_only_that_waiting(
    house: House, session: Session
) -> None:
    await house.hear("before", press("0-1", VICTIM))
    frozen = await Frozen.at(order(house, Step.TICKING))
    try:
        again, anew, _ = await asyncio.gather(
            house.hear("again", press("0-1", VICTIM)),
            house.hear("anew", press("2-1", VICTIM)),
            house.hear("other", press("2-1", OTHER)),
        )
        ended = await frozen.thaw()
    finally:
        await frozen.end()

    assert (again.repeat, anew.repeat) == (True, False)
    assert house.order.index("other") < house.order.index("again")
    assert ended == "StoreUnavailable", "what it decided for a time to come must not be kept"
    await is_whole(session)


async def test_what_a_process_committed_before_it_froze_is_answered_by_another(
    house: House, session: Session
) -> None:
    frozen = await Frozen.at(order(house, Step.COMMITTED))
    try:
        again = await house.hear("again", order(house, Step.COMMITTED).message)
        await house.hear("anew", press("2-1", VICTIM))
        await house.hear("other", press("2-1", OTHER))
        ended = await frozen.thaw()
    finally:
        await frozen.end()

    assert (again.result, again.repeat) == ("stored", True)
    assert ended == "done"
    await is_whole(session)


async def test_a_process_frozen_in_mid_copy_keeps_no_press_waiting_and_loses_its_locks(
    house: House, session: Session
) -> None:
    frozen = await Frozen.at(order(house, Step.COPYING))
    try:
        again, *_ = await asyncio.gather(
            house.hear("again", order(house, Step.COPYING).message),
            house.hear("anew", press("2-1", VICTIM)),
            house.hear("other", press("2-1", OTHER)),
        )
        ended = await frozen.thaw()
    finally:
        await frozen.end()

    assert house.order[-1] == "again", "presses do not wait for the vitals lane"
    assert (again.result, again.repeat) == ("stored", False)
    assert ended == "StoreUnavailable"
    assert await count(session, "measurement") == 1


@pytest.mark.parametrize("step", [Step.CLAIMING, Step.SENDING])
async def test_a_referral_whose_sender_froze_is_delivered_by_another_and_is_one_referral(
    house: House, session: Session, sessions: Sessions, step: Step
) -> None:
    await house.hear("before", press("0-1", VICTIM))
    frozen = await Frozen.at(order(house, step))
    try:
        dispatcher = Dispatcher(
            sessions, {"referral_request": desk_sender(sessions)}, house.desk,
            clock_of(step), asyncio.Event(),
        )  # fmt: skip
        async with asyncio.timeout(ANSWER_S):
            while await count(session, "desk_delivery") == 0:
                await dispatcher.once()
                await asyncio.sleep(LOOK_EVERY_S)
        ended = await frozen.thaw()
    finally:
        await frozen.end()

    assert ended == ("done" if step is Step.SENDING else "StoreUnavailable")
    assert await count(session, "referral") == 1
    sent = "select deliveries from desk_delivery"
    assert await column(session, sent) == [2 if step is Step.SENDING else 1]
    ends = "select state from outbox where what = 'referral_request'"
    assert await column(session, ends) == ["sent"]


def clock_of(step: Step) -> Clock:
    """A lease that was committed runs out by the clock; nobody here waits for that."""
    late = timedelta(seconds=LEASE_S + 1) if step is Step.SENDING else timedelta()
    return StoryClock(datetime.now(UTC) + late)


async def is_whole(session: Session, victim: str = VICTIM) -> None:
    """Two presses of one person: kept once each, in one alarm, with one referral."""
    about = f"subject_id = '{subject(victim)}'"
    signals = f"select (record->>'signals')::int from alarm where {about}"  # noqa: S608 - our own words
    assert await column(session, signals) == [2]
    assert await count(session, "referral", about) == 1
    assert await count(session, "packet", f"lane = 'alarm' and sender = '{victim}'") == 2
    assert await count(session, "receipt", f"sender = '{victim}'") == 2


def subject(name: str) -> UUID:
    return enrol.person_id(ORGANISATION, name)
