"""A gateway in a process of its own, which can be killed, frozen, and started again."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
START_LIMIT_S = 90.0
STOP_LIMIT_S = 20.0
LOOK_EVERY_S = 0.05
LOG_TAIL_CHARACTERS = 3_000
# By these CI finds what a run has left behind.
CI_MARKS = "LIFELINE_CI_"


class ProgramError(RuntimeError):
    """The gateway did not come up, or did not end."""


def free_port() -> int:
    """Give a port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Program:
    """`lifeline up`, with its log in a folder."""

    def __init__(self, folder: Path, url: str) -> None:
        """Prepare; nothing runs yet."""
        self._folder = folder
        self._url = url
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, settings: Mapping[str, object]) -> None:
        """Start it, and wait until it can take calls.

        Raises:
            ProgramError: it did not become ready; with its last words.
        """
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("LIFELINE_") or key.startswith(CI_MARKS)
        }
        ours = {f"LIFELINE_{key}": str(value) for key, value in settings.items()}
        with (self._folder / "gateway.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "gateway", "up",
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder,
                env={**kept, **ours, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip
        await self._ready()

    async def _ready(self) -> None:
        async with httpx.AsyncClient(timeout=2.0) as client:
            for _ in range(int(START_LIMIT_S / LOOK_EVERY_S)):
                if self._process is None or self._process.returncode is not None:
                    break
                try:
                    if (await client.get(f"{self._url}/readyz")).is_success:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(LOOK_EVERY_S)
        raise ProgramError(f"the gateway is not ready; its last words: {self.last_words()}")

    @property
    def pid(self) -> int:
        """The gateway's process.

        Raises:
            ProgramError: none was started.
        """
        if self._process is None:
            raise ProgramError("the gateway was not started")
        return self._process.pid

    def last_words(self) -> str:
        """Give the end of its log."""
        log = self._folder / "gateway.log"
        return log.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:] if log.exists() else ""

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def kill(self) -> None:
        """Kill it without a warning."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end; kill it when it does not.

        Raises:
            ProgramError: it had to be killed.
        """
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_LIMIT_S)
        except TimeoutError:
            await self.kill()
            raise ProgramError(
                f"no end within {STOP_LIMIT_S:.0f} s of SIGTERM: {self.last_words()}"
            ) from None
