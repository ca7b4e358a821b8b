"""CPU seconds and memory of processes and their children, from /proc (Linux, proc(5)).

A part of a system is a process and all that descend from it, except those that are parts of their
own. CPU counts children that have ended and were waited for. Memory is PSS: a page that several
processes share is counted once, in shares; else PostgreSQL's buffers would count once a backend.
"""

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
LOOK_EVERY_S = 0.5
KIB = 1_024
MIB = 1_048_576
PROCESSES_MAX = 100_000
# Fields of /proc/<pid>/stat behind the name, counted from 0: state, ppid, …, utime to cstime.
PARENT, UTIME, CSTIME = 1, 11, 14


def bound_to_us() -> list[str]:
    """Give the words that make a program end with us, where the system has them (util-linux)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def descendants(parts: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    """Give the processes of each part now, children included; each belongs to one part only."""
    children: dict[int, list[int]] = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            children.setdefault(int(fields[PARENT]), []).append(int(folder.name))
    roots = {pid for given in parts.values() for pid in given}
    found: dict[str, list[int]] = {}
    for name, given in parts.items():
        mine = list(given)
        for pid in mine:
            assert len(mine) < PROCESSES_MAX, f"{len(mine)} processes in one part"
            mine.extend(one for one in children.get(pid, []) if one not in roots)
        found[name] = mine
    return found


def cpu_s(pids: Sequence[int]) -> float:
    """Give the CPU seconds that processes and their ended children have used; 0 for gone ones."""
    ticks = 0
    for pid in pids:
        fields = _stat(pid)
        if fields:
            ticks += sum(int(one) for one in fields[UTIME : CSTIME + 1])
    return ticks / TICKS_PER_S


def pss_bytes(pids: Sequence[int]) -> int:
    """Give the memory of processes; what may not be read or is gone counts 0."""
    total = 0
    for pid in pids:
        try:
            text = (PROC / str(pid) / "smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line[:4] == "Pss:")
    return total * KIB


def _stat(pid: int) -> list[str]:
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


@dataclass(frozen=True, slots=True)
class Used:
    """What one part used during a step."""

    cpu_s: float
    peak_mib: float


@dataclass(slots=True)
class Meter:
    """Watches the parts of a system for a while."""

    parts: Mapping[str, Sequence[int]]
    _began_s: dict[str, float] = field(default_factory=dict)
    _peak_bytes: dict[str, int] = field(default_factory=dict)

    def begin(self) -> None:
        """Note what was used before."""
        self._began_s = {name: cpu_s(pids) for name, pids in descendants(self.parts).items()}

    def look(self) -> None:
        """Note memory as it is now."""
        for name, pids in descendants(self.parts).items():
            self._peak_bytes[name] = max(self._peak_bytes.get(name, 0), pss_bytes(pids))

    async def keep_looking(self) -> None:
        """Note memory again and again until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(LOOK_EVERY_S)

    def end(self) -> dict[str, Used]:
        """Give what each part has used since `begin`."""
        return {
            name: Used(
                max(0.0, cpu_s(pids) - self._began_s.get(name, 0.0)),
                self._peak_bytes.get(name, 0) / MIB,
            )
            for name, pids in descendants(self.parts).items()
        }
