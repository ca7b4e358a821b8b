"""The guard: ends an orphaned PostgreSQL when its gateway has died and no other took over.

Contract: `python -I -S guard.py <json>` reads its standard input, a pipe whose other end only the
gateway holds. One byte dismisses it. End of file means that the gateway is dead: it then waits
`grace_s`; if by then no gateway has written a new generation, it stops the server (fast, then
immediate, then by force) and ends. This file imports the standard library alone, and all of it at
its start, because the gateway's environment may be gone by the time it acts; the supervisor
imports the process functions from here.

Theory of operation: who may touch the server is decided by one flock on `lock`. A gateway takes it
before it starts or adopts, arms its own guard, and only then writes that guard's generation. So
the generation always names exactly one guard, the one that answers for the server; every other
guard leaves. The guard acts only with the lock in hand and the generation still its own: it can
never stop a server that a living gateway has adopted.

Our processes are known by a token: the server's `cluster_name`, which stands in the postmaster's
arguments and in the title of each of its children. Titles can be read without privileges, which
/proc/<pid>/cwd and exe cannot (a container's root lacks CAP_SYS_PTRACE). The owner must match too.
Only Linux is tested; elsewhere the titles come from `ps`.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

if sys.platform != "win32":  # place.resolve refuses such a system before this is needed
    import fcntl

POLL_S = 0.02
HOLDER_BYTES = 64
KILL_WAIT_S = 5.0
PID_FILE_MAX_BYTES = 4_096
PS_TIMEOUT_S = 10.0
OF_ANY_CLUSTER = re.compile(rb"(\0cluster_name=|^postgres: )lifeline-[0-9a-f]{16}\b")


@dataclass(frozen=True, slots=True)
class Target:
    """The server to look after: its data directory, its token, the user that it runs as."""

    cluster: Path
    token: str
    uid: int


def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Ask again and again until the condition holds (True) or the time is over (False)."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline_s:
            return False
        time.sleep(POLL_S)
    return True


def command_line(pid: int) -> tuple[int, bytes] | None:
    """A process's effective user and its NUL-separated command line; None when it has ended.

    A process that has ended but was not waited for (a zombie) counts as ended.
    """
    if Path("/proc/self/cmdline").exists():
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            status = Path(f"/proc/{pid}/status").read_text(errors="replace")
        except OSError:
            return None
        uid = int(status.partition("\nUid:")[2].split(maxsplit=2)[1])
        return (uid, line) if line else None
    for found, uid, line in _from_ps():
        if found == pid:
            return uid, line
    return None


def is_ours(pid: int, target: Target) -> bool:
    """Whether this process is a living PostgreSQL process of the target."""
    found = command_line(pid)
    return found is not None and found[0] == target.uid and _matches(found[1], target.token)


def processes(target: Target) -> list[int]:
    """The pids of all living PostgreSQL processes of the target, orphans included."""
    if Path("/proc/self/cmdline").exists():
        pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return [pid for pid in pids if is_ours(pid, target)]
    return [
        pid for pid, uid, line in _from_ps() if uid == target.uid and _matches(line, target.token)
    ]


def is_postgres(line: bytes) -> bool:
    """Whether a command line is a PostgreSQL server's or that of one of its children."""
    first = line.partition(b"\0")[0]
    return first.startswith(b"postgres: ") or first.rpartition(b"/")[2] == b"postgres"


def read_pid_file(cluster: Path) -> list[str]:
    """The lines of postmaster.pid: pid, directory, start, port, ...; [] when there is none."""
    try:
        with (cluster / "postmaster.pid").open("rb") as file:
            return file.read(PID_FILE_MAX_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return []


def postmaster_pid(target: Target) -> int | None:
    """The pid of the target's living postmaster."""
    lines = read_pid_file(target.cluster)
    if not lines or not lines[0].strip().isdigit():
        return None
    pid = int(lines[0])
    return pid if is_ours(pid, target) else None


def shut_down(target: Target, fast_s: float, immediate_s: float) -> str:
    """Stop every process of the target; returns how.

    "none": there was none; "fast", "immediate", "killed": the way that was needed; "left": not
    even killing ended all of them (a process blocked by its disk).

    Fast (SIGINT) ends sessions and writes a checkpoint; immediate (SIGQUIT) and killing leave a
    crash recovery to the next start. No committed row is lost either way.

    Args:
        target: what to stop.
        fast_s: seconds given to the fast shutdown.
        immediate_s: seconds given to the immediate one.
    """
    how = "none"
    for word, number, wait_s in (
        ("fast", signal.SIGINT, fast_s),
        ("immediate", signal.SIGQUIT, immediate_s),
        ("killed", signal.SIGKILL, KILL_WAIT_S),
    ):
        pids = processes(target)
        if not pids:
            return how
        how = word
        leader = postmaster_pid(target)
        chosen = pids if leader is None or number == signal.SIGKILL else [leader]
        for pid in chosen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        if wait_until(lambda: not processes(target), wait_s):
            return how
    return "left"


def _matches(line: bytes, token: str) -> bool:
    """Whether the line has the token as its cluster_name, or as the start of its title."""
    return is_postgres(line) and any(
        mark + token.encode() + end in line + b"\0"
        for mark, end in ((b"\0cluster_name=", b"\0"), (b"postgres: ", b": "))
    )


def _from_ps() -> Iterator[tuple[int, int, bytes]]:
    listing = subprocess.run(
        ["/bin/ps", "-axo", "pid=,uid=,command="],
        capture_output=True,
        check=False,
        timeout=PS_TIMEOUT_S,
    )
    for row in listing.stdout.splitlines():
        fields = row.split(maxsplit=2)
        if len(fields) == 3:
            yield (
                int(fields[0]),
                int(fields[1]),
                fields[2].replace(b" -", b"\0-").replace(b"\0-c ", b"\0-c\0"),
            )


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # a full disk must not keep the guard from its work
        sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}\n")
        sys.stderr.flush()


def _still_answers(state: Path, generation: str) -> bool:
    try:
        return (state / "generation").read_text() == generation
    except OSError:
        return False


def _take_lock(state: Path, target: Target, generation: str) -> int | None:
    """The lock, or None when another guard answers now or nothing is left to stop.

    The loop ends: a gateway that holds the lock writes a new generation, or lets go.
    """
    lock = os.open(state / "lock", os.O_RDWR)
    while _still_answers(state, generation) and processes(target):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(POLL_S)
            continue
        if _still_answers(state, generation):
            return lock
        break
    os.close(lock)
    return None


def main(argument: str) -> None:
    """Wait for the end of the gateway; then, unless another took over, stop the server."""
    order = json.loads(argument)
    state = Path(order["state"])
    generation = str(order["generation"])
    target = Target(Path(order["cluster"]), order["token"], order["uid"])
    # A service manager signals the whole group: the guard leaves with the gateway, not before.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if os.read(0, 1):
        return
    wait_until(lambda: not _still_answers(state, generation), order["grace_s"])
    lock = _take_lock(state, target, generation)
    if lock is None:
        return
    with contextlib.suppress(OSError):
        os.pwrite(lock, f"guard {os.getpid()}".ljust(HOLDER_BYTES).encode(), 0)
    _say(f"no gateway for {order['grace_s']} s: stopping the server over {target.cluster}")
    how = shut_down(target, order["fast_s"], order["immediate_s"])
    _say(f"stopped: {how}; processes left: {len(processes(target))}")


if __name__ == "__main__":
    main(sys.argv[1])
