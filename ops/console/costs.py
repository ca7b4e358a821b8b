"""What processes cost: processor seconds of a process and all that came of it, read from /proc."""

import os
from pathlib import Path

TICKS_A_S = os.sysconf("SC_CLK_TCK")
PARENT, USER, SYSTEM = 1, 11, 12


def _fields(pid: int) -> list[str]:
    # The name, in brackets, may hold blanks: what follows the last bracket does not.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu_s(root: int, *, children: bool = True) -> float:
    """Give the processor seconds of a process, and of those below it that still run."""
    found: dict[int, tuple[int, float]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = _fields(int(entry.name))
            except OSError:
                continue  # it has just ended
            used_s = (int(fields[USER]) + int(fields[SYSTEM])) / TICKS_A_S
            found[int(entry.name)] = (int(fields[PARENT]), used_s)
    mine, total_s = {root}, found[root][1]
    grew = children
    while grew:
        more = {pid for pid, (parent, _) in found.items() if parent in mine} - mine
        total_s += sum(found[pid][1] for pid in more)
        mine |= more
        grew = bool(more)
    return total_s
