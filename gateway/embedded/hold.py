"""The hold on a database: one lock, one guard. Whoever has it may start, adopt and stop.

Contract: at most one process holds it. It ends by `release` or with the process; in the second
case the guard ends the server after its grace, unless another gateway takes the hold before.
See guard.py for why the order lock, guard, generation is safe at every instant.
"""

import contextlib
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Self

from gateway.embedded import guard
from gateway.embedded.errors import InUse, Unsupported, naming
from gateway.embedded.place import Place, overwrite
from gateway.embedded.settings import Settings

if sys.platform != "win32":  # place.resolve refuses such a system before this is needed
    import fcntl

_GUARD_LOG_MAX_BYTES = 65_536
_GUARD_LEAVES_S = 5.0


class Hold:
    """The lock and the guard of one gateway over one database. Not for use by two threads."""

    def __init__(self, place: Place, settings: Settings, lock: int) -> None:
        """Keep the lock and arm the first guard."""
        self._place = place
        self._settings = settings
        self._lock = lock
        self._guard: subprocess.Popen[bytes] | None = None
        self.arm()

    @classmethod
    def take(cls, place: Place, settings: Settings) -> Self:
        """Take the lock, waiting for a dying gateway or a guard at work, and arm a guard.

        Raises:
            InUse: when another gateway holds it.
            NotWritable, DiskFull: when the state folder cannot be written.
        """
        lock = take_lock(place, settings)
        try:
            return cls(place, settings, lock)
        except BaseException:
            os.close(lock)
            raise

    def arm(self) -> None:
        """Start a guard, unless a living one stands, and make it the one that answers."""
        if self._guard is not None and self._guard.poll() is None:
            return
        generation = secrets.token_hex(16)
        self._guard = _spawn(self._place, self._settings, generation)
        with naming(self._place.state, "write the guard's generation"):
            overwrite(self._place.state / "generation", generation, len(generation))

    def guard_pid(self) -> int | None:
        """The pid of the living guard."""
        if self._guard is None or self._guard.poll() is not None:
            return None
        return self._guard.pid

    def release(self) -> None:
        """Let go. The guard is dismissed when no server is left, else it keeps its grace."""
        armed = self._guard
        if armed is not None and armed.stdin is not None:
            idle = not guard.processes(self._place.target)
            with contextlib.suppress(OSError):
                if idle:
                    armed.stdin.write(b".")
                armed.stdin.close()
            if idle:
                _see_off(armed)
        self._guard = None
        os.close(self._lock)


def take_lock(place: Place, settings: Settings) -> int:
    """The locked descriptor of the lock file, marked with our pid.

    Raises:
        InUse: when another gateway holds it after `lock_wait_s`, or a guard after its bounds.
        NotWritable, DiskFull: when the lock file cannot be written.
    """
    path = place.state / "lock"
    with naming(path, "open the lock file"):
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not guard.wait_until(lambda: _try(lock), settings.lock_wait_s):
        # A guard that stops the server lets go within its bounds, and then the start is ours.
        patience_s = settings.fast_stop_s + settings.immediate_stop_s + guard.KILL_WAIT_S
        if not _holder(lock).startswith("guard") or not guard.wait_until(
            lambda: _try(lock), patience_s
        ):
            holder = _holder(lock)
            os.close(lock)
            raise InUse(
                f"the database in {place.data_dir} is run by {holder}: stop that one, or give "
                "this gateway a data_dir of its own, or the DSN of a PostgreSQL that both share"
            )
    if not _is_same_file(lock, path):
        os.close(lock)
        raise InUse(f"the database in {place.data_dir} was erased just now: start again")
    with naming(path, "write the lock file"):
        os.pwrite(lock, f"gateway {os.getpid()}".ljust(guard.HOLDER_BYTES).encode(), 0)
    return lock


def _try(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_same_file(lock: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(lock), path.stat())
    except FileNotFoundError:
        return False


def _holder(lock: int) -> str:
    words = os.pread(lock, guard.HOLDER_BYTES, 0).decode(errors="replace").split()
    return f"{words[0]} (pid {words[1]})" if len(words) == 2 else "another process"


def _spawn(place: Place, settings: Settings, generation: str) -> subprocess.Popen[bytes]:
    if not sys.executable:
        raise Unsupported(
            "the Python interpreter does not know its own path, so no guard can be started: run "
            "the gateway with a plain python, or name a PostgreSQL by DSN"
        )
    order = json.dumps(
        {
            "state": str(place.state),
            "cluster": str(place.cluster),
            "token": place.target.token,
            "uid": place.target.uid,
            "generation": generation,
            "grace_s": settings.orphan_grace_s,
            "fast_s": settings.fast_stop_s,
            "immediate_s": settings.immediate_stop_s,
        }
    )
    path = place.state / "guard.log"
    with naming(path, "start the guard"):
        if path.exists() and path.stat().st_size > _GUARD_LOG_MAX_BYTES:
            path.unlink()
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            return subprocess.Popen(  # noqa: S603 - our interpreter, our file
                [sys.executable, "-I", "-S", str(Path(guard.__file__).resolve()), order],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )
        finally:
            os.close(log)


def _see_off(armed: subprocess.Popen[bytes]) -> None:
    try:
        armed.wait(_GUARD_LEAVES_S)
    except subprocess.TimeoutExpired:
        armed.kill()
        armed.wait()
