"""A gateway process that stops itself (SIGSTOP) at one exact step of a transaction, and goes on.

The child runs the gateway's own functions, whole; only the named one is wrapped: when it has done
its work the child says so and is stopped. No hook stands in the gateway for this. After SIGCONT
it goes on as if nothing had been, and tells how that ended.
"""

import asyncio
import importlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from devices.decoding import families
from devices.links import native
from gateway import intake, ticker, vitals_intake
from gateway.arrivals import Arrival, understand
from gateway.clock import Clock
from gateway.errors import GatewayError
from gateway.outbox import Dispatcher
from gateway.placing import Desk
from gateway.rulebook import read_rules
from gateway.senders.desk import desk_sender
from gateway.store.connect import Session, Sessions

ROOT = Path(__file__).resolve().parents[2]
FROZEN = "frozen"
LINE_LIMIT_S = 60.0
LATER = timedelta(hours=1)


class Step(StrEnum):
    """Where a process is stopped."""

    LOCKED = "subjects locked"
    CLAIMED = "receipts claimed"
    SAVED = "saved, not committed"
    COMMITTED = "committed, not answered"
    COPYING = "in mid-COPY of the vitals lane"
    CLAIMING = "outbox lease taken, not committed"
    SENDING = "outbox lease held, about to send"
    TICKING = "ticker's lock on what is due"


# The function after whose work the child is stopped: its module and its name.
AFTER: dict[Step, tuple[str, str]] = {
    Step.LOCKED: ("gateway.store.cases", "lock_free"),
    Step.CLAIMED: ("gateway.store.messages", "claim"),
    Step.SAVED: ("gateway.store.messages", "save_verdicts"),
    Step.COMMITTED: ("gateway.intake", "take"),
    Step.COPYING: ("psycopg", "AsyncCopy.write"),
    Step.CLAIMING: ("gateway.store.outbox", "claim"),
    Step.SENDING: ("gateway.store.outbox", "claim"),
    Step.TICKING: ("gateway.store.cases", "lock_due"),
}


@dataclass(frozen=True, slots=True)
class Message:
    """What the frozen process was handling: a device's words, as they came."""

    line: str
    sender: str
    channel: str
    body: str

    @property
    def key(self) -> str:
        """The id it came under."""
        return str(json.loads(self.body)["id"])

    def arrival(self, now: datetime, done: Callable[[object], None] = lambda _: None) -> Arrival:
        """Read it as the device endpoint would."""
        packet = native.unwrap(
            f"lifeline/v1/{self.sender}/{self.channel}",
            self.body.encode(),
            line=self.line,
            sender=self.sender,
            received_at=now,
            authenticated=True,
            retained=False,
            peer="127.0.0.1",
        )
        return understand(packet, families(), done)


@dataclass(frozen=True, slots=True)
class Order:
    """What the child shall do and where it shall stop."""

    step: Step
    dsn: str
    organisation: str
    message: Message


class Frozen:
    """The parent's side: a child that is stopped now."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Keep the process."""
        self._process = process

    @classmethod
    async def at(cls, order: Order) -> Self:
        """Start a child and return when it is stopped at its step.

        Raises:
            RuntimeError: it ended without being stopped; with what it said.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, json.dumps(asdict(order)),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        frozen = cls(process)
        said = await frozen._line()  # noqa: SLF001 - our own
        if said != FROZEN:
            await frozen.end()
            raise RuntimeError(f"the child was not stopped at {order.step!r}, it said {said!r}")
        while not _is_stopped(process.pid):  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.01)
        return frozen

    async def thaw(self) -> str:
        """Let it go on; give how its work ended: `done`, or the name of the error."""
        os.kill(self._process.pid, signal.SIGCONT)
        said = await self._line()
        await self._process.wait()
        return said

    async def end(self) -> None:
        """End it, wherever it is."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _line(self) -> str:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), LINE_LIMIT_S)
        return line.decode().strip()


def _is_stopped(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state in ("T", "t")


def _stop_after(step: Step) -> None:
    """Wrap the step's function."""
    module, name = AFTER[step]
    owner: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    real: Callable[..., Awaitable[Any]] = getattr(owner, last)

    async def wrapped(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever it takes
        result = await real(*given, **named)
        if step is not Step.SENDING:
            _freeze()
        return result

    setattr(owner, last, wrapped)


def _freeze() -> None:
    sys.stdout.write(f"{FROZEN}\n")
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGSTOP)


async def _work(order: Order, message: Message) -> None:
    session, sessions = Session(lambda: order.dsn, "frozen"), Sessions(lambda: order.dsn, "frozen")
    desk = Desk(read_rules(), UUID(order.organisation), bytes(32))
    now = datetime.now(UTC)
    try:
        match order.step:
            case Step.LOCKED | Step.CLAIMED | Step.SAVED | Step.COMMITTED:
                await intake.take(session, [message.arrival(now)], desk, now)
            case Step.COPYING:
                await vitals_intake.take(session, [message.arrival(now)], [], desk, now)
            case Step.TICKING:
                await ticker.take_due(session, desk, now + LATER)
            case Step.CLAIMING | Step.SENDING:
                await _dispatch(order, sessions, desk)
    finally:
        await session.close()
        await sessions.close()


async def _dispatch(order: Order, sessions: Sessions, desk: Desk) -> None:
    deliver = desk_sender(sessions)

    async def send(message: Any, now: datetime) -> None:  # noqa: ANN401 - a Sender's message
        if order.step is Step.SENDING:
            _freeze()
        await deliver(message, now)

    dispatcher = Dispatcher(sessions, {"referral_request": send}, desk, Clock(), asyncio.Event())
    await dispatcher.once()


def main(text: str) -> None:
    """Run one order and say how it ended."""
    given = json.loads(text)
    message = Message(**given.pop("message"))
    order = Order(Step(given.pop("step")), message=message, **given)
    _stop_after(order.step)
    try:
        asyncio.run(_work(order, message))
    except GatewayError as error:
        said = type(error).__name__
    else:
        said = "done"
    sys.stdout.write(f"{said}\n")


if __name__ == "__main__":
    main(sys.argv[1])
