"""More cases of two sessions that meet, and the list of all: what each comes to."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from alerts.words import SubjectKind
from gateway.store import cases, messages
from gateway.store.connect import Connection, Session, row, rows, run
from tests.databases import MORNING, ORGANISATION
from tests.simulation import driver_pairs as pairs
from tests.simulation.driver_pairs import LATER, OP, WC, Pair, claim, outcome, receipt
from tests.store.messages import LINE


def alarm(number: int, state: str = "open") -> dict[str, list[object]]:
    nobody: list[object] = [None]
    return {
        "ids": [UUID(int=number)], "organisations": [ORGANISATION], "subjects": [OP],
        "kinds": ["help"], "states": [state], "priorities": [1], "whats": ["press"],
        "alarm_ats": [MORNING], "taken_bys": nobody, "taken_ats": nobody, "spoke_ats": nobody,
        "closed_ats": nobody, "dispositions": nobody, "records": ["{}"],
    }  # fmt: skip


async def one_open_alarm(pair: Pair, *, commits: bool) -> list[object]:
    """A second open alarm of one kind waits for the first: refused if that stays, else made."""

    async def make(connection: Connection, number: int) -> object:
        return await run(connection, "save_alarms", **alarm(number))

    return list(
        await pair.while_a(lambda one: make(one, 1), lambda one: make(one, 2), commits=commits)
    )


async def next_alarm(pair: Pair) -> list[object]:
    """One that closes makes room for the next in the same statement."""
    async with pair.a.transaction() as connection:
        await run(connection, "save_alarms", **alarm(1))
    given, other = alarm(2), alarm(1, "closed")
    both = {name: given[name] + other[name] for name in given}
    async with pair.a.transaction() as connection:
        return [await run(connection, "save_alarms", **both)]


async def another_case(pair: Pair) -> list[object]:
    """No case writes over another one's alarm."""
    async with pair.a.transaction() as connection:
        await run(connection, "save_alarms", **alarm(1))

    async def work(connection: Connection) -> object:
        return await run(connection, "save_alarms", **{**alarm(1), "subjects": [WC]})

    return [await outcome(_alone(pair.a, work))]


async def delivered_twice(pair: Pair) -> list[object]:
    """Two deliveries at once are one row, counted twice, received when the first one was."""

    async def deliver(connection: Connection, at: datetime) -> object:
        given = {"organisation_id": ORGANISATION, "service_id": "icrs", "body": "{}"}
        found = await row(connection, "desk_deliver", referral_id=WC, now=at, **given)
        return found.received_at == MORNING if found is not None else None

    return list(
        await pair.while_a(lambda one: deliver(one, MORNING), lambda one: deliver(one, LATER))
    )


async def heard_meanwhile(pair: Pair) -> list[object]:
    """A device that speaks just as it is noted as lost is not lost."""
    async with pair.a.transaction() as connection:
        sender = (await messages.senders(connection, [(LINE, "17")], MORNING))[LINE, "17"]
        await messages.heard(connection, [(sender.device_id, ORGANISATION, MORNING)])

    async def speak(connection: Connection) -> object:
        await messages.heard(connection, [(sender.device_id, ORGANISATION, LATER)])
        return "spoke"

    async def lose(connection: Connection) -> object:
        given = {"ids": [sender.device_id], "organisations": [ORGANISATION]}
        return len(await rows(connection, "mark_lost", sinces=[MORNING], now=LATER, **given))

    return list(await pair.while_a(speak, lose))


async def new_subject(pair: Pair) -> list[object]:
    """Two who make one case at once make it once."""
    case = cases.NewSubject(UUID(int=7), ORGANISATION, SubjectKind.UNKNOWN_DEVICE)

    async def make(connection: Connection) -> object:
        await cases.add_subjects(connection, [case], MORNING)
        return len(await cases.lock_free(connection, [case.id]))

    return list(await pair.while_a(make, make))


