"""What happens in the month, told to deciding and saved through the store, person by person."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from alerts.case import Case
from alerts.events import DeliveryEvent, Event, Heard, OperatorEvent, ServiceEvent
from alerts.words import (
    CloseReason,
    DeliveryAct,
    Disposition,
    Mechanism,
    OperatorAct,
    ServiceAct,
    Source,
)
from devices.model import Activation, ActivationKind
from gateway import casework
from gateway.enrol import enrol, person_id
from gateway.placing import Desk
from gateway.store import cases
from gateway.store.connect import Sessions
from gateway.store.save import save
from tests.databases import ORGANISATION
from tests.store.month import EXPORTED_AT, FIRST, One, roll

BATCH = 100
MAX_STEPS = 50
Input = Heard | Event
Making = Callable[[Case], Input]
Told = tuple[datetime, Making]


def story(one: One) -> list[Told]:
    """Give what happens to one person, in order of time."""
    told = [*_opening(one), *_beside(one)]
    if one.fate in ("call", "withdrawn_provisional"):
        return sorted(told, key=lambda step: step[0])
    return sorted([*told, *_response(one)], key=lambda step: step[0])


def _in(one: One, seconds: float) -> datetime:
    return one.at + timedelta(seconds=seconds)


def _operator(one: One, seconds: float, do: str, **fields: Any) -> Told:
    at = _in(one, seconds)
    who = fields.pop("operator", "op1")

    def make(case: Case) -> Input:
        return OperatorEvent(at, who, OperatorAct(do), alarm=case.alarms[0].id, **fields)

    return at, make


def _service(one: One, seconds: float, do: str, service: str = "icrs", **fields: Any) -> Told:
    at = _in(one, seconds)

    def make(case: Case) -> Input:
        mine = [referral.id for referral in case.referrals if referral.service == service]
        given = fields.get("referral") or mine[-1]
        return ServiceEvent(
            at, service, ServiceAct(do), by="nurse-7", **{**fields, "referral": given}
        )

    return at, make


def _delivered(one: One, seconds: float) -> Told:
    at = _in(one, seconds)

    def make(case: Case) -> Input:
        return DeliveryEvent(at, "icrs", DeliveryAct.ACKNOWLEDGED, case.referrals[-1].id)

    return at, make


def _opening(one: One) -> Iterator[Told]:
    """Give how it began: a press or fall and its operator, or somebody else's referral."""
    if one.way not in ("at_once", "operator", "fall"):
        source, key = Source(one.way), f"in-{one.number}"
        yield _service(one, 0, "receive", referral=key, source=source, need=one.need,
                       standard=one.standard)  # fmt: skip
        return
    what = ActivationKind.FALL if one.way == "fall" else ActivationKind.PENDANT
    signal = Activation(one.name, what, key="1-1")
    heard = Heard(f"month-{one.number}", one.at, one.name, "main", signal)
    yield one.at, lambda _: heard
    if one.way == "at_once":
        yield _delivered(one, 4)
    yield _operator(one, one.answered_s, "take")
    yield _operator(one, one.answered_s + 4, "spoke")
    if one.way == "fall":
        yield _operator(one, one.answered_s + 30, "up")
    decided = one.answered_s + 60
    if one.fate == "call":
        yield _operator(one, decided, "close", close_reason=CloseReason.REASSURED)
        return
    if one.fate == "withdrawn_provisional":
        yield _operator(one, decided, "withdraw", reason="pressed by accident")
        yield _operator(one, decided + 5, "close", close_reason=CloseReason.ACCIDENT)
        return
    yield _operator(one, decided, "decide", disposition=Disposition.UCR, need=one.need,
                    reason="would otherwise attend A&E")  # fmt: skip
    if one.way != "at_once":
        yield _delivered(one, decided + 4)


def _response(one: One) -> Iterator[Told]:
    """Give what the service did, from its acceptance to the outcome."""
    began = 0 if one.way not in ("at_once", "operator", "fall") else one.answered_s + 60
    if one.fate == "rejected":
        yield _service(one, began + 300, "reject", reason="no team free")
    if one.fate in ("withdrawn", "withdrawn_late"):
        yield _withdraw_referral(one, began + 200)
    if one.fate in ("visited", "open", "withdrawn_late"):
        yield _service(one, began + 150, "accept")
    if one.fate == "visited":
        yield from _visits(one, began)
    if began:
        yield _operator(one, 40 * 86_400, "close", operator="op2",
                        close_reason=CloseReason.RESOLVED_BY_RESPONDER)  # fmt: skip
        if one.fate != "open":
            last = (one.visit_min + 400) * 60 + began
            yield _operator(one, last, "close", close_reason=CloseReason.RESOLVED_BY_RESPONDER)


