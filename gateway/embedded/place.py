"""Where the embedded database lives and which user it runs as.

Contract: `resolve` gives the Place of a data_dir, the same one for the same data_dir ever after.

Theory of operation: PostgreSQL refuses to run as root. As root we run it as the owner of the data
that are there already, else as `lifeline-pg` (created when the system lets us), else as `nobody`.
That user must be able to reach the state folder and to run programs in it: a home of mode 0700 or
a noexec mount prevents it. So a small script is tried as that user; when it cannot be run, the
state lives in `fallback_root/<digest of the path>`, and a file `moved-to` in data_dir says so.
The pointer is followed from then on, whatever the permissions become. Access of a folder that
somebody closed on purpose is never widened.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from gateway.embedded.errors import NotOurs, NotWritable, Unsupported, naming
from gateway.embedded.guard import Target
from gateway.embedded.settings import Settings

if sys.platform != "win32":  # resolve refuses such a system before this is needed
    import pwd

ACCOUNT = "lifeline-pg"
MARKER = "lifeline-embedded"
POINTER = "moved-to"
_FORMAT = "format 1\n"
_CREATE = ("--system", "--no-create-home", "--home-dir=/nonexistent", "--shell=/usr/sbin/nologin")
_TOOL_TIMEOUT_S = 30.0
_SYSTEM_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class Account:
    """The user that the server runs as, when that is not the gateway's own."""

    uid: int
    gid: int
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one embedded database; `account` None means: runs as the gateway's user."""

    data_dir: Path
    state: Path
    account: Account | None

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.state / "cluster"

    @property
    def target(self) -> Target:
        """What the guard and the supervisor know our processes by."""
        digest = hashlib.sha256(os.fsencode(self.state.resolve())).hexdigest()
        uid = os.geteuid() if self.account is None else self.account.uid
        return Target(self.cluster, f"lifeline-{digest[:16]}", uid)


def resolve(settings: Settings) -> Place:
    """The place of `settings.data_dir`, made on first use.

    Raises:
        Unsupported: on a system that is not POSIX, or as root without any other user.
        NotOurs: when the folder or the data in it belong to something or someone else.
        NotWritable, DiskFull: when a folder cannot be written or reached.
    """
    if os.name != "posix":
        raise Unsupported(
            f"an embedded PostgreSQL needs a POSIX system, this is {os.name!r}: name a PostgreSQL "
            "15 or newer by DSN"
        )
    data_dir = settings.data_dir.expanduser().resolve()
    root = os.geteuid() == 0
    with naming(data_dir, "make the data folder"):
        data_dir.mkdir(mode=0o711 if root else 0o700, parents=True, exist_ok=True)
        _claim(data_dir)
        moved = _pointed_at(data_dir)
    state = moved or data_dir
    owner = _owner(state / "cluster")
    if not root:
        if owner not in (None, os.geteuid()):
            raise NotOurs(
                f"{state / 'cluster'} belongs to user {owner}, this is user {os.geteuid()}: run "
                "the gateway as that user (or as root), or name another data_dir"
            )
        return Place(data_dir, state, None)
    account = _account() if owner is None else _account_of(owner, state / "cluster")
    if not _can_run_in(state, account):
        if moved is not None or owner is not None:
            raise NotWritable(
                f"user {account.name} cannot reach {state} or run programs there: give others "
                "search permission (x) on each folder above it, and mount it without noexec"
            )
        state = _move(data_dir, settings.fallback_root, account)
        owner = _owner(state / "cluster")
        if owner is not None:
            account = _account_of(owner, state / "cluster")
    return Place(data_dir, state, account)


def write_atomically(path: Path, text: str, mode: int) -> None:
    """Write a file so that a reader, or a crash, sees the old or the new one, never a part."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def overwrite(path: Path, text: str, size: int) -> None:
    """Put a short note into a file, padded to `size`: works on a full disk when it stood there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(descriptor, text.ljust(size).encode(), 0)
    finally:
        os.close(descriptor)


