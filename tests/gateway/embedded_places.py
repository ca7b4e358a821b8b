"""What the tests of the embedded PostgreSQL share: folders, a gateway to kill, a look around."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psycopg

from gateway.embedded import Running, Settings, guard
from gateway.embedded.place import Place

PROJECT = Path(__file__).parents[2]
GRACE_S = 1.0
PATIENCE_S = 60.0

# Starts (or adopts) as a gateway does, says so, and waits for its end.
GATEWAY = """
import json, sys
from pathlib import Path
from gateway import embedded
order = json.loads(sys.argv[1])
for name in ("data_dir", "binaries_dir", "fallback_root"):
    order[name] = order[name] and Path(order[name])
try:
    running = embedded.ensure(embedded.Settings(**order))
except embedded.EmbeddedError as error:
    print(json.dumps({"error": type(error).__name__, "text": str(error)}), flush=True)
    sys.exit(1)
print(json.dumps({"pid": running.pid, "guard": running.guard_pid, "dsn": running.dsn,
                  "how": running.how.value, "state": str(running.state_dir)}), flush=True)
if sys.stdin.readline():
    print(running.stop(), flush=True)
"""


@dataclass(frozen=True)
class Gateway:
    """A gateway process of its own and what it said."""

    process: subprocess.Popen[str]
    said: dict[str, str]

    @property
    def pid(self) -> int:
        return int(self.said["pid"])

    @property
    def guard(self) -> int:
        return int(self.said["guard"])

    def kill(self) -> None:
        """SIGKILL the whole process group, as a shell or an out-of-memory killer would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def stop(self) -> str:
        answer, _ = self.process.communicate("stop\n", timeout=PATIENCE_S)
        return answer.strip()


def gateway(
    settings: Settings,
    python: Sequence[str] = (sys.executable,),
    user: int | None = None,
    path: Path = PROJECT,
) -> Gateway:
    """Start a gateway process over the settings, and wait until it says something."""
    found = os.pathsep.join(filter(None, (str(path), os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        [*python, "-c", GATEWAY, json.dumps(asdict(settings), default=str)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        env={"PYTHONPATH": found, "PATH": os.environ["PATH"]},
        process_group=0,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )
    assert process.stdout is not None
    return Gateway(process, json.loads(process.stdout.readline()))


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user may pass; afterwards nothing that was started there may live."""
    base = Path(tempfile.mkdtemp(prefix="lifeline-test-"))
    base.chmod(0o711)
    try:
        with nothing_left(base):
            yield base
    finally:
        shutil.rmtree(base)


@contextlib.contextmanager
def nothing_left(base: Path) -> Iterator[None]:
    """Fail when a process of the folder outlives the block, and end it."""
    try:
        yield
        assert guard.wait_until(lambda: not leftovers(base), PATIENCE_S), leftovers(base)
    finally:
        for pid in leftovers(base):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def leftovers(base: Path) -> dict[int, str]:
    """Postmasters, their children and guards that belong to a folder: pid and command line."""
    lines: dict[int, bytes] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (found := guard.command_line(int(entry.name))):
            lines[int(entry.name)] = found[1]
    ours = {pid for pid, line in lines.items() if os.fsencode(base) in line}
    states = {path.parent for depth in ("*", "*/*") for path in base.glob(f"{depth}/cluster")}
    tokens = [Place(state, state, None).target.token for state in states]
    titles = tuple(f"postgres: {token}:".encode() for token in tokens)
    ours |= {pid for pid, line in lines.items() if line.startswith(titles)}
    return {pid: lines[pid].decode(errors="replace") for pid in sorted(ours - {os.getpid()})}


def settings_in(base: Path, **others: object) -> Settings:
    """Small and quick settings with the data in `base/data`."""
    settings = Settings(
        base / "data",
        shared_buffers_mib=16,
        orphan_grace_s=GRACE_S,
        lock_wait_s=1.0,
        fallback_root=base / "fallback",
    )
    return replace(settings, **others)  # type: ignore[arg-type]  # names checked by replace


def press(dsn: str, number: int) -> None:
    """Commit one row."""
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS press (number integer)")
        connection.execute("INSERT INTO press VALUES (%s)", (number,))


def presses(dsn: str) -> list[int]:
    """All committed rows."""
    with psycopg.connect(dsn) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM press ORDER BY number")]


def forget(dsn: str) -> None:
    """Begin without rows."""
    with psycopg.connect(dsn) as connection:
        connection.execute("DROP TABLE IF EXISTS press")


def kill_server(running: Running) -> None:
    """SIGKILL the postmaster and wait until it is gone."""
    os.kill(running.pid, signal.SIGKILL)
    assert guard.wait_until(lambda: not running.alive(), PATIENCE_S)


def ended(pid: int) -> bool:
    """Whether a process has ended within the patience."""
    return guard.wait_until(lambda: guard.command_line(pid) is None, PATIENCE_S)
