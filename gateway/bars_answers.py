"""What services answer to BaRS-shaped referrals, brought to the case once (CLINICAL 3.5).

One transaction: the case is locked, the answer's id is claimed in `receipt` (line `bars`), the case
decides, all is saved. A repeat finds its receipt and changes nothing; an answer whose transaction
was lost left no receipt, so that the service's retry is taken.

    planned      -> delivery acknowledged
    in-progress  -> accept
    cancelled    -> reject, with the service's reason
    finished     -> face_to_face when the person was lifted, then outcome; action asked for is loud

What changes nothing (too late, of an unknown referral, not understood) raises a technical alarm:
a team may be acting on something else than we believe.
"""

import asyncio
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

import msgspec

from alerts.events import DeliveryEvent, Event, ServiceEvent
from alerts.referral.bars_answer import Answer, AnswerKind, interpret
from alerts.referral.bars_case import BarsCase, Change, bundle_id, encounter_id
from alerts.words import DeliveryAct, ServiceAct, What
from gateway import casework, supervision
from gateway.acts import TRIES, WAIT_S
from gateway.errors import StoreBusy
from gateway.placing import Desk
from gateway.store import cases, messages
from gateway.store.connect import Connection, Row, Sessions, row, run
from gateway.store.messages import Receipt
from gateway.store.outbox import Message
from gateway.store.save import save

LINE = "bars"
REPEAT_WINDOW_S = 30 * 86_400
OLDEST = timedelta(days=30)


class Taken(Enum):
    """What became of an answer."""

    DONE = "done"
    REPEATED = "repeated"
    TOO_LATE = "too_late"
    UNKNOWN = "unknown"
    NOT_UNDERSTOOD = "not_understood"


FAULTS = {
    Taken.TOO_LATE: "bars_answer_too_late",
    Taken.UNKNOWN: "bars_answer_unknown_referral",
    Taken.NOT_UNDERSTOOD: "bars_answer_not_understood",
}
FAULT_WORDS = {
    Taken.TOO_LATE: "answered a referral that can no longer change",
    Taken.UNKNOWN: "answered a referral that is not ours",
    Taken.NOT_UNDERSTOOD: "answered with something that cannot be understood",
}


@dataclass(frozen=True, slots=True)
class Speaker:
    """The service that answers, and the name its program signed in with."""

    organisation_id: UUID
    service_id: str
    name: str

    @property
    def actor(self) -> str:
        """Give the name that audit rows carry."""
        return f"service:{self.service_id}:{self.name}"


async def take_posted(
    sessions: Sessions, desk: Desk, speaker: Speaker, body: bytes, now: datetime
) -> Taken:
    """Take an answer that a service posted.

    Raises:
        StoreError: nothing was kept; the service must send it again.
    """
    bundle = _decoded(body)
    answer = interpret(bundle)
    found = await _referral(sessions, speaker, answer)
    if found is None:
        understood = answer.kind is not AnswerKind.NOT_UNDERSTOOD or answer.to or answer.case
        taken = Taken.UNKNOWN if understood else Taken.NOT_UNDERSTOOD
    else:
        answer = interpret(bundle, encounter_id(str(found.id)))
        key = answer.id or hashlib.sha256(body).hexdigest()
        taken = await _bring(sessions, desk, _Heard(speaker, found, answer, key), now)
    if taken in (Taken.UNKNOWN, Taken.NOT_UNDERSTOOD):
        async with sessions.transaction() as connection:
            await _tell(connection, desk, speaker, taken, now)
    return taken


async def _tell(
    connection: Connection, desk: Desk, speaker: Speaker, taken: Taken, now: datetime
) -> None:
    text = f"service {speaker.service_id} {FAULT_WORDS[taken]}; telephone it and compare"
    theirs = replace(desk, organisation_id=speaker.organisation_id)
    await supervision.add_fault(connection, theirs, FAULTS[taken], text, now)


@dataclass(frozen=True, slots=True)
class TakeAtOnce:
    """Takes what a service said in its HTTP answer beyond having the referral."""

    sessions: Sessions
    desk: Desk

    async def __call__(
        self, message: Message, case: BarsCase, answer: Answer, now: datetime
    ) -> None:
        """Bring it to the case.

        Raises:
            StoreError: nothing was kept; the message is sent again.
        """
        speaker = Speaker(message.organisation_id, message.recipient, "answer")
        found = await _referral(self.sessions, speaker, answer)
        if found is not None:
            key = f"{case.bundle_id}/answer"
            await _bring(self.sessions, self.desk, _Heard(speaker, found, answer, key), now)


def _decoded(body: bytes) -> object:
    try:
        found: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found


