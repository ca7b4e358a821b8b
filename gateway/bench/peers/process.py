"""Programs that a peer is made of: started, watched, and ended by their process id.

Contract: `Child.start` runs one program whose words go into a log file; `stop` asks it to end, and
kills it when it does not. Where the system can do it (`setpriv`, util-linux), a program ends with
the thread that started it, so that a benchmark that was killed leaves nothing behind: the event
loop must live as long as its children.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self

from gateway.bench.system import SystemFailed

HOST = "127.0.0.1"
STOP_S = 10.0
ANSWER_S = 10.0
LOG_TAIL_CHARS = 2_000


def free_port() -> int:
    """Give a TCP port on the loopback that nobody has just now."""
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Child:
    """One running program."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        """Take over what `start` started."""
        self.name = name
        self._process = process
        self._log = log
        self._mine = asyncio.Lock()

    @classmethod
    async def start(
        cls,
        name: str,
        words: Sequence[str],
        folder: Path,
        surroundings: Mapping[str, str] | None = None,
        *,
        talks: bool = False,
    ) -> Self:
        """Start a program in a folder; its log is NAME.log there.

        Args:
            name: What it is called in messages.
            words: The program and its arguments.
            folder: Where it runs.
            surroundings: Environment variables besides the inherited ones.
            talks: It can be asked; what it prints is its answers and not in the log.

        Raises:
            SystemFailed: the program cannot be started.
        """
        path = folder / f"{name}.log"
        try:
            with path.open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    *_bound_to_us(), *words,
                    stdin=asyncio.subprocess.PIPE if talks else asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE if talks else log, stderr=log,
                    cwd=folder, env={**os.environ, **(surroundings or {})},
                )  # fmt: skip
        except OSError as error:
            raise SystemFailed(f"cannot start {name} ({words[0]}): {error.strerror}") from error
        return cls(name, process, path)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    def last_words(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-LOG_TAIL_CHARS:].strip() or "(no words)"

    async def ask(self, question: str, answer_s: float = ANSWER_S) -> str:
        """Write a line to it and give the line it answers with.

        Raises:
            SystemFailed: it does not answer, or has ended.
        """
        assert self._process.stdin is not None, f"{self.name} was not started to talk"
        assert self._process.stdout is not None, f"{self.name} was not started to talk"
        try:
            async with self._mine, asyncio.timeout(answer_s):
                self._process.stdin.write(f"{question}\n".encode())
                await self._process.stdin.drain()
                answer = await self._process.stdout.readline()
        except (ConnectionError, TimeoutError) as error:
            raise SystemFailed(
                f"{self.name} did not answer {question!r} within {answer_s:g} s: "
                f"{self.last_words()}"
            ) from error
        if not answer:
            raise SystemFailed(f"{self.name} has ended: {self.last_words()}")
        return answer.decode().strip()

    async def stop(self) -> None:
        """End it; a second call does nothing."""
        if not self.runs:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def _bound_to_us() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