def _withdraw_referral(one: One, seconds: float) -> Told:
    at = _in(one, seconds)

    def make(case: Case) -> Input:
        return OperatorEvent(at, "op1", OperatorAct.WITHDRAW, referral=case.referrals[-1].id,
                             reason="a relative has come")  # fmt: skip

    return at, make


def _visits(one: One, began: int) -> Iterator[Told]:
    visit = began + one.visit_min * 60
    yield _service(one, visit - 600, "set_out")
    tasks = ("equipment", "therapy") if one.number % 3 == 0 else ()
    yield _service(one, visit, "face_to_face", tasks=tasks)
    if one.number % 4 == 0:
        yield _service(one, visit + 900, "contact", mechanism=Mechanism.VIDEO)
    if one.number % 2 == 0:
        yield _service(one, visit + 7200, "contact", mechanism=Mechanism.TELEPHONE)
    if one.number % 5 == 0:
        yield _service(one, visit + 14_000, "face_to_face")
    yield _service(one, visit + 18_000, "outcome", outcome=one.ends)


def _beside(one: One) -> Iterator[Told]:
    """Give what community health does: with the crisis service, or before it."""
    if one.joint:
        start, end = one.visit_min * 60 + 700, one.visit_min * 60 + 9_000
    elif one.before:
        start, end = -5 * 86_400, -4 * 86_400
    else:
        return
    key = f"lpt-{one.number}"
    yield _service(one, start, "receive", "lpt", referral=key, source=Source.UCC_HUB,
                   need=one.need, person=None)  # fmt: skip
    yield _service(one, start + 60, "accept", "lpt")
    yield _service(one, start + 3_600, "face_to_face", "lpt")
    yield _service(one, end, "outcome", "lpt", outcome="remains_at_home")


# -- through deciding and the store -------------------------------------------------------------


async def play(sessions: Sessions, desk: Desk, everybody: Sequence[One]) -> int:
    """Enrol everybody, decide and save all that happens to each in order of time; give how many.

    The first steps of many share transactions, then their second ones, and so on: cases know
    nothing of each other, and no hour comes near the ceiling of automatic referrals.
    """
    await enrol(sessions, roll(everybody), FIRST - timedelta(days=30))
    told = {
        person_id(ORGANISATION, one.name): [step for step in story(one) if step[0] < EXPORTED_AT]
        for one in everybody
    }
    for place in range(MAX_STEPS):
        steps = [(whose, *steps[place]) for whose, steps in told.items() if place < len(steps)]
        if not steps:
            break
        await _decide(sessions, desk, steps)
    await _decide(sessions, desk, [(whose, EXPORTED_AT, None) for whose in told])
    return sum(map(len, told.values()))


async def _decide(
    sessions: Sessions, desk: Desk, steps: Sequence[tuple[UUID, datetime, Making | None]]
) -> None:
    for first in range(0, len(steps), BATCH):
        await _decide_batch(sessions, desk, steps[first : first + BATCH])


async def _decide_batch(
    sessions: Sessions, desk: Desk, batch: Sequence[tuple[UUID, datetime, Making | None]]
) -> None:
    async with sessions.transaction() as connection:
        locked = await cases.lock_free(connection, [subject for subject, _, _ in batch])
        now = max(at for _, at, _ in batch)
        facts = await cases.read_facts(connection, list(locked.values()), now)
        decided = []
        for subject, at, make in batch:
            made = None if make is None else make(locked[subject].case or Case(str(subject), at))
            heard = (made,) if isinstance(made, Heard) else ()
            events = () if made is None or isinstance(made, Heard) else (made,)
            inputs = casework.Inputs(heard, events)
            decided += casework.work([locked[subject]], facts, {subject: inputs}, desk.rules, at)
        await save(connection, decided, now, desk.audit_key)