async def _referral(sessions: Sessions, speaker: Speaker, answer: Answer) -> Row | None:
    async with sessions.transaction() as connection:
        return await row(
            connection,
            "bars_referral",
            organisation_id=speaker.organisation_id,
            service_id=speaker.service_id,
            to=answer.to,
            referral_id=_uuid(answer.case),
        )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Heard:
    """An answer to a referral of ours, with the key under which it counts once."""

    speaker: Speaker
    found: Row
    answer: Answer
    key: str

    @property
    def receipt(self) -> Receipt:
        return Receipt(
            line=LINE,
            sender=self.speaker.service_id,
            key=self.key,
            digest=hashlib.sha256(self.key.encode()).digest(),
            organisation_id=self.speaker.organisation_id,
            window_s=REPEAT_WINDOW_S,
        )


async def _bring(sessions: Sessions, desk: Desk, heard: _Heard, now: datetime) -> Taken:
    events = _events(heard, now)
    if not events:
        return Taken.NOT_UNDERSTOOD
    for attempt in range(TRIES):
        try:
            async with sessions.transaction() as connection:
                taken = await _decide(connection, desk, heard, events, now)
                if taken is Taken.DONE:
                    await _name(connection, heard)
                if taken is Taken.TOO_LATE:
                    await _tell(connection, desk, heard.speaker, taken, now)
        except StoreBusy:
            if attempt == TRIES - 1:
                raise
            await asyncio.sleep(WAIT_S)
        else:
            return taken
    raise AssertionError("the last try returns or raises")


async def _decide(
    connection: Connection, desk: Desk, heard: _Heard, events: tuple[Event, ...], now: datetime
) -> Taken:
    """Decide under the case's lock; receipts come after cases (ADR 0001)."""
    subject = await cases.lock_one(connection, heard.found.subject_id)
    if subject is None:
        return Taken.UNKNOWN
    if not await messages.claim(connection, [heard.receipt], now):
        return Taken.REPEATED
    facts = await cases.read_facts(connection, [subject], now)
    inputs = {subject.id: casework.Inputs(events=events, actor=heard.speaker.actor)}
    decided = casework.work([subject], facts, inputs, desk.rules, now)
    await save(connection, decided, now, desk.audit_key)
    entries = decided[0].decision.entries
    refused = sum(entry.what is What.REFUSED for entry in entries)
    return Taken.TOO_LATE if refused >= len(events) else Taken.DONE


async def _name(connection: Connection, heard: _Heard) -> None:
    speaker, answer = heard.speaker, heard.answer
    await run(
        connection,
        "bars_named",
        organisation_id=speaker.organisation_id,
        service_id=speaker.service_id,
        bundle_id=bundle_id(str(heard.found.id), Change.NEW, 0),
        receivers_id=answer.receivers_id,
        reference=answer.reference or None,
    )


def _events(heard: _Heard, now: datetime) -> tuple[Event, ...]:
    """Say what an answer means to the case; nothing for what is not understood."""
    speaker, found, answer = heard.speaker, heard.found, heard.answer
    if answer.kind is AnswerKind.PLANNED:
        delivered = DeliveryEvent(
            at=now,
            delivery=speaker.service_id,
            do=DeliveryAct.ACKNOWLEDGED,
            referral=str(found.id),
        )
        return (delivered,)
    event = ServiceEvent(
        at=now,
        service=speaker.service_id,
        do=ServiceAct.ACCEPT,
        referral=str(found.id),
        by=speaker.name,
        occurred_at=_occurred(answer.at, found.made_at, now),
        text=f"their reference {answer.reference}" if answer.reference else "",
    )
    match answer.kind:
        case AnswerKind.ACCEPTED:
            return (event,)
        case AnswerKind.REJECTED:
            rejected = msgspec.structs.replace(event, do=ServiceAct.REJECT, reason=answer.reason)
            return (rejected,)
        case AnswerKind.FINISHED:
            return _finished(answer, event)
        case _:
            return ()


def _finished(answer: Answer, event: ServiceEvent) -> tuple[Event, ...]:
    outcome = msgspec.structs.replace(
        event,
        do=ServiceAct.OUTCOME,
        outcome=answer.outcome,
        action_needed=answer.action_needed,
    )
    if not answer.lifted:
        return (outcome,)
    return (msgspec.structs.replace(event, do=ServiceAct.FACE_TO_FACE), outcome)


def _occurred(at: datetime | None, made_at: datetime, now: datetime) -> datetime | None:
    """Give when it happened, where that can be true: after the referral, and not in the future."""
    return at if at is not None and max(made_at, now - OLDEST) <= at <= now else None