def _claim(folder: Path) -> None:
    names = sorted({entry.name for entry in folder.iterdir()} - {"lost+found"})
    if MARKER in names:
        found = (folder / MARKER).read_text(errors="replace")
        if found not in ("", _FORMAT):  # empty: another gateway is writing it just now
            raise NotOurs(
                f"{folder / MARKER} says {found!r}, expected {_FORMAT!r}: a newer gateway made "
                "it; run that one, or name another data_dir"
            )
        return
    if names:
        raise NotOurs(
            f"{folder} holds {len(names)} entries ({names[0]}, ...) and no {MARKER} file: it is "
            "not a folder of ours; name a new or an empty one as data_dir (or, for a PostgreSQL "
            "of your own, its DSN)"
        )
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(folder / MARKER, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            os.write(descriptor, _FORMAT.encode())
        finally:
            os.close(descriptor)


def _pointed_at(data_dir: Path) -> Path | None:
    pointer = data_dir / POINTER
    if not pointer.exists():
        return None
    state = Path(pointer.read_text().strip())
    if not (state / MARKER).exists():
        raise NotOurs(
            f"{pointer} says that the database lives in {state}, but nothing of ours is there: "
            "mount or restore it; or, if it is gone for good, delete the pointer to begin anew"
        )
    return state


def _owner(cluster: Path) -> int | None:
    try:
        return cluster.stat().st_uid
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotOurs(
            f"cannot look at {cluster}: {error.strerror}; run the gateway as the user that made "
            "it, or name another data_dir"
        ) from error


def _account_of(uid: int, cluster: Path) -> Account:
    if uid == 0:
        raise NotOurs(
            f"{cluster} belongs to root, as whom PostgreSQL refuses to run: give it back to its "
            f"user (chown -R {ACCOUNT} {cluster})"
        )
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(uid, cluster.stat().st_gid, f"uid {uid}")
    return Account(uid, entry.pw_gid, entry.pw_name)


def _account() -> Account:
    for name in (ACCOUNT, "", ACCOUNT, "nobody"):
        if not name:
            _create_account()
            continue
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)
    raise Unsupported(
        f"PostgreSQL refuses to run as root, and there is neither a user {ACCOUNT} nor nobody: "
        f"create one (useradd --system {ACCOUNT}), or run the gateway as an ordinary user"
    )


def _create_account() -> None:
    tool = shutil.which("useradd", path=_SYSTEM_PATH)
    if tool is None:
        return
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(  # noqa: S603 - found on the system's own path
            [tool, *_CREATE, ACCOUNT],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TOOL_TIMEOUT_S,
        )


def _can_run_in(folder: Path, account: Account) -> bool:
    probe = folder / "probe"
    if not probe.exists():  # it stays: on a full disk a running server can still be adopted
        with naming(folder, "write in the state folder"):
            write_atomically(probe, "#!/bin/sh\nexit 0\n", 0o700)
            probe.chmod(0o755)
    try:
        done = subprocess.run(  # noqa: S603 - written above
            [probe],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            cwd="/",
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            timeout=_TOOL_TIMEOUT_S,
        )
    except OSError:
        return False
    return done.returncode == 0


def _move(data_dir: Path, fallback_root: Path, account: Account) -> Path:
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()
    state = fallback_root / digest[:32]
    with naming(state, "make the state folder that stands in for a closed data_dir"):
        fallback_root.mkdir(mode=0o755, parents=True, exist_ok=True)
        if fallback_root.stat().st_uid != 0:
            raise NotOurs(f"{fallback_root} does not belong to root: give it back (chown root)")
        state.mkdir(mode=0o711, exist_ok=True)
        _claim(state)
        if not _can_run_in(state, account):
            raise NotWritable(
                f"user {account.name} can run programs neither in {data_dir} nor in {state}: name "
                "a data_dir that it can reach, on a file system mounted without noexec"
            )
        write_atomically(data_dir / POINTER, f"{state}\n", 0o644)
    return state
