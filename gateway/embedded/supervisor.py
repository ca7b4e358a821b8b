"""Start, adopt, watch, restart and stop the embedded PostgreSQL. All calls block."""

import shutil
import subprocess
from pathlib import Path
from typing import Self

from gateway.embedded import cluster, guard
from gateway.embedded.bringup import ONE_ANSWER_S, How, Server, come_up, found
from gateway.embedded.errors import InUse, naming
from gateway.embedded.hold import Hold
from gateway.embedded.notes import stored_password
from gateway.embedded.place import MARKER, POINTER, Place, resolve
from gateway.embedded.settings import Settings


class Running:
    """A running server and our hold on it. For one thread at a time.

    Dropping it without `stop` is what a killed gateway does: the guard then ends the server.
    """

    def __init__(self, settings: Settings, place: Place, hold: Hold, server: Server) -> None:
        """Read the password that is stored beside the data.

        Raises:
            NotOurs: when the password of an adopted server is gone.
        """
        self._settings = settings
        self._place = place
        self._hold: Hold | None = hold
        self._server = server
        self._password = stored_password(place)

    @property
    def dsn(self) -> str:
        """The address for the owner role, a superuser; it holds the password: never log it."""
        return (
            f"postgresql://{cluster.OWNER}:{self._password}@127.0.0.1:{self.port}/"
            f"{cluster.DATABASE}?sslmode=disable&gssencmode=disable"
        )

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        return self._server.port

    @property
    def pid(self) -> int:
        """The postmaster's pid."""
        return self._server.pid

    @property
    def how(self) -> How:
        """Whether the server was created, started over old data, or adopted."""
        return self._server.how

    @property
    def guard_pid(self) -> int | None:
        """The pid of our guard; None when it has died (`ensure` arms a new one)."""
        return None if self._hold is None else self._hold.guard_pid()

    @property
    def state_dir(self) -> Path:
        """Where the data are: data_dir, or the folder that stands in for it."""
        return self._place.state

    def alive(self) -> bool:
        """Whether our postmaster still runs."""
        if self._hold is None:
            return False
        _reap(self._server.child)
        return guard.is_ours(self.pid, self._place.target)

    def answers(self, timeout_s: float = ONE_ANSWER_S) -> bool:
        """Whether the server answers within the time: False for a stopped or hung one."""
        return cluster.answers(self.port, timeout_s)

    def stop(self, timeout_s: float | None = None) -> str:
        """Stop the server and let go; the data stay. A second call does nothing.

        Args:
            timeout_s: seconds for the fast shutdown, `fast_stop_s` if None; then harder ways.

        Returns:
            how it went down: "fast", "immediate", "killed"; "none" when it was down already;
            "left" when even killing did not end it: the guard stays and tries again.
        """
        if self._hold is None:
            return "none"
        fast_s = self._settings.fast_stop_s if timeout_s is None else timeout_s
        how = guard.shut_down(self._place.target, fast_s, self._settings.immediate_stop_s)
        _reap(self._server.child)
        self._hold.release()
        self._hold = None
        return how

    def ensure(self) -> "Running":
        """This server when it lives, else a new one under the same hold; re-arms a dead guard.

        Raises:
            EmbeddedError: when no server can be had now; the hold is kept, so call again.
        """
        if self._hold is None:
            return start(self._settings)
        self._hold.arm()
        cluster.bound_logs(self._place)
        if self.alive():
            return self
        fresh = Running(
            self._settings, self._place, self._hold, come_up(self._settings, self._place)
        )
        self._hold = None
        return fresh

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(settings: Settings) -> Running:
    """Adopt the server that runs over the data, else start one, making the database if need be.

    Raises:
        EmbeddedError: the member of the tree that says what was found and what to do next.
    """
    place = resolve(settings)
    hold = Hold.take(place, settings)
    try:
        return Running(settings, place, hold, come_up(settings, place))
    except BaseException:
        hold.release()
        raise


def adopt(settings: Settings) -> Running | None:
    """The server that runs over the data already, under our guard; None when none runs.

    Raises:
        EmbeddedError: as `start`.
    """
    place = resolve(settings)
    if cluster.look(place) is None:
        return None
    hold = Hold.take(place, settings)
    try:
        server = found(settings, place)
        if server is not None:
            return Running(settings, place, hold, server)
    except BaseException:
        hold.release()
        raise
    hold.release()
    return None


def ensure(settings: Settings, running: Running | None = None) -> Running:
    """A running server: `running` if it lives, else one that is restarted, adopted or started.

    Args:
        settings: used when `running` is None; else its own count.
        running: what the last call gave; it is spent when the answer is another object.

    Raises:
        EmbeddedError: as `start`.
    """
    return start(settings) if running is None else running.ensure()


def erase(settings: Settings) -> None:
    """Delete the database, its password, and the data folder: for demonstrations and tests.

    Raises:
        InUse: while a gateway holds it or a server runs over it.
        NotOurs: when the folder is not one of ours.
    """
    place = resolve(settings)
    hold = Hold.take(place, settings)
    try:
        if guard.processes(place.target):
            raise InUse(f"a server still runs over {place.cluster}: stop it before erasing it")
        with naming(place.state, "erase the database"):
            # Markers go last: an erase that was cut short can be called again.
            for folder in dict.fromkeys((place.state, place.data_dir)):
                for entry in folder.iterdir():
                    if entry.name not in (MARKER, POINTER):
                        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
                shutil.rmtree(folder)
    finally:
        hold.release()


def _reap(child: subprocess.Popen[bytes] | None) -> None:
    if child is not None:
        child.poll()
