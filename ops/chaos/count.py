"""Count what became of the presses: what devices were told against what the database holds.

Contract: `read` takes everything from the tables in one snapshot; `judge` compares, and is pure.
A lost press is one that a device was told is stored and that is not there, whole: its receipt, its
bytes, its place in its person's alarm, its person's referral at the receiver. A double is a second
referral id at the receiver for one alarm, or a press counted twice.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.store.connect import Session
from ops.chaos.callers import Person, Press
from ops.chaos.house import LINE

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Tables:
    """What the database holds; presses by (sender, key), cases by subject."""

    receipts: Mapping[Key, datetime]
    packets: Mapping[Key, int]
    signals: Mapping[str, int]
    alarms: Mapping[str, int]
    referrals: Mapping[str, int]
    delivered: Mapping[str, int]
    strays: int = 0
    again: int = 0
    retaken: int = 0
    waiting: int = 0


@dataclass(slots=True)
class Count:
    """The figures, and everything that is wrong, one line each."""

    presses: int = 0
    acknowledged: int = 0
    people: int = 0
    referrals: int = 0
    repeated: int = 0
    answered_after_a_kill: int = 0
    absorbed: int = 0
    retaken: int = 0
    lost: list[str] = field(default_factory=list)
    double: list[str] = field(default_factory=list)
    wait_s: list[float] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Nothing lost, nothing double, everybody answered."""
        return not self.lost and not self.double and self.acknowledged == self.presses


RECEIPTS = b"select sender, key, seen_at from receipt where line = %s"
PACKETS = (
    b"select sender, key, count(*) as rows from packet where line = %s and lane = 'alarm' group by"
    b" sender, key"
)
ALARMS = (
    b"select subject_id, count(*) as alarms, sum((record->>'signals')::int) as signals"
    b" from alarm where kind = 'help' group by subject_id"
)
REFERRALS = b"select subject_id, count(*) as referrals from referral group by subject_id"
DELIVERED = (
    b"select referral.subject_id, count(distinct desk_delivery.referral_id) as referrals,"
    b" sum(desk_delivery.deliveries) as deliveries"
    b" from desk_delivery left join referral on referral.id = desk_delivery.referral_id"
    b" group by referral.subject_id"
)
OUTBOX = (
    b"select count(*) filter (where attempt > 1) as retaken,"
    b" count(*) filter (where state = 'waiting') as waiting"
    b" from outbox where what like 'referral%'"
)


async def read(session: Session) -> Tables:
    """Read what the database holds now.

    Raises:
        StoreError: it cannot be read now.
    """
    async with session.transaction() as connection:

        async def ask(query: bytes, *given: object) -> list[Any]:
            cursor = await connection.execute(query, given or None)
            return await cursor.fetchall()

        await connection.execute(b"set transaction isolation level repeatable read")
        receipts = await ask(RECEIPTS, LINE)
        packets = await ask(PACKETS, LINE)
        alarms = await ask(ALARMS)
        referrals = await ask(REFERRALS)
        delivered = await ask(DELIVERED)
        outbox = (await ask(OUTBOX))[0]
    return Tables(
        receipts={(one.sender, one.key): one.seen_at for one in receipts},
        packets={(one.sender, one.key): one.rows for one in packets},
        signals={str(one.subject_id): one.signals for one in alarms},
        alarms={str(one.subject_id): one.alarms for one in alarms},
        referrals={str(one.subject_id): one.referrals for one in referrals},
        delivered={str(one.subject_id): one.referrals for one in delivered},
        strays=sum(one.referrals for one in delivered if one.subject_id is None),
        again=int(sum(one.deliveries - one.referrals for one in delivered)),
        retaken=outbox.retaken,
        waiting=outbox.waiting,
    )


def judge(
    people: Sequence[Person], presses: Sequence[Press], tables: Tables, kills: Sequence[datetime]
) -> Count:
    """Compare what devices were told with what is there."""
    told = [one for one in presses if one.acknowledged_at is not None and one.key is not None]
    count = Count(
        presses=len(presses),
        acknowledged=len(told),
        repeated=sum(one.sends > 1 for one in told),
        absorbed=tables.again,
        retaken=tables.retaken,
        wait_s=sorted(one.waited_s for one in told if one.waited_s is not None),
    )
    for press in told:
        _judge_press(press, tables, count)
        count.answered_after_a_kill += _is_between(press, tables, kills)
    if tables.strays:
        count.double.append(f"{tables.strays} referrals at the receiver that nobody made")
    pressed = Counter(one.sender for one in told)
    for person in people:
        if pressed[person.name]:
            _judge_person(person, pressed[person.name], tables, count)
    return count


def _judge_press(press: Press, tables: Tables, count: Count) -> None:
    key = (press.sender, press.key or "")
    if key not in tables.receipts:
        count.lost.append(f"{press.sender} {press.key}: acknowledged, and no receipt row")
    rows = tables.packets.get(key, 0)
    if rows == 0:
        count.lost.append(f"{press.sender} {press.key}: acknowledged, and its bytes are gone")
    if rows > 1:
        count.double.append(f"{press.sender} {press.key}: kept {rows} times, expected once")


def _judge_person(person: Person, pressed: int, tables: Tables, count: Count) -> None:
    count.people += 1
    who = person.subject
    if (signals := tables.signals.get(who, 0)) != pressed:
        where = count.lost if signals < pressed else count.double
        where.append(f"{person.name}: {pressed} presses acknowledged, {signals} in the alarm")
    if (alarms := tables.alarms.get(who, 0)) > 1:
        count.double.append(f"{person.name}: {alarms} alarms, expected one")
    made, delivered = tables.referrals.get(who, 0), tables.delivered.get(who, 0)
    count.referrals += delivered
    if delivered == 0:
        count.lost.append(f"{person.name}: no referral at the receiver ({made} made)")
    if max(made, delivered) > 1:
        count.double.append(
            f"{person.name}: {delivered} referrals at the receiver, {made} made, expected one"
        )


def _is_between(press: Press, tables: Tables, kills: Sequence[datetime]) -> bool:
    """Whether a kill came after the commit and before the acknowledgement: the hardest moment."""
    seen_at = tables.receipts.get((press.sender, press.key or ""))
    told_at = press.acknowledged_at
    return (
        seen_at is not None
        and told_at is not None
        and any(seen_at < kill < told_at for kill in kills)
    )


def at(sorted_s: Sequence[float], share: float) -> float:
    """Give a percentile of sorted figures; 0 for none."""
    if not sorted_s:
        return 0.0
    return sorted_s[min(len(sorted_s) - 1, int(share * len(sorted_s)))]
