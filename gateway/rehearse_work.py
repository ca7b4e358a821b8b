"""Playing history in several processes: each takes its part of the people, a few at a time.

Contract: the same job gives the same sums, however many processes work on it: parts are cut and
added in one order. Nothing but sums and a bounded number of cases is kept of anybody. A process
that ends by itself ends the rehearsal; one person who cannot be played is counted and left out.
"""

import asyncio
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from uuid import UUID

import structlog
from msgspec.structs import replace

from alerts.ruleset import Rules, parse_rules
from alerts.vitals.history import History, Recheck, nobody
from alerts.vitals.plan import LimitSet
from alerts.vitals.rehearsal import compare
from alerts.vitals.rehearsal_cases import cases
from alerts.vitals.rehearsal_plan import limits_of, plan_of_now
from alerts.vitals.rehearsal_sum import Sum, joined, sum_of
from alerts.vitals.replay import play
from devices.decoding import families
from firmware_stubs.patients.ward import Ward
from gateway.errors import GatewayError, SettingsError
from gateway.log import place
from gateway.rehearse_ward import history_of, recheck_of
from gateway.store import rehearse
from gateway.store.connect import Session
from gateway.store.rehearse import Span, Unreadable

PART = 25
"""So many people are read and played at a time."""
BROKEN = "could not be played"

log = structlog.get_logger()
Sums = dict[str, Sum]


