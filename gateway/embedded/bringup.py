"""Bring a server up over a place that we hold: adopt it, or clear the way and start it."""

import contextlib
import enum
import subprocess
import time
from dataclasses import dataclass

from gateway.embedded import binaries as programs
from gateway.embedded import cluster, guard, notes
from gateway.embedded.errors import NotAnswering, PortTaken, StartFailed, from_log
from gateway.embedded.place import Place
from gateway.embedded.settings import Settings

PORT_ATTEMPTS = 5
ONE_ANSWER_S = 2.0
_PORT_RETRY_S = 0.3
_LAST_WORDS_S = 5.0
_ORPHANS_END_S = 2.0
_ORPHANS_QUIT_S = 1.0


class How(enum.Enum):
    """How a running server was come by."""

    CREATED = "created"
    STARTED = "started"
    ADOPTED = "adopted"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is up; `child` None means that an earlier gateway started it."""

    pid: int
    port: int
    how: How
    child: subprocess.Popen[bytes] | None


def come_up(settings: Settings, place: Place) -> Server:
    """Adopt the server that runs, else start one; the caller has the hold.

    Raises:
        EmbeddedError: when neither can be done.
    """
    server = found(settings, place)
    if server is not None:
        return server
    if not guard.wait_until(lambda: not guard.processes(place.target), _ORPHANS_END_S):
        # Backends of a killed postmaster keep its shared memory, and with it the start, blocked.
        guard.shut_down(place.target, 0, _ORPHANS_QUIT_S)
    installed = programs.for_place(programs.find(settings.binaries_dir), place)
    programs.remove_old_copies(place, installed)
    created = not place.cluster.exists()
    if created:
        cluster.make(place, installed, notes.new_password(place))
    else:
        cluster.check_major(place, installed)
        cluster.clear_stale_pid_file(place)
        notes.replace_lost_password(place, installed)
    cluster.bound_logs(place)
    how = How.CREATED if created else How.STARTED
    return _start_on_a_port(settings, place, installed, how)


def found(settings: Settings, place: Place) -> Server | None:
    """The living server, waited for while it starts; None when there is none to adopt."""
    seen = cluster.look(place)
    if seen is None:
        return None
    if seen.status not in (cluster.READY, cluster.STOPPING):
        guard.wait_until(lambda: _settled(place), settings.start_timeout_s)
        seen = cluster.look(place)
        if seen is None:
            return None
        if seen.status not in (cluster.READY, cluster.STOPPING):
            raise StartFailed(_still_recovering(place, seen.pid, settings.start_timeout_s))
    unwanted = settings.port not in (None, seen.port) or notes.password_lost(place)
    if seen.status == cluster.STOPPING or unwanted:
        guard.shut_down(place.target, settings.fast_stop_s, settings.immediate_stop_s)
        return None
    port = seen.port
    if not guard.wait_until(lambda: cluster.answers(port, ONE_ANSWER_S), settings.answer_timeout_s):
        raise NotAnswering(
            f"the server over {place.cluster} (pid {seen.pid}) does not answer on 127.0.0.1 port "
            f"{port} after {settings.answer_timeout_s:g} s: see its log in {place.cluster}/log; "
            f"if it hangs, end it (kill -QUIT {seen.pid}) and start again"
        )
    return Server(seen.pid, port, How.ADOPTED, None)


def _settled(place: Place) -> bool:
    seen = cluster.look(place)
    return seen is None or seen.status in (cluster.READY, cluster.STOPPING)


def _start_on_a_port(
    settings: Settings, place: Place, installed: programs.Binaries, how: How
) -> Server:
    port = settings.port or notes.port_of_last_time(place) or notes.free_port()
    for attempt in range(1, PORT_ATTEMPTS + 1):
        try:
            child = _launch(settings, place, installed, port)
        except PortTaken:
            if attempt == PORT_ATTEMPTS:
                raise
            # A fixed port may still be held by the last moments of a killed server.
            time.sleep(_PORT_RETRY_S)
            port = settings.port or notes.free_port()
            continue
        with contextlib.suppress(OSError):
            notes.remember_port(place, port)
        return Server(child.pid, port, how, child)
    raise AssertionError("the loop above returns or raises")


def _launch(
    settings: Settings, place: Place, installed: programs.Binaries, port: int
) -> subprocess.Popen[bytes]:
    since_ns = time.time_ns()
    child = cluster.launch(place, installed, settings.server_options(place.target.token, port))

    def up_or_ended() -> bool:
        if child.poll() is not None:
            return True
        seen = cluster.look(place)
        return (
            seen is not None
            and seen.pid == child.pid
            and seen.status == cluster.READY
            and cluster.answers(port, ONE_ANSWER_S)
        )

    if not guard.wait_until(up_or_ended, settings.start_timeout_s):
        raise StartFailed(_still_recovering(place, child.pid, settings.start_timeout_s))
    if child.poll() is not None:
        # The log collector writes the reason down after the postmaster has ended, then ends too.
        guard.wait_until(lambda: not guard.processes(place.target), _LAST_WORDS_S)
        raise from_log(cluster.last_words(place, since_ns), place.cluster, port)
    return child


def _still_recovering(place: Place, pid: int, waited_s: float) -> str:
    return (
        f"the server over {place.cluster} (pid {pid}) was not ready after {waited_s:g} s, perhaps "
        f"still replaying its journal: call again to go on waiting; its log: {place.cluster}/log"
    )
