"""The outbox: referrals and notices out, in order, until somebody has them.

Only the head of a stream is claimed, so a withdrawal never overtakes its referral. A lease is at
least twice the longest request, and an attempt whose lease ran out can change nothing any more.
What a sender reports goes to the case in the transaction that ends the message. Requests are
idempotent by referral id; notices are at-least-once and say so.

A referral that cannot be delivered by GIVE_UP_S is reported to the case as failed: it becomes a
phone task in front of an operator.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from alerts.events import DeliveryEvent
from alerts.words import DeliveryAct
from gateway import casework, metrics, supervision
from gateway.clock import Clock
from gateway.errors import CannotDecide, DeliveryError, GatewayError, StoreBusy, StoreUnavailable
from gateway.log import place
from gateway.placing import Desk
from gateway.senders import Sender
from gateway.store import cases
from gateway.store import outbox as store
from gateway.store.connect import Connection, Dsn, Sessions
from gateway.store.listen import notifications
from gateway.store.outbox import Message
from gateway.store.save import OUTBOX_CHANNEL, save

log = structlog.get_logger()

LIMIT = 16
MAX_GOING = 32
REQUEST_S = 5.0
LEASE_S = 2 * REQUEST_S + 2.0
IDLE_S = 0.5
BACKOFF_S = (0.5, 1.0, 2.0, 4.0, 8.0)
GIVE_UP_S = 60.0
NOTICE_GIVE_UP_S = 3_600.0
NAMES = {
    "referral_request": "The referral was not delivered",
    "referral_update": "A change of the referral was not delivered",
    "referral_withdrawal": "The withdrawal of the referral was not delivered",
}


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Takes messages out of the outbox to their senders.

    `senders` maps what a message is (`referral_request`, `notice`, …) and, after a slash, how its
    recipient wants it (`referral_request/desk`), to a sender.
    """

    sessions: Sessions
    senders: Mapping[str, Sender]
    desk: Desk
    clock: Clock
    wake: asyncio.Event

    async def run(self) -> None:
        """Work until cancelled; woken when something was put into the outbox.

        Nobody waits for a receiver that does not answer but its own message.
        """
        going: set[asyncio.Task[None]] = set()
        try:
            while True:
                claimed = await self._claimed(min(LIMIT, MAX_GOING - len(going)))
                for message in claimed:
                    task = asyncio.create_task(self._send_surely(message))
                    going.add(task)
                    task.add_done_callback(going.discard)
                if not claimed:
                    # Looks again after a while: another process may have put something there.
                    # No wait_for: that of Python 3.11 forgets being cancelled when both meet.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(IDLE_S):
                            await self.wake.wait()
                    self.wake.clear()
        finally:
            for task in going:
                task.cancel()
            await asyncio.gather(*going, return_exceptions=True)

    async def once(self) -> int:
        """Send what may be sent now; give how many messages were claimed."""
        claimed = await self._claim(LIMIT)
        if claimed:
            await asyncio.gather(*(self._send(message) for message in claimed))
        return len(claimed)

    async def _claim(self, limit: int) -> list[Message]:
        async with self.sessions.transaction() as connection:
            return await store.claim(connection, self.clock.now(), lease_s=LEASE_S, limit=limit)

    async def _claimed(self, limit: int) -> list[Message]:
        if limit <= 0:
            return []
        try:
            return await self._claim(limit)
        except (StoreUnavailable, StoreBusy):
            return []
        except Exception as error:  # noqa: BLE001 - the dispatcher must not die in silence
            _note_failure(error)
            return []

    async def _send_surely(self, message: Message) -> None:
        try:
            await self._send(message)
        except Exception as error:  # noqa: BLE001 - its lease runs out, and it is tried again
            _note_failure(error)

    async def _send(self, message: Message) -> None:
        sender = self.senders.get(f"{message.what}/{message.body.get('delivery', '')}")
        sender = sender or self.senders.get(message.what)
        try:
            if sender is None:
                await self._no_route(message)
                return
            async with asyncio.timeout(REQUEST_S):
                await sender(message, self.clock.now())
        except (DeliveryError, StoreUnavailable, StoreBusy, TimeoutError) as error:
            await self._failed(message, error)
        except Exception as error:  # noqa: BLE001 - a sender that breaks is a failed delivery
            log.error("a sender failed", what=message.what, error=place(error))
            await self._failed(message, error)
        else:
            metrics.outbox_sent.labels(what=message.what).inc()
            await self._finish(message, "sent", DeliveryAct.ACKNOWLEDGED)

    async def _failed(self, message: Message, error: Exception) -> None:
        now = self.clock.now()
        again = not isinstance(error, DeliveryError) or error.again
        metrics.outbox_failed.labels(what=message.what, again=str(again).lower()).inc()
        problem = _problem(error)
        # A receiver that asks for a wait beyond our patience has said no: a person telephones now.
        asked_s = (isinstance(error, DeliveryError) and error.after_s) or 0.0
        if again and now + timedelta(seconds=asked_s) < _give_up_at(message):
            wait_s = max(BACKOFF_S[min(message.attempt, len(BACKOFF_S)) - 1], asked_s)
            try:
                async with self.sessions.transaction() as connection:
                    await store.give_back(
                        connection, message, now + timedelta(seconds=wait_s), problem
                    )
            except (StoreUnavailable, StoreBusy):
                pass  # its lease runs out, and it is tried again then
            return
        await self._finish(message, "failed", DeliveryAct.FAILED, problem)

    async def _no_route(self, message: Message) -> None:
        log.warning(
            "nobody is set up to receive this; name a notice webhook in the settings",
            what=message.what,
            recipient=message.recipient if message.what == "notice" else None,
        )
        problem = f"no sender for {message.what}"
        await self._finish(message, "no_route", DeliveryAct.FAILED, problem)

    async def _finish(
        self, message: Message, state: str, act: DeliveryAct, problem: str | None = None
    ) -> None:
        """End the message, and tell its case in the same transaction."""
        for _ in range(len(BACKOFF_S)):
            try:
                async with self.sessions.transaction() as connection:
                    await self._end(connection, message, state, act, problem)
            except StoreBusy:
                await asyncio.sleep(0.05)
            except StoreUnavailable:
                return  # its lease runs out; sending again is idempotent
            except Exception as error:  # noqa: BLE001 - or it would be sent again for ever
                log.critical("a case cannot be told; an operator is", error=place(error))
                await self._end_untold(message, state, problem, error)
                return
            else:
                self.wake.set()
                return

    async def _end_untold(
        self, message: Message, state: str, problem: str | None, error: Exception
    ) -> None:
        """End a message whose case breaks when it is told; an operator is told instead."""
        now = self.clock.now()
        what = f"{type(error).__name__} at {message.what}, which is {state}"
        broken = CannotDecide(message.subject_id, what)
        with suppress(StoreUnavailable, StoreBusy):  # its lease runs out, and it comes here again
            async with self.sessions.transaction() as connection:
                if await store.end(connection, message, state, now, problem):
                    await supervision.report_broken_case(connection, broken, self.desk, now)

    async def _end(
        self,
        connection: Connection,
        message: Message,
        state: str,
        act: DeliveryAct,
        problem: str | None,
    ) -> None:
        now = self.clock.now()
        subject = await cases.lock_one(connection, message.subject_id)
        if not await store.end(connection, message, state, now, problem):
            return
        if subject is None or not message.what.startswith("referral_"):
            return
        event = DeliveryEvent(
            at=now,
            delivery=message.recipient,
            do=act,
            referral=str(message.referral_id),
            text=f"{NAMES[message.what]}: {problem or state}",
        )
        if message.what != "referral_request" and act is DeliveryAct.ACKNOWLEDGED:
            return
        facts = await cases.read_facts(connection, [subject], now)
        inputs = {subject.id: casework.Inputs(events=(event,), actor="gateway")}
        decided = casework.work([subject], facts, inputs, self.desk.rules, now)
        await save(connection, decided, now, self.desk.audit_key)


async def wake_on_news(dsn: Dsn, wake: asyncio.Event) -> None:
    """Wake the dispatcher when any process has put something into the outbox; until cancelled."""
    async for _ in notifications(dsn, OUTBOX_CHANNEL):
        wake.set()


def _note_failure(error: Exception) -> None:
    metrics.worker_failures.labels(worker="outbox").inc()
    log.error("the dispatcher failed", error=place(error))


def _problem(error: Exception) -> str:
    """Say what failed, in words of ours only: a stranger's text may name the person."""
    if isinstance(error, GatewayError):
        return str(error)[:500]
    if isinstance(error, TimeoutError):
        return f"No answer within {REQUEST_S:g} s. Telephone now."
    return f"An error of our own ({type(error).__name__}). Telephone now, then tell an engineer."


def _give_up_at(message: Message) -> datetime:
    limit_s = GIVE_UP_S if message.what.startswith("referral_") else NOTICE_GIVE_UP_S
    return message.made_at + timedelta(seconds=limit_s)
