"""The load program: publishes what a step orders, when it is due, and writes down what came back.

A process of its own (`python -m gateway.bench.load`), the same for every system. Orders come as
lines of JSON on standard input, answers go as lines of JSON to standard output:

    {"do": "connect", "host": …, "port": …, "devices": [[name, password or null], …],
     "shape": …, "alerts": filter or null}          -> {"connected": 200}
    {"do": "step", "step": 1, "rate": 1000.0, "seconds": 5.0, "calls_before": 0,
     "drain_s": 10.0, "samples": path}              -> {"began_ns": …}, and at the end a `Said`

Theory of operation. All packets of a step are encoded before it begins. One loop over epoll hands
every message that is due to its connection, once in a turn and all connections' writes together,
then reads whatever is there and takes acknowledgements apart in bulk. It never waits for an
acknowledgement before it sends on (open loop): what a socket does not take stays in memory, with
the message's clock running since it was due. What it could not do in time itself, it says: `queued`
is when a message was handed to its connection, so `queued - due` is the program's own lateness.

A samples file is three columns of signed 64-bit numbers, native order, a row per message in the
order they were due: queued, acked, seen, in ns after the step's beginning; -1 for never.
"""

import json
import select
import socket
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gateway.bench import wire
from gateway.bench.answers import Run, Said
from gateway.bench.messages import NS, Order, plan
from gateway.bench.system import Shape

READ_BYTES = 262_144
CONNECT_TOGETHER = 50
CONNECT_S = 30.0
TURN_MESSAGES = 512
LEAD_FIRST_NS, LEAD_EACH_NS = 200_000_000, 15_000


@dataclass(slots=True)
class Line:
    """One connection: what waits to be written, and the piece of a packet that was read."""

    socket: socket.socket
    out: bytearray = field(default_factory=bytearray)
    rest: bytes = b""
    is_blocked: bool = False
    is_open: bool = True


