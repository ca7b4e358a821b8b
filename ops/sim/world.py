"""One simulated run: a town, two gateway processes, a database, a network, people, and faults.

Contract: `run_seed(seed)` gives the same events, in the same order, with the same hash, whenever
and wherever it is run (with PYTHONHASHSEED=0: sets of texts have an order that depends on it). All
of gateway/'s code that decides, takes, ticks and sends is the real one; what is simulated is below
it (the database driver) and around it (devices, network, receivers, people, time).

    0 s          devices press, faults strike
    CALM_S       the last fault is over
    the end      everything that must happen has had its time
"""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NoReturn

import structlog

from alerts.ruleset import Rules
from gateway import enrol, ingest, outbox
from gateway.placing import Desk
from gateway.rulebook import read_rules
from gateway.senders import Sender
from gateway.store import connect
from gateway.store.connect import Sessions
from gateway.store.outbox import Message
from ops.sim import receiver, screens, strikes
from ops.sim.choice import Choice
from ops.sim.counters import count
from ops.sim.devices import Network, Wearers
from ops.sim.driver.connection import driver_for
from ops.sim.driver.hooks import Change
from ops.sim.driver.server import Server
from ops.sim.faults import AT_A_STEP, CALM_S, Fault, Kind, make_weather
from ops.sim.judge import Judge, Violation
from ops.sim.lives import Lives
from ops.sim.loop import SimLoop, run
from ops.sim.people import Operator, staff_of
from ops.sim.population import ORGANISATION, PersonPlan, make_town
from ops.sim.process import HERE, Process
from ops.sim.trace import Happened, Trace
from ops.sim.wire import Wire

START = datetime(2021, 2, 2, 6, 50, tzinfo=UTC)
NAMES = ("gw1", "gw2")
LONG_S = 960.0
SHORT_S = 210.0
LONG_SHARE = 0.06
"""How many runs last until the silent ladder's end; the others end when all is calm again."""
CALM_PAUSE_S = 20.0
BUSY_PROBE_S = 1.5
CALM_PROBE_S = 7.0
BUSY_PAUSES_S = (0.4, 3.0, 4.0, 5.0)
"""How long a duty looks away at most while nothing is due."""
AUDIT_KEY = bytes(32)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one seed."""

    seed: int
    digest: str
    violations: tuple[Violation, ...]
    counters: dict[str, int]
    events: list[Happened]
    simulated_s: float


@cache
def rules() -> Rules:
    """Give the shipped rules, read once."""
    return read_rules()


class World:
    """Everything of one run."""

    def __init__(self, seed: int, loop: SimLoop) -> None:
        """Choose the run from its seed; nothing moves yet."""
        self._loop = loop
        self.choice = Choice(seed)
        self.far_choice = self.choice.named("far")
        self.names = NAMES
        self.desk = Desk(rules(), ORGANISATION, AUDIT_KEY)
        self.town = make_town(self.choice.named("town"))
        self.weather = make_weather(self.choice.named("faults"), NAMES)
        self.end_s = LONG_S if self.choice.named("length").chance(LONG_SHARE) else SHORT_S
        self.trace = Trace(loop.time)
        self.wire = Wire(self)
        self.database_ahead_s = 0.0
        self.server = Server(self.wire, self.server_now)
        self.far = receiver.FarService(self)
        self.network = Network(self)
        self.wearers = Wearers(self, self.town, self.network)
        self.operators = [
            Operator(self, f"operator-{number}", self.choice.named(f"operator-{number}"))
            for number in range(1, self.choice.named("shift").one((0, 1, 2, 2)) + 1)
        ]
        self.healthy_since_s: float | None = None
        self.busy_pause_s = self.choice.named("pace").one(BUSY_PAUSES_S)
        self.trouble: BaseException | None = None
        self.lives = Lives(self)
        self._tasks: set[asyncio.Task[Any]] = set()
        self.judge = Judge(self)
        self.trace.listeners.append(self.judge.happened)

    @property
    def people(self) -> dict[str, PersonPlan]:
        """Give what the judge must know of the town's people, by subject id."""
        return self.town.people

    def time_s(self) -> float:
        """Give simulated seconds since the start."""
        return self._loop.time()

    def now(self) -> datetime:
        """Give the true time."""
        return START + timedelta(seconds=self._loop.time())

    def server_now(self) -> datetime:
        """Give the time as the database's machine has it."""
        return self.now() + timedelta(seconds=self.database_ahead_s)

    @property
    def is_calm(self) -> bool:
        """Say whether all faults are over."""
        return self._loop.time() >= CALM_S

    @property
    def network_loses(self) -> bool:
        """Say whether most messages are lost just now."""
        return self.weather.now_is(Kind.NETWORK)

    async def pause(self, every_s: float) -> None:
        """Let a duty wait until something is due: shortly while much happens, longer when calm."""
        longest_s = CALM_PAUSE_S if self.is_calm else self.busy_pause_s
        await asyncio.sleep(max(every_s, min(screens.due_in_s(self), longest_s)))

    def alive(self) -> list[str]:
        """Name the processes that run and can reach a usable database."""
        usable = strikes.database_is_usable(self.weather)
        return [one.name for one in self.lives.running()] if usable else []

    def note_health(self) -> None:
        """Note since when at least one process runs beside a usable database."""
        if not self.alive():
            self.healthy_since_s = None
        elif self.healthy_since_s is None:
            self.healthy_since_s = self.time_s()

    def senders_of(self, process: Process, sessions: Sessions) -> dict[str, Sender]:
        """Give a process its ways out."""
        return receiver.senders_of(self, process, sessions)

    def note_handed(self, message: Message) -> None:
        """Note that a receiver has a message."""
        self.trace.add(
            "handed", service=message.recipient, referral=str(message.referral_id),
            what=message.what, seq=message.seq, attempt=message.attempt,
            person=str(message.subject_id),
        )  # fmt: skip

    def note_commit(self, client: str, changes: Sequence[Change]) -> None:
        """Note a commit and let it be judged in the same instant."""
        tables = ",".join(sorted({change.table for change in changes}))
        if tables not in ("", "reception"):
            self.trace.add("commit", client=client, tables=tables)
        self.judge.committed(client, changes)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something that is nobody's process."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.trouble = self.trouble or task.exception()

    async def live(self) -> None:
        """Live through the run."""
        sessions = Sessions(lambda: "sim:enrolment", "enrol", 1)
        await enrol.enrol(sessions, self.town.roll, self.now())
        for name in NAMES:
            self.lives.begin(name)
        for fault in self.weather.plan:
            if fault.kind not in AT_A_STEP:
                self.spawn(self._let_strike(fault))
        self.wearers.start()
        for operator in self.operators:
            self.spawn(operator.work())
        for staff in staff_of(self):
            self.spawn(staff.work())
        await asyncio.sleep(CALM_S)
        self._calm()
        await asyncio.sleep(self.end_s - CALM_S)
        self.trace.add("end")
        self.judge.finish()

    def _calm(self) -> None:
        self.trace.add("calm")
        for fault in self.weather.plan:
            fault.is_met = True
        self.weather.armed.clear()
        outbox.IDLE_S, ingest.PROBE_EVERY_S = CALM_PAUSE_S / 2, CALM_PROBE_S

    async def _let_strike(self, fault: Fault) -> None:
        await asyncio.sleep(fault.from_s)
        self.trace.add(
            "fault", kind=fault.kind.value, whom=fault.whom, for_s=round(fault.for_s, 3), step=""
        )
        self.weather.current.add((fault.kind, ""))
        strikes.apply(self, fault)
        self.note_health()
        await asyncio.sleep(fault.for_s)
        self.weather.current.discard((fault.kind, ""))
        strikes.lift(self, fault)
        self.trace.add("over", kind=fault.kind.value, whom=fault.whom)
        self.note_health()


