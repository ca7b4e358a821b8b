"""What goes out: in order, under a lease, until somebody has it or a person is told."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from alerts.events import OperatorEvent
from alerts.words import OperatorAct
from gateway import acts, enrol, intake
from gateway import outbox as outbox_module
from gateway.clock import StoryClock
from gateway.errors import DeliveryError
from gateway.outbox import Dispatcher
from gateway.placing import Desk
from gateway.senders import Sender
from gateway.senders.desk import desk_sender
from gateway.senders.phone import by_phone
from gateway.store import outbox as store
from gateway.store.connect import Session, Sessions
from gateway.store.listen import notifications
from gateway.store.outbox import Message
from gateway.store.save import OUTBOX_CHANNEL
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import column, count, press

pytestmark = pytest.mark.usefixtures("enrolled")

WC = enrol.person_id(ORGANISATION, "wc")


@dataclass
class Receiver:
    """A receiver that keeps what it got and fails when told to."""

    failing: DeliveryError | None = None
    got: list[Message] = field(default_factory=list)

    async def __call__(self, message: Message, now: datetime) -> None:
        del now
        if self.failing is not None:
            raise self.failing
        self.got.append(message)


def dispatcher(
    sessions: Sessions, desk: Desk, clock: StoryClock, senders: Mapping[str, Sender]
) -> Dispatcher:
    return Dispatcher(sessions, senders, desk, clock, asyncio.Event())


async def pressed(session: Session, desk: Desk) -> UUID:
    """Let WC press; give the id of the referral."""
    await intake.take(session, [press()], desk, MORNING)
    found: list[UUID] = await column(session, "select id from referral")
    return found[0]


async def withdraw(sessions: Sessions, session: Session, desk: Desk, now: datetime) -> None:
    (alarm,) = await column(session, "select id::text from alarm where kind = 'help'")
    for do, reason in ((OperatorAct.TAKE, None), (OperatorAct.WITHDRAW, "spoke to her, is well")):
        event = OperatorEvent(at=now, operator="op1", do=do, alarm=alarm, reason=reason)
        acted = await acts.act(sessions, WC, event, desk, now, actor="operator:op1")
        assert acted is not None
        assert acted.refused is None


async def test_a_press_is_acknowledged_by_the_built_in_desk(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    referral = await pressed(session, desk)
    clock = StoryClock(MORNING)
    await dispatcher(sessions, desk, clock, {"referral_request": desk_sender(sessions)}).once()

    assert await column(session, "select referral_id from desk_delivery") == [referral]
    assert await count(session, "referral", "state = 'received' and received_at is not null") == 1
    assert await count(session, "outbox", "what = 'referral_request' and state = 'sent'") == 1


async def test_a_second_delivery_is_counted_and_is_no_second_referral(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await pressed(session, desk)
    send = desk_sender(sessions)
    async with sessions.transaction() as connection:
        claimed = await store.claim(connection, MORNING, lease_s=10, limit=10)
    (request,) = [one for one in claimed if one.what == "referral_request"]
    await send(request, MORNING)
    await send(request, MORNING)

    assert await column(session, "select deliveries from desk_delivery") == [2]


async def test_a_withdrawal_never_overtakes_its_referral(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await pressed(session, desk)
    await withdraw(sessions, session, desk, MORNING + timedelta(seconds=5))
    clock = StoryClock(MORNING + timedelta(seconds=6))
    failing = Receiver(DeliveryError("away"))
    sender = {"referral_request": failing, "referral_withdrawal": failing}
    await dispatcher(sessions, desk, clock, sender).once()
    assert failing.got == []

    failing.failing = None
    clock.forward_to(MORNING + timedelta(seconds=12))
    for _ in range(3):
        await dispatcher(sessions, desk, clock, sender).once()

    assert [one.what for one in failing.got] == ["referral_request", "referral_withdrawal"]


async def test_a_lease_keeps_others_away_until_it_runs_out(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await pressed(session, desk)

    async def claim(seconds: float) -> list[str]:
        now = MORNING + timedelta(seconds=seconds)
        async with sessions.transaction() as connection:
            claimed = await store.claim(connection, now, lease_s=12, limit=10)
            return sorted(one.what for one in claimed if one.what == "referral_request")

    assert [await claim(0), await claim(11), await claim(12)] == [
        ["referral_request"],
        [],
        ["referral_request"],
    ]


async def test_an_attempt_whose_lease_ran_out_changes_nothing(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await pressed(session, desk)

    async def claimed(seconds: float) -> Message:
        now = MORNING + timedelta(seconds=seconds)
        async with sessions.transaction() as connection:
            found = await store.claim(connection, now, lease_s=12, limit=10)
        return next(one for one in found if one.what == "referral_request")

    slow, quick = await claimed(0), await claimed(20)
    async with sessions.transaction() as connection:
        assert not await store.end(connection, slow, "failed", MORNING)
        assert await store.end(connection, quick, "sent", MORNING)


async def test_a_dead_receiver_puts_the_case_before_an_operator_with_a_phone_task(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await pressed(session, desk)
    clock = StoryClock(MORNING)
    away = dispatcher(sessions, desk, clock, {"referral_request": Receiver(DeliveryError("away"))})
    for seconds in range(0, 90, 10):
        clock.forward_to(MORNING + timedelta(seconds=seconds))
        await away.once()

    assert await count(session, "outbox", "what = 'referral_request' and state = 'failed'") == 1
    assert await count(session, "referral", "state = 'phone_task'") == 1
    assert await count(session, "task", "kind = 'phone_referral' and state = 'open'") == 1


async def test_a_refusal_that_cannot_change_is_not_tried_again(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await pressed(session, desk)
    refused = Receiver(DeliveryError("422", again=False))
    await dispatcher(sessions, desk, StoryClock(MORNING), {"referral_request": refused}).once()

    assert await count(session, "task", "kind = 'phone_referral' and state = 'open'") == 1


async def test_a_message_without_a_route_is_loud_and_not_retried(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await pressed(session, desk)
    nobody = dispatcher(sessions, desk, StoryClock(MORNING), {})
    while await nobody.once():
        pass

    assert await count(session, "outbox", "state = 'waiting'") == 0
    assert await count(session, "outbox", "state = 'no_route'") > 0
    assert await count(session, "task", "kind = 'phone_referral' and state = 'open'") == 1


def test_a_lease_outlasts_the_longest_request_twice() -> None:
    assert outbox_module.LEASE_S >= 2 * outbox_module.REQUEST_S


async def test_consoles_hear_of_a_delivery_and_dispatchers_of_a_new_message(
    database: str, session: Session, sessions: Sessions, desk: Desk
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def listen(channel: str, ready: asyncio.Event) -> None:
        async for _ in notifications(lambda: database, channel):
            if ready.is_set():
                heard.put_nowait(channel)
            ready.set()

    channels = ("lifeline_alarm", OUTBOX_CHANNEL)
    ready = [asyncio.Event() for _ in channels]
    listeners = [
        asyncio.create_task(listen(channel, event))
        for channel, event in zip(channels, ready, strict=True)
    ]
    await asyncio.gather(*(event.wait() for event in ready))
    await pressed(session, desk)
    await dispatcher(
        sessions, desk, StoryClock(MORNING), {"referral_request": desk_sender(sessions)}
    ).once()
    missing = ["lifeline_alarm", "lifeline_alarm", OUTBOX_CHANNEL]
    async with asyncio.timeout(30):
        while missing:
            channel = await heard.get()
            if channel in missing:
                missing.remove(channel)
    for listener in listeners:
        listener.cancel()


async def test_a_service_reached_by_telephone_only_is_a_phone_task_at_once(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await pressed(session, desk)
    await dispatcher(sessions, desk, StoryClock(MORNING), {"referral_request": by_phone}).once()

    assert await count(session, "task", "kind = 'phone_referral' and state = 'open'") == 1
    assert await count(session, "outbox", "problem like '%by telephone only%'") == 1
