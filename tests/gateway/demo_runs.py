"""Runs of the demo for its tests: the command as a person types it, and one in this process."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from rich.console import Console

from gateway.demo.play import Run, perform
from gateway.demo.screen import Screen

ROOT = Path(__file__).resolve().parents[2]
FAST = 100_000.0
ORPHANS_END_S = 30.0


@dataclass(frozen=True, slots=True)
class Played:
    """What a run left: its exit code and what it printed."""

    code: int
    out: str
    err: str = ""

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def words(self) -> str:
        """The text without its line breaks and columns."""
        return re.sub(r"\s+", " ", self.out)


def environment(state: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIFELINE_")}
    return {**kept, "LIFELINE_STATE_DIR": str(state), "PYTHONPATH": str(ROOT), **more}


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "gateway", "demo", *options]


def play(state: Path, story: int, **more: str) -> Played:
    """Play a story to its end in a process of its own."""
    done = subprocess.run(
        command("--once", "--story", str(story), "--speed", str(FAST)),
        env=environment(state, **more),
        cwd=state.parent,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return Played(done.returncode, done.stdout, done.stderr)


def start(state: Path, *options: str) -> subprocess.Popen[str]:
    """Start a run that stays up."""
    return subprocess.Popen(
        command("--speed", str(FAST), *options),
        env=environment(state, PYTHONUNBUFFERED="1"),
        cwd=state.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


async def perform_here(run: Run) -> Played:
    """Play in this process, on a screen that is kept."""
    kept = StringIO()
    screen = Screen(Console(file=kept, width=80, highlight=False, emoji=False))
    code = await perform(Run(run.story, screen, run.speed, run.once))
    return Played(code, kept.getvalue())


def processes_over(state: Path) -> list[str]:
    """Give the command lines of processes that were started for a folder, our own left out."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(state) in text and entry.parent.name != str(os.getpid()):
            found.append(text)
    return found


def wait_until_gone(state: Path) -> list[str]:
    """Give what still runs for a folder when the time for it to end is over."""
    until = time.monotonic() + ORPHANS_END_S
    while (left := processes_over(state)) and time.monotonic() < until:
        time.sleep(0.2)
    return left


def interrupt(process: subprocess.Popen[str]) -> Played:
    """Press Ctrl-C and wait for the end."""
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    return Played(process.returncode, out)


def left_in(folder: Path) -> list[Path]:
    """Give what is in a folder."""
    return list(folder.iterdir())