def run_seed(seed: int) -> Result:
    """Live through one seed.

    Raises:
        Exception: whatever broke the simulation itself; that is a defect of its own.
    """
    loop = SimLoop()
    world = World(seed, loop)
    with _in_place_of_the_real(world):
        run(world.live(), loop)
    if world.trouble is not None:
        raise world.trouble
    return Result(
        seed=seed,
        digest=world.trace.digest,
        violations=tuple(world.judge.violations),
        counters=count(world.trace.events),
        events=world.trace.events,
        simulated_s=world.end_s,
    )


@contextmanager
def _in_place_of_the_real(world: World) -> Iterator[None]:
    """Put the simulated driver under the real code, and hear its critical log lines."""
    before = (connect._Connection, outbox.IDLE_S, ingest.PROBE_EVERY_S)  # noqa: SLF001
    connect._Connection = driver_for(world.server)  # type: ignore[misc,assignment]  # noqa: SLF001
    outbox.IDLE_S = world.busy_pause_s
    ingest.PROBE_EVERY_S = min(max(0.5, world.busy_pause_s), BUSY_PROBE_S)
    structlog.configure(processors=[_hear(world)], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        connect._Connection, outbox.IDLE_S, ingest.PROBE_EVERY_S = before  # type: ignore[misc]  # noqa: SLF001
        structlog.reset_defaults()


def _hear(world: World) -> structlog.typing.Processor:
    def hear(logger: object, method: str, event: structlog.typing.EventDict) -> NoReturn:
        del logger
        process = HERE.get()
        if method == "critical" and process is not None and not process.is_dead:
            world.trace.add("shouted", process=process.name, what=str(event["event"])[:60])
        raise structlog.DropEvent

    return hear