@dataclass(frozen=True, slots=True)
class Recorded:
    """History of a database."""

    dsn: str
    ids: tuple[UUID, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class MadeUp:
    """A made-up ward, named by its numbers."""

    seed: int
    patients: int
    days: int

    @property
    def ward(self) -> Ward:
        """The ward itself."""
        return Ward(self.seed, self.patients, self.days)


@dataclass(frozen=True, slots=True)
class Job:
    """What is held against what, over what; it is handed to other processes.

    Attributes:
        in_force, proposed: Rule files by name; the same where limits are proposed.
        today: On which day the rules in force hold; None for shipped ones.
        limits: One person's proposed limits.
        now: For a person's own limits: which hold now.
    """

    in_force: dict[str, bytes]
    proposed: dict[str, bytes]
    today: date | None
    now: datetime
    over: Recorded | MadeUp
    limits: LimitSet | None = None

    @property
    def people(self) -> int:
        """How many people there are."""
        return len(self.over.ids) if isinstance(self.over, Recorded) else self.over.patients

    @property
    def parts(self) -> list[range]:
        """The parts the people are cut into."""
        return [range(n, min(n + PART, self.people)) for n in range(0, self.people, PART)]


@dataclass(frozen=True, slots=True)
class Arms:
    """Both sets of rules as they are played; neither changes on the way."""

    before: Rules
    after: Rules
    now: datetime
    limits: LimitSet | None

    @classmethod
    def of(cls, job: Job) -> "Arms":
        """Read the rules of a job."""
        before = replace(parse_rules(job.in_force, job.today), later=())
        if job.limits is not None:
            return cls(before, before, job.now, job.limits)
        return cls(before, parse_rules(job.proposed, None), job.now, None)

    def sums(self, history: History, recheck: Recheck) -> Sums:
        """Play one person under both."""
        plans = (
            plan_of_now(history.plan, history.since, self.now),
            plan_of_now(history.plan, history.since, self.now, self.limits),
        )
        old, new = (replace(history, plan=plan) for plan in plans)
        before, after = play(old, self.before, recheck), play(new, self.after, recheck)
        compared = compare(old, before, after)
        limits = (
            limits_of(plans[0], self.before, history.until),
            limits_of(plans[1], self.after, history.until),
        )
        return {history.pathway: sum_of(compared, cases(compared, *limits))}


Told = Callable[[int, int], None]
"""Is told how many of how many people are done."""


def work(job: Job, jobs: int, told: Told) -> Sums:
    """Play everybody in so many processes; here when it is one.

    Raises:
        GatewayError: a process failed or ended by itself; says what to do.
    """
    parts = job.parts
    found: dict[int, Sums] = {}
    each = _alone(job) if jobs <= 1 else _together(job, min(jobs, len(parts)))
    done = 0
    for number, sums in each:
        found[number] = sums
        done += len(parts[number])
        told(done, job.people)
    whole: Sums = {}
    for number in range(len(parts)):
        whole = joined(whole, found[number])
    return whole


def _alone(job: Job) -> Iterator[tuple[int, Sums]]:
    yield from played(job, range(len(job.parts)))


def _together(job: Job, jobs: int) -> Iterator[tuple[int, Sums]]:
    fresh = multiprocessing.get_context("spawn")
    running, pipes = [], list[Pipe]()
    try:
        for number in range(jobs):
            mine, theirs = fresh.Pipe(duplex=False)
            numbers = range(number, len(job.parts), jobs)
            process = fresh.Process(target=serve, args=(job, numbers, theirs), daemon=True)
            process.start()
            theirs.close()
            running.append(process)
            pipes.append(mine)
        yield from _gathered(pipes)
    finally:
        for process in running:
            process.terminate()
            process.join()


def _gathered(pipes: list[Pipe]) -> Iterator[tuple[int, Sums]]:
    """Give what comes, until each process has said that it is done."""
    left = list(pipes)
    while left:
        for one in wait(left):
            assert isinstance(one, Pipe)  # nothing else is waited for
            try:
                said = one.recv()
            except EOFError as error:
                raise SettingsError(
                    "a process of the rehearsal ended by itself, perhaps for want of memory: "
                    "nothing was written; try again with --jobs 1"
                ) from error
            if said is None:
                left.remove(one)
            elif isinstance(said, str):
                raise SettingsError(f"the rehearsal failed: {said}; nothing was written")
            else:
                yield said


def serve(job: Job, numbers: Sequence[int], pipe: Pipe) -> None:
    """Play parts and send each one's sums: the body of a process."""
    try:
        for one in played(job, numbers):
            pipe.send(one)
        pipe.send(None)
    except GatewayError as error:
        pipe.send(str(error))
    except Exception as error:  # noqa: BLE001 - said to the person who asked, at the other end
        pipe.send(f"{type(error).__name__} at {place(error)}")


def played(job: Job, numbers: Iterable[int]) -> Iterator[tuple[int, Sums]]:
    """Play parts one after another."""
    arms, parts = Arms.of(job), job.parts
    if isinstance(job.over, MadeUp):
        ward = job.over.ward
        for number in numbers:
            yield number, _ward_part(ward, parts[number], arms)
    else:
        yield from _recorded(job.over, numbers, parts, arms)


def _ward_part(ward: Ward, part: Iterable[int], arms: Arms) -> Sums:
    whole: Sums = {}
    for number in part:
        patient = ward.patient(number)
        read, recheck = partial(history_of, patient, arms.before), recheck_of(patient)
        whole = joined(whole, _one(patient.id, read, arms, recheck))
    return whole


def _recorded(
    over: Recorded, numbers: Iterable[int], parts: Sequence[range], arms: Arms
) -> Iterator[tuple[int, Sums]]:
    """Read and play parts of a database; a loop of its own, for this process has no other."""
    known = families()
    session = Session(lambda: over.dsn, "rehearse")

    async def read(ids: Sequence[UUID]) -> list[History | Unreadable]:
        async with session.plain() as connection:
            return await rehearse.histories(connection, ids, over.span, known)

    with asyncio.Runner() as runner:
        try:
            for number in numbers:
                part = parts[number]
                whole: Sums = {}
                for one in runner.run(read(over.ids[part.start : part.stop])):
                    whole = joined(whole, _found(one, arms))
                yield number, whole
        finally:
            runner.run(session.close())


def _found(one: History | Unreadable, arms: Arms) -> Sums:
    if isinstance(one, History):
        return _one(one.person, lambda: one, arms, nobody)
    log.warning("a person cannot be rehearsed", subject=str(one.person_id), error=one.why)
    return {BROKEN: Sum(broken=1)}


def _one(person: str, read: Callable[[], History], arms: Arms, recheck: Recheck) -> Sums:
    """Play one person; who cannot be played is counted, and harms nobody else."""
    try:
        return arms.sums(read(), recheck)
    except Exception as error:  # noqa: BLE001 - one person must not stop all others
        log.warning("a person cannot be rehearsed", subject=person, error=place(error))
        return {BROKEN: Sum(broken=1)}
