"""The load program's other end: starts it, orders steps, reads its samples."""

import asyncio
import json
import sys
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from gateway.bench.answers import NEVER, Said
from gateway.bench.messages import NS, Order
from gateway.bench.system import SystemFailed, Target

CONNECT_LIMIT_S = 120.0
END_S = 10.0
# Encoding before, writing samples behind: never near this, unless it hangs.
BESIDES_S = 60.0


@dataclass(frozen=True, slots=True)
class Samples:
    """The raw samples of one step: unix time of its beginning, and a number a message.

    `queued_ns`, `acked_ns` and `seen_ns` count from the beginning; NEVER (-1) is never.
    """

    order: Order
    began_ns: int
    queued_ns: "array[int]"
    acked_ns: "array[int]"
    seen_ns: "array[int]"
    said: Said

    @property
    def late_s(self) -> list[float]:
        """Seconds by which the load program itself was late, ascending."""
        queued = enumerate(self.queued_ns)
        return sorted((at - self.order.due_ns(n)) / NS for n, at in queued if at != NEVER)

    @property
    def unseen(self) -> int:
        """Calls whose alert did not come in time."""
        numbers = range(self.order.offered)
        return sum(self.seen_ns[n] == NEVER for n in numbers if self.order.is_call(n))

    def latencies_s(self, column: "array[int]") -> list[float]:
        """Seconds from when each message was due; messages that never came are left out."""
        return [(at - self.order.due_ns(n)) / NS for n, at in enumerate(column) if at != NEVER]

    def acked_at(self) -> dict[str, float]:
        """Id -> unix time of its acknowledgement."""
        return {
            self.order.id(number): (self.began_ns + at) / NS
            for number, at in enumerate(self.acked_ns)
            if at != NEVER
        }


class Load:
    """A running load program."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Speak with a started program."""
        self._process = process

    @classmethod
    async def start(cls, log: Path) -> Self:
        """Start it; what it complains about goes to the log."""
        with log.open("ab") as errors:
            return cls(
                await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "gateway.bench.load",
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors,
                )
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    async def connect(self, target: Target) -> None:
        """Open a connection for each device.

        Raises:
            SystemFailed: one was not taken.
        """
        devices = [[device.name, device.password] for device in target.devices]
        await self._order(
            do="connect", host=target.host, port=target.port, devices=devices,
            shape=target.shape.value, alerts=target.alerts,
        )  # fmt: skip
        await self._answer(CONNECT_LIMIT_S)

    async def begin(self, order: Order, drain_s: float, samples: Path) -> int:
        """Order a step; give the unix time in ns at which its first message is due."""
        await self._order(
            do="step", step=order.step, rate=order.rate, seconds=order.seconds,
            calls_before=order.calls_before, drain_s=drain_s, samples=str(samples),
        )  # fmt: skip
        return int((await self._answer(BESIDES_S))["began_ns"])

    async def ended(self, order: Order, began_ns: int, drain_s: float, file: Path) -> Samples:
        """Wait for the end of the step; give its samples.

        Raises:
            SystemFailed: the program has ended, or does not answer.
        """
        said = await self._answer(order.seconds + drain_s + BESIDES_S)
        queued, acked, seen = _columns(file, order.offered)
        return Samples(order, began_ns, queued, acked, seen, Said(**said))

    async def stop(self) -> None:
        """End it."""
        if self._process.returncode is None and self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), END_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _order(self, **what: object) -> None:
        assert self._process.stdin is not None, "started with a pipe"
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        await self._process.stdin.drain()

    async def _answer(self, limit_s: float) -> dict[str, Any]:
        assert self._process.stdout is not None, "started with a pipe"
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), limit_s)
        except TimeoutError:
            raise SystemFailed(f"the load program did not answer in {limit_s:.0f} s") from None
        if not line:
            raise SystemFailed("the load program has ended; see load.log")
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise SystemFailed(f"the load program: {answer['failed']}")
        return answer


def _columns(file: Path, rows: int) -> "tuple[array[int], array[int], array[int]]":
    """Read a samples file, and remove it."""
    queued, acked, seen = array("q"), array("q"), array("q")
    with file.open("rb") as raw:
        for column in (queued, acked, seen):
            column.fromfile(raw, rows)
    file.unlink()
    return queued, acked, seen
