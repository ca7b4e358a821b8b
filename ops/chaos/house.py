"""A gateway in a process of its own, as a service manager would run it: started, killed, started.

Contract: `House` owns a temporary folder, its ports and its processes; leaving it ends all of them
and removes the folder. Nothing in the gateway knows that it is watched: it is told by signals, by
its settings and over its own ports.
"""

import asyncio
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from gateway import embedded
from gateway.embedded import cluster, notes, place

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
LINE = "mqtt-main"
# Below the range that the system takes for outgoing connections: a port that is free for a moment
# between a kill and the next start must not become somebody's, not even the device's own.
PORTS = range(20_000, 30_000)
PORT_TRIES = 200
LOOK_EVERY_S = 0.05
START_LIMIT_S = 120.0
STOP_LIMIT_S = 45.0
LOG_TAIL_CHARS = 2_000
# By these CI finds what a run has left behind.
CI_MARKS = "LIFELINE_CI_"


class HouseError(RuntimeError):
    """What was to be tortured did not come up, or did not end."""


class Program:
    """One process of ours, started again whenever it ends until it is told to stop."""

    def __init__(self, words: list[str], surroundings: Mapping[str, str], log: Path) -> None:
        """Prepare `python -m gateway <words>`; nothing runs yet."""
        self._words = words
        self._surroundings = dict(surroundings)
        self.log = log
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._killed: set[int] = set()
        self.starts = 0
        self.own_exits: list[int] = []

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start it, and keep it running."""
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    def kill(self) -> bool:
        """Kill it without a warning; False when nothing ran just now."""
        pid = self.pid
        if pid is None:
            return False
        self._killed.add(pid)
        os.kill(pid, signal.SIGKILL)
        return True

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to what runs now."""
        if self.pid is not None:
            os.kill(self.pid, number)

    async def stop(self) -> None:
        """Ask it to end; kill it when it does not."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_LIMIT_S)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise HouseError(
                f"the gateway did not end within {STOP_LIMIT_S:.0f} s of SIGTERM; its last words: "
                f"{self.last_words()}"
            ) from None

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-LOG_TAIL_CHARS:] if self.log.exists() else ""

    async def _spawn(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "gateway", *self._words,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.log.parent, env=self._surroundings,
            )  # fmt: skip
        self.starts += 1

    async def _keep(self) -> None:
        while self._process is not None:
            code = await self._process.wait()
            if self._process.pid not in self._killed:
                self.own_exits.append(code)
                await asyncio.sleep(LOOK_EVERY_S)  # one that cannot start must not spin
            await self._spawn()


class House:
    """A folder, free ports, and the programs and the database that live there."""

    def __init__(self, chance: random.Random) -> None:
        """Choose ports; `async with` makes the folder."""
        self._chance = chance
        self._taken: set[int] = set()
        self.programs: list[Program] = []
        self.folder = Path()
        self._dsn_file: Path | None = None
        self._port: int | None = None
        self.server: embedded.Running | None = None

    async def __aenter__(self) -> Self:
        """Make the folder, open to the database's own user."""
        self.folder = Path(tempfile.mkdtemp(prefix="lifeline-torture-"))
        for folder in (self.folder, self.folder / "state"):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o711)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything, and remove the folder; a log that explains a failure is kept."""
        failed: HouseError | None = None
        for program in self.programs:
            try:
                await program.stop()
            except HouseError as one:
                failed = one
        if self.server is not None:
            await asyncio.to_thread(self.server.stop)
        with suppress(embedded.EmbeddedError):
            # A guard may still be at it; this waits for its end and stops what it left.
            await asyncio.to_thread(_end_orphans, self.database_settings)
        if failed is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        elif error is None:
            raise failed

    def free_port(self) -> int:
        """Choose a port that nobody has."""
        for _ in range(PORT_TRIES):
            port = self._chance.choice(PORTS)
            if port in self._taken:
                continue
            with socket.socket() as probe, suppress(OSError):
                probe.bind((HOST, port))
                self._taken.add(port)
                return port
        raise HouseError(f"no free port after {PORT_TRIES} tries in {PORTS.start}-{PORTS.stop - 1}")

    @property
    def database_settings(self) -> embedded.Settings:
        """Where the embedded database is, the gateway's own or the one beside it."""
        if self._port is None:
            return embedded.Settings(data_dir=self.folder / "state/postgres")
        return embedded.Settings(data_dir=self.folder / "database", port=self._port)

    async def start_database(self) -> None:
        """Start a PostgreSQL of its own that no gateway keeps, and name it in a file."""
        self._port = self.free_port()
        self.server = await asyncio.to_thread(embedded.start, self.database_settings)
        self._dsn_file = self.folder / "dsn"
        self._dsn_file.write_text(self.server.dsn)
        self._dsn_file.chmod(0o600)

    def dsn(self) -> str:
        """The address of the database as it is now; the last known one while it is down."""
        if self.server is not None:
            return self.server.dsn
        where = place.resolve(self.database_settings)
        seen = cluster.look(where)
        port = seen.port if seen is not None and seen.port else notes.port_of_last_time(where)
        return (
            f"postgresql://{cluster.OWNER}:{notes.stored_password(where)}@{HOST}:{port}/"
            f"{cluster.DATABASE}?sslmode=disable&gssencmode=disable"
        )

    def postmaster(self) -> int | None:
        """The process of the database's postmaster; None while there is none."""
        seen = cluster.look(place.resolve(self.database_settings))
        return None if seen is None else seen.pid

    def surroundings(self, name: str, **settings: object) -> dict[str, str]:
        """The environment of a program: nothing of this process's own settings."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("LIFELINE_") or key.startswith(CI_MARKS)
        }
        given = {"STATE_DIR": self.folder / name, "LOG_LEVEL": "warning", **settings}
        if self._dsn_file is not None:
            given["DATABASE_DSN_FILE"] = self._dsn_file
        ours = {f"LIFELINE_{key}": str(value) for key, value in given.items()}
        return {**kept, **ours, "PYTHONPATH": str(ROOT)}

    def program(self, words: list[str], name: str = "state", **settings: object) -> Program:
        """Make a program that ends with this house."""
        program = Program(
            words, self.surroundings(name, **settings), self.folder / f"{'-'.join(words)}.log"
        )
        self.programs.append(program)
        return program

    async def once(self, words: list[str]) -> None:
        """Run a command of the gateway to its end.

        Raises:
            HouseError: it failed; with what it said.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway", *words,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            cwd=self.folder, env=self.surroundings("state"),
        )  # fmt: skip
        said, _ = await process.communicate()
        if process.returncode != 0:
            raise HouseError(f"`lifeline {' '.join(words)}` failed: {said.decode()}")


def _end_orphans(settings: embedded.Settings) -> None:
    if settings.data_dir.exists():
        running = embedded.adopt(settings)
        if running is not None:
            running.stop()


async def until(what: str, holds: Callable[[], Awaitable[bool]], limit_s: float) -> float:
    """Ask until it holds; give how long that took.

    Raises:
        HouseError: it did not within `limit_s`.
    """
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    while not await holds():
        if loop.time() - began_s > limit_s:
            raise HouseError(f"{what}: not within {limit_s:.0f} s")
        await asyncio.sleep(LOOK_EVERY_S)
    return loop.time() - began_s


async def is_ready(client: httpx.AsyncClient, port: int) -> bool:
    """Ask a gateway whether it can store."""
    try:
        answer = await client.get(f"http://{HOST}:{port}/readyz", timeout=1.0)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200
