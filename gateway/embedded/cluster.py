"""One PostgreSQL data directory: make it, start a server over it, look at the one that runs."""

import contextlib
import os
import secrets
import shutil
import socket
import struct
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.embedded import guard
from gateway.embedded.binaries import Binaries
from gateway.embedded.errors import InUse, StartFailed, WrongMajor, from_log, naming
from gateway.embedded.place import Account, Place, write_atomically
from gateway.embedded.settings import LOG_FILES_MAX

OWNER = "lifeline"
DATABASE = "lifeline"
READY = "ready"
STOPPING = "stopping"
_INITDB_TIMEOUT_S = 300.0
_LOG_TAIL_BYTES = 16_384
_MAKING = "making-"
_SSL_REQUEST = struct.pack("!II", 8, 80_877_103)
_ENVIRONMENT = {"PATH": "/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What postmaster.pid tells of a living postmaster of ours; port 0 when not yet known."""

    pid: int
    port: int
    status: str


def look(place: Place) -> Seen | None:
    """The living postmaster over the place's cluster; None when there is none."""
    pid = guard.postmaster_pid(place.target)
    lines = guard.read_pid_file(place.cluster)
    if pid is None or not lines or lines[0].strip() != str(pid):
        return None
    port = int(lines[3]) if len(lines) > 3 and lines[3].isdigit() else 0
    return Seen(pid, port, lines[7].strip() if len(lines) > 7 else "starting")


def answers(port: int, timeout_s: float) -> bool:
    """Whether a PostgreSQL answers on 127.0.0.1: it gives one byte to a request for TLS."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
            connection.settimeout(timeout_s)
            connection.sendall(_SSL_REQUEST)
            return connection.recv(1) in (b"S", b"N")
    except OSError:
        return False


def check_major(place: Place, binaries: Binaries) -> None:
    """Refuse data of another major version before a server touches them.

    Raises:
        WrongMajor: with both versions and what to do.
    """
    path = place.cluster / "PG_VERSION"
    with naming(path, "read the version of the data"):
        found = path.read_text(errors="replace").strip()[:16]
    if found != str(binaries.major):
        raise WrongMajor(
            f"the data in {place.cluster} were made by PostgreSQL {found}, this gateway brings "
            f"{binaries.major}: dump them with the gateway version that made them (pg_dump) and "
            "restore them here, or run pg_upgrade, or name an empty data_dir"
        )


def make(place: Place, binaries: Binaries, password: str) -> None:
    """Make the cluster: UTF-8, code point order, SCRAM, checksums, one owner role and database.

    It appears under its name in one rename, so that a killed attempt leaves no half.

    Raises:
        DiskFull, NotWritable, StartFailed: when it cannot be made.
    """
    for half in place.state.glob(f"{_MAKING}*"):
        shutil.rmtree(half, ignore_errors=True)
    work = place.state / f"{_MAKING}{secrets.token_hex(8)}"
    with naming(work, "make the database"):
        work.mkdir(mode=0o700)
        try:
            secret = work / "secret"
            write_atomically(secret, f"{password}\n", 0o600)
            if place.account is not None:
                for path in (secret, work):
                    os.chown(path, place.account.uid, place.account.gid)
            _initdb(place, binaries, work, secret)
            single(place.account, binaries, work / "cluster", f"CREATE DATABASE {DATABASE}")
            (work / "cluster").rename(place.cluster)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def single(account: Account | None, binaries: Binaries, cluster: Path, statement: str) -> None:
    """Run one statement with no server up; it comes by a pipe, so it may hold a secret.

    Raises:
        StartFailed, DiskFull: when the statement fails.
    """
    options = ["-c", "log_min_error_statement=panic", "-c", "lc_messages=C"]
    command = [binaries.program("postgres"), "--single", *options, "-D", str(cluster), "postgres"]
    done = _run(command, account, f"{statement}\n")
    if done.returncode != 0 or "ERROR:" in done.stderr:
        raise from_log(done.stderr, cluster, None)


def launch(place: Place, binaries: Binaries, options: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a postmaster in a session of its own; returns at once.

    Raises:
        NotWritable, DiskFull: when its first log cannot be opened or it cannot be executed.
    """
    command = [binaries.program("postgres"), "-D", str(place.cluster)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    account = place.account
    with naming(place.state, "start PostgreSQL"), first_log(place).open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - the wheel's own program
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=_ENVIRONMENT,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            umask=0o077,
        )


def first_log(place: Place) -> Path:
    """Where the server writes until its own log collector is up."""
    return place.state / "start.log"


def last_words(place: Place, since_ns: int) -> str:
    """The end of the server's logs, of those that were written to since a time."""
    texts = []
    for path in (first_log(place), *_log_files(place)[-1:]):
        with contextlib.suppress(OSError), path.open("rb") as file:
            if os.fstat(file.fileno()).st_mtime_ns < since_ns:
                continue
            file.seek(max(0, os.fstat(file.fileno()).st_size - _LOG_TAIL_BYTES))
            texts.append(file.read().decode(errors="replace"))
    return "\n".join(texts)


def bound_logs(place: Place) -> None:
    """Delete all but the newest log files; each is bounded by the server's rotation."""
    for path in _log_files(place)[:-LOG_FILES_MAX]:
        with contextlib.suppress(OSError):
            path.unlink()


def clear_stale_pid_file(place: Place) -> None:
    """Remove a postmaster.pid whose pid now belongs to another kind of process.

    PostgreSQL itself clears one whose pid is free; a pid given to another process of the same
    user (after a restart of the machine), or one that is a zombie, would stop it for ever.

    Raises:
        InUse: when a server that we did not start runs over the data.
    """
    lines = guard.read_pid_file(place.cluster)
    if not lines or not lines[0].strip().isdigit():
        return
    pid = int(lines[0])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return
    except PermissionError:
        pass
    found = guard.command_line(pid)
    if (
        found is not None
        and guard.is_postgres(found[1])
        and not guard.OF_ANY_CLUSTER.search(found[1])
    ):
        where = None
        with contextlib.suppress(OSError):
            where = Path(f"/proc/{pid}/cwd").readlink()
        if where is None or where == place.cluster.resolve():
            raise InUse(
                f"a PostgreSQL that we did not start (pid {pid}) runs over {place.cluster}: stop "
                f"it (kill -INT {pid}), then start again"
            )
    with naming(place.cluster, "remove a stale postmaster.pid"):
        (place.cluster / "postmaster.pid").unlink(missing_ok=True)


def _initdb(place: Place, binaries: Binaries, work: Path, secret: Path) -> None:
    command = [binaries.program("initdb"), "-D", str(work / "cluster"), "-U", OWNER]
    command += ["--pwfile", str(secret), "-A", "scram-sha-256", "-E", "UTF8", "--locale=C"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"]
    done = _run([*command, "--no-instructions"], place.account, None)
    if done.returncode != 0:
        raise from_log(done.stdout + done.stderr, place.cluster, None)


def _run(
    command: list[str], account: Account | None, text: str | None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - the wheel's own program
            command,
            input=text or "",
            capture_output=True,
            check=False,
            text=True,
            errors="replace",
            cwd="/",
            env=_ENVIRONMENT,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            umask=0o077,
            timeout=_INITDB_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise StartFailed(
            f"{command[0]} took more than {_INITDB_TIMEOUT_S:.0f} s and was ended: look at the "
            "load of this machine and its disk, then start again"
        ) from error


def _log_files(place: Place) -> list[Path]:
    folder = place.cluster / "log"
    return [] if folder.is_symlink() else sorted(folder.glob("postgresql-*.log"))
