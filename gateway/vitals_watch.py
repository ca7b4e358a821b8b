"""Watching vital signs: what the lanes and the ticker do with people's vitals states.

    vitals lane   after receipts and COPY: lock its own people's states, decide, save, hand over
    alarm lane    leaves readings that came beside a call in a table; locks no state
    ticker        takes what was left, and what is due, with SKIP LOCKED: any process may

A process that is lost takes nothing with it: every timer is a time in a row.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from alerts.vitals.inputs import Report
from gateway import vitalswork
from gateway.clock import Clock
from gateway.errors import CannotDecide
from gateway.intake import reports_of
from gateway.placing import Desk, Placed
from gateway.store import vitals
from gateway.store.connect import Connection, Session
from gateway.store.messages import ReceiptKey
from gateway.store.vitals import Watched
from gateway.store.vitals_save import tell_broken
from gateway.ticker import LIMIT, Hand, Round, blaming
from gateway.vitalswork import AGAIN, Given

DUE_S = 1.0
"""How often timers are looked at: the shortest wait of the rules is minutes."""


async def take_readings(
    connection: Connection,
    new: Sequence[Placed],
    fresh: Mapping[ReceiptKey, int],
    desk: Desk,
    now: datetime,
) -> None:
    """Decide the readings of a batch, in the transaction that stores them.

    Raises:
        TooMuchAtOnceError: the batch must be halved.
        StoreError: nothing was kept.
    """
    given: dict[UUID, list[Report]] = {}
    people: dict[UUID, UUID] = {}
    for organisation, person, report in reports_of(new, fresh):
        given.setdefault(person, []).append(report)
        people[person] = organisation
    if people:
        inputs = {key: Given(reports=tuple(found)) for key, found in given.items()}
        watched = await _locked(connection, people, now)
        worked = await vitalswork.work_in_turns(watched, inputs, desk.rules, now)
        await vitalswork.keep(connection, watched, worked, desk, now)


async def take_left(session: Session, desk: Desk, now: datetime, limit: int = LIMIT) -> int:
    """Decide readings that came beside calls; give of how many people.

    Raises:
        CannotDecide: what comes of one person's cannot be saved; nothing was kept.
    """
    people: dict[UUID, UUID] = {}
    with blaming(people):
        async with session.transaction() as connection:
            people |= await vitals.waiting(connection, limit)
            if not people:
                return 0
            watched = await _locked(connection, people, now)
            left = await vitals.take(connection, list(people))
            inputs = {key: Given(reports=found) for key, found in left.items()}
            mine = [one for one in watched if one.person_id in inputs]
            worked = await vitalswork.work_in_turns(mine, inputs, desk.rules, now)
            await vitalswork.keep(connection, mine, worked, desk, now)
    return len(people)


async def take_due(session: Session, desk: Desk, now: datetime, limit: int = LIMIT) -> int:
    """Decide what is due about up to `limit` people; give how many there were.

    Raises:
        CannotDecide: what comes of one person cannot be saved; nothing was kept.
    """
    locked: dict[UUID, Watched] = {}
    with blaming(locked):
        async with session.transaction() as connection:
            watched = await vitals.lock_due(connection, now, limit)
            locked |= {one.person_id: one for one in watched}
            if watched:
                worked = await vitalswork.work_while_there_is_time(watched, desk.rules, now)
                await vitalswork.keep(connection, watched, worked, desk, now)
    return len(locked)


async def put_off(session: Session, broken: CannotDecide, desk: Desk, now: datetime) -> None:
    """Put off a person whose decisions cannot be saved, and raise a technical alarm of theirs.

    Readings that were left for them stay where they are held, as evidence, and are not tried again.
    """
    async with session.transaction() as connection:
        people = {broken.subject_id: desk.organisation_id}
        for one in await vitals.lock(connection, [broken.subject_id]):
            people[one.person_id] = one.organisation_id
        told = {key: (whose, "it cannot be saved") for key, whose in people.items()}
        await tell_broken(connection, told, now)
        await vitals.hold(connection, [broken.subject_id], now, now + AGAIN)
        await vitals.set_aside(connection, broken.subject_id)


async def _locked(connection: Connection, people: dict[UUID, UUID], now: datetime) -> list[Watched]:
    """Lock people's states in id order; rows for those who have none are made first."""
    await vitals.add_states(connection, people, now)
    return await vitals.lock(connection, people)


def duties(due: Session, left: Session, desk: Desk, clock: Clock) -> list[Round]:
    """Give the duties of whoever watches: what is due, and what was left."""
    on_time, beside = (Hand(one, desk, clock, put_off) for one in (due, left))
    return [
        Round("vitals due", partial(on_time.take, take_due), DUE_S),
        Round("vitals left", partial(beside.take, take_left), DUE_S),
    ]