async def refused(pair: Pair) -> list[object]:
    """What the database refuses, and what it says."""
    device = [UUID(int=1)] * 2
    item = (ORGANISATION, UUID(int=1), "heard", "{}")
    wanted: list[Callable[[Connection], Awaitable[object]]] = [
        lambda one: messages.claim(one, [receipt(key="\0")], MORNING),
        lambda one: messages.claim(one, [receipt(key="\ud800")], MORNING),
        lambda one: messages.claim(one, [receipt(digest=b"short")], MORNING),
        lambda one: messages.add_inbox(one, [item], MORNING),
        lambda one: messages.add_inbox(one, [(*item[:2], "gone", "{}")], MORNING),
        lambda one: messages.add_inbox(one, [(ORGANISATION, WC, "lost", r'"\u0000"')], MORNING),
        lambda one: messages.add_inbox(one, [(ORGANISATION, WC, "lost", r'"\\u0000"')], MORNING),
        lambda one: run(
            one, "heard", ids=device, organisations=[ORGANISATION] * 2, ats=[MORNING] * 2
        ),
    ]
    return [await outcome(_alone(pair.a, work)) for work in wanted]


async def _alone(session: Session, work: Callable[[Connection], Awaitable[object]]) -> object:
    async with session.transaction() as connection:
        return await work(connection)


async def after_an_error(pair: Pair) -> list[object]:
    """After an error nothing more is done in a transaction, and nothing of it is kept."""
    found: list[object] = []

    async def work(connection: Connection) -> object:
        await claim(connection)
        with suppress(Exception):
            await messages.add_inbox(connection, [(ORGANISATION, WC, "gone", "{}")], MORNING)
        return await claim(connection)

    found.append(await outcome(_alone(pair.a, work)))
    async with pair.a.plain() as connection:
        found.append(await messages.verdicts(connection, [receipt()]))
        clock: Any = await row(connection, "server_time")
    found.append(clock.clock_timestamp.utcoffset() == timedelta())
    return found


GONE = "StoreUnavailable"
BUSY = "StoreBusy: LockNotAvailable"
TWICE = "BadData: UniqueViolation"
CASES: dict[str, tuple[Callable[[Pair], Awaitable[list[object]]], list[object]]] = {
    "skip locked": (pairs.skip_locked, [["op"], []]),
    "a repeat waits": (pairs.repeat_waits, [[1], []]),
    "a repeat of nothing": (pairs.repeat_of_nothing, [[1], [1]]),
    "windows": (pairs.windows, [[1], [], [2]]),
    "a lock times out": (pairs.lock_times_out, [BUSY]),
    "a ring": (pairs.ring, [True, 2]),
    "a lease": (pairs.lease, [0, True, 2, False, True, False]),
    "the end looks again": (pairs.end_looks_again, [True, False]),
    "one open alarm": (lambda pair: one_open_alarm(pair, commits=True), [1, TWICE]),
    "one open alarm, given up": (lambda pair: one_open_alarm(pair, commits=False), [1, 1]),
    "the next alarm": (next_alarm, [2]),
    "another case": (another_case, ["BadData: NotNullViolation"]),
    "delivered twice": (delivered_twice, [True, True]),
    "heard meanwhile": (heard_meanwhile, ["spoke", 0]),
    "a new subject": (new_subject, [1, 1]),
    "sees what is committed": (pairs.sees_what_is_committed, [[], 1, 1]),
    "a silent client": (pairs.silent_client, [f"{GONE}: IdleInTransactionSessionTimeout", 1]),
    "a frozen client": (pairs.frozen_client, [f"{GONE}: AdminShutdown", 1, 0, 0]),
    "refused": (
        refused,
        [
            "BadData: CharacterNotInRepertoire", "UnicodeEncodeError", "BadData: CheckViolation",
            "BadData: ForeignKeyViolation", "BadData: CheckViolation",
            "BadData: UntranslatableCharacter", None, "BadData: CardinalityViolation",
        ],
    ),
    "after an error": (after_an_error, ["BadData: InFailedSqlTransaction", {}, True]),
}  # fmt: skip