class Publisher:
    """All connections to one system."""

    def __init__(self, order: dict[str, Any]) -> None:
        """Connect, and say who each device is.

        Raises:
            OSError, WireError: a connection is not taken.
        """
        self._names = [str(name) for name, _ in order["devices"]]
        self._shape = Shape(order["shape"])
        self._watch = select.epoll()
        self._lines: list[Line] = []
        address = (str(order["host"]), int(order["port"]))
        for first in range(0, len(self._names), CONNECT_TOGETHER):
            group = order["devices"][first : first + CONNECT_TOGETHER]
            self._lines += _connected(address, [(str(n), p) for n, p in group])
        if order["alerts"] is not None:
            self._lines += _connected(address, [("bench-alerts", None)])
            _subscribe(self._lines[-1].socket, str(order["alerts"]))
        self._by_fd = {line.socket.fileno(): n for n, line in enumerate(self._lines)}
        for line in self._lines:
            line.socket.setblocking(False)  # noqa: FBT003 - the library's own order
            self._watch.register(line.socket.fileno(), select.EPOLLIN)

    def step(self, given: dict[str, Any]) -> Said:
        """Run one step; its samples are in the file when this returns."""
        order = Order(given["step"], given["rate"], given["seconds"], given["calls_before"])
        lead_ns = LEAD_FIRST_NS + LEAD_EACH_NS * order.offered
        began_ns = time.time_ns() + lead_ns
        planned = plan(order, self._names, self._shape, began_ns)
        began_ns = max(began_ns, time.time_ns())
        _say({"began_ns": began_ns})
        run = Run(order, planned, began_ns)
        time.sleep(max(0.0, (began_ns - time.time_ns()) / NS))
        apart_ns = time.time_ns() - time.monotonic_ns()
        cpu_s, wall_s = time.process_time(), time.monotonic()
        until_ns = began_ns + int(order.seconds * NS)
        self._offer(run)
        while run.is_waiting and time.time_ns() < until_ns:
            self._turn(run, until_ns)
        run.said.cpu_s = time.process_time() - cpu_s
        run.said.wall_s = time.monotonic() - wall_s
        until_ns += int(given["drain_s"] * NS)
        while run.is_waiting and time.time_ns() < until_ns:
            self._turn(run, until_ns)
        run.said.clock_moved_s = (time.time_ns() - time.monotonic_ns() - apart_ns) / NS
        with Path(given["samples"]).open("wb") as file:
            for column in (run.queued, run.acked, run.seen):
                column.tofile(file)
        return run.said

    def close(self) -> None:
        """Hang up."""
        for line in self._lines:
            line.socket.close()
        self._watch.close()

    def _offer(self, run: Run) -> None:
        """Hand every message to its connection when it is due."""
        at = 0
        while at < run.order.offered:
            now_ns = time.time_ns() - run.began_ns
            due = min(run.order.offered, int(now_ns * run.order.rate / NS) + 1, at + TURN_MESSAGES)
            touched = set()
            for number in range(at, due):
                device = run.plan.devices[number]
                self._lines[device].out += run.plan.packets[number]
                run.queued[number] = now_ns
                touched.add(device)
            for device in touched:
                self._write(device)
            at = max(at, due)
            self._turn(run, run.began_ns + run.order.due_ns(at))

    def _turn(self, run: Run, until_ns: int) -> None:
        """Read what is there; wait for something to be there, at most until this time."""
        wait_s = max(0.0, (until_ns - time.time_ns()) / NS)
        # epoll waits in whole milliseconds only: that would show in every latency.
        select.select([self._watch.fileno()], [], [], wait_s)
        for fd, event in self._watch.poll(0):
            number = self._by_fd[fd]
            if event & select.EPOLLOUT:
                self._write(number)
            if event & ~select.EPOLLOUT:
                self._read(number, run)

    def _write(self, number: int) -> None:
        line = self._lines[number]
        if not line.is_open or not line.out:
            return
        try:
            sent = line.socket.send(line.out)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._hang_up(number)
            return
        del line.out[:sent]
        if bool(line.out) is not line.is_blocked:
            line.is_blocked = bool(line.out)
            wanted = select.EPOLLIN | (select.EPOLLOUT if line.is_blocked else 0)
            self._watch.modify(line.socket.fileno(), wanted)

    def _read(self, number: int, run: Run) -> None:
        line = self._lines[number]
        try:
            data = line.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            run.said.closed += 1
            self._hang_up(number)
            return
        answers = run.take(number, line.rest + data, time.time_ns() - run.began_ns)
        line.rest = run.rest
        if answers:
            line.out += answers
            self._write(number)

    def _hang_up(self, number: int) -> None:
        line = self._lines[number]
        if line.is_open:
            line.is_open = False
            self._watch.unregister(line.socket.fileno())
            line.out.clear()


def _connected(address: tuple[str, int], devices: list[tuple[str, str | None]]) -> list[Line]:
    """Open connections together, so that their admissions overlap."""
    lines = []
    for name, password in devices:
        opened = socket.create_connection(address, CONNECT_S)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.sendall(wire.connect(name, password))
        lines.append(Line(opened))
    for line in lines:
        answer = line.socket.recv(wire.CONNACK_BYTES, socket.MSG_WAITALL)
        if answer[:2] != b"\x20\x02" or answer[3:] != b"\x00":
            raise wire.WireError(f"CONNECT was answered {answer.hex() or 'by closing'}")
    return lines


def _subscribe(opened: socket.socket, topic_filter: str) -> None:
    opened.sendall(wire.subscribe(1, topic_filter))
    answer = opened.recv(5, socket.MSG_WAITALL)
    if answer != b"\x90\x03\x00\x01\x01":
        raise wire.WireError(f"SUBSCRIBE was answered {answer.hex() or 'by closing'}")


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Do what standard input orders, until it ends."""
    publisher: Publisher | None = None
    for text in sys.stdin:
        order = json.loads(text)
        try:
            if order["do"] == "connect":
                publisher = Publisher(order)
                _say({"connected": len(order["devices"])})
            elif publisher is not None:
                _say(asdict(publisher.step(order)))
        except (OSError, ValueError) as error:
            _say({"failed": str(error)})
    if publisher is not None:
        publisher.close()


if __name__ == "__main__":
    main()
