"""The embedded PostgreSQL when a gateway, a guard or the server dies. All for real."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gateway.embedded import (
    How,
    Running,
    Settings,
    adopt,
    ensure,
    erase,
    guard,
    start,
)
from tests.gateway.embedded_places import (
    GRACE_S,
    PATIENCE_S,
    ended,
    forget,
    gateway,
    kill_server,
    leftovers,
    nothing_left,
    open_folder,
    press,
    presses,
    settings_in,
)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A folder with a database in it: to make one takes longer than a test."""
    with open_folder() as folder:
        start(settings_in(folder)).stop()
        yield folder


@pytest.fixture
def base(made: Path) -> Iterator[Path]:
    """The made database without rows; whatever a test starts, nothing may outlive it."""
    with nothing_left(made):
        with start(settings_in(made)) as running:
            forget(running.dsn)
        yield made


@pytest.fixture
def fresh() -> Iterator[Path]:
    """An empty folder."""
    with open_folder() as folder:
        yield folder


@pytest.fixture
def settings(base: Path) -> Settings:
    return settings_in(base)


def test_a_killed_gateways_server_is_adopted_and_its_guard_leaves_it_alone(
    settings: Settings,
) -> None:
    dead = gateway(settings)
    press(dead.said["dsn"], 1)
    dead.kill()
    running = adopt(settings)
    assert running is not None
    with running:
        assert (running.how, running.pid) == (How.ADOPTED, dead.pid)
        assert running.dsn == dead.said["dsn"]
        assert running.guard_pid != dead.guard
        assert ended(dead.guard)
        time.sleep(2 * GRACE_S)
        assert running.alive()
        assert presses(running.dsn) == [1]


def test_adopt_finds_nothing_where_nothing_runs(settings: Settings) -> None:
    assert adopt(settings) is None
    start(settings).stop()
    assert adopt(settings) is None


def test_the_guard_ends_a_server_that_nobody_adopts(base: Path, settings: Settings) -> None:
    dead = gateway(settings)
    press(dead.said["dsn"], 1)
    os.kill(dead.guard, signal.SIGTERM)  # as a service manager does to the whole group
    dead.kill()
    assert guard.wait_until(lambda: not leftovers(base), PATIENCE_S)
    assert "stopped: fast" in (settings.data_dir / "guard.log").read_text()
    with start(settings) as running:
        assert running.how is How.STARTED
        assert presses(running.dsn) == [1]


def test_only_the_last_of_three_gateways_guards_answers(settings: Settings) -> None:
    first = gateway(settings)
    first.kill()
    second = gateway(settings)
    assert second.said["how"] == "adopted"
    second.kill()
    with start(settings) as running:
        assert (running.how, running.pid) == (How.ADOPTED, first.pid)
        assert ended(first.guard)
        assert ended(second.guard)
        assert running.alive()


@pytest.mark.parametrize("late_s", [-0.1, -0.05, 0.0, 0.05, 0.1])
def test_a_start_around_the_guards_deadline_ends_with_a_server_that_stays(
    base: Path, late_s: float
) -> None:
    settings = settings_in(base, orphan_grace_s=0.3)
    dead = gateway(settings)
    press(dead.said["dsn"], 1)
    dead.kill()
    time.sleep(settings.orphan_grace_s + late_s)
    with start(settings) as running:
        assert ended(dead.guard)
        assert running.alive()
        assert presses(running.dsn) == [1]


def test_a_killed_server_comes_back_with_its_rows_at_the_same_address(settings: Settings) -> None:
    first = ensure(settings)
    press(first.dsn, 1)
    assert ensure(settings, first) is first
    kill_server(first)
    second = ensure(settings, first)
    with second:
        assert second.pid != first.pid
        assert second.dsn == first.dsn
        assert second.guard_pid is not None
        assert presses(second.dsn) == [1]
        assert first.stop() == "none", "the old object is spent and cannot stop the new server"
        assert second.answers()


def test_a_frozen_backend_of_a_killed_server_does_not_block_the_next(settings: Settings) -> None:
    running = start(settings)
    press(running.dsn, 1)
    with psycopg.connect(running.dsn) as connection:
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        kill_server(running)
        assert guard.command_line(backend) is not None
        running = ensure(settings, running)
        assert ended(backend)
    with running:
        assert presses(running.dsn) == [1]


def test_a_dead_guard_is_replaced(settings: Settings) -> None:
    with start(settings) as running:
        old = running.guard_pid
        assert old is not None
        os.kill(old, signal.SIGKILL)
        assert guard.wait_until(lambda: running.guard_pid is None, PATIENCE_S)
        assert ensure(settings, running) is running
        assert running.guard_pid not in (None, old)


def test_a_server_frozen_does_not_answer_and_is_stopped_by_force(base: Path) -> None:
    running = start(settings_in(base, fast_stop_s=0.2, immediate_stop_s=0.2))
    os.kill(running.pid, signal.SIGSTOP)
    assert running.alive()
    assert not running.answers(0.2)
    assert running.stop() == "killed"


def test_a_gateway_killed_while_it_makes_the_database_leaves_no_half(fresh: Path) -> None:
    settings = settings_in(fresh)
    pid = os.fork()
    if pid == 0:
        try:
            start(settings)
        finally:
            os._exit(1)
    assert guard.wait_until(lambda: bool(list(settings.data_dir.glob("making-*"))), PATIENCE_S)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    with start(settings) as running:
        assert running.how is How.CREATED
        press(running.dsn, 1)
        assert not list(settings.data_dir.glob("making-*"))
    erase(settings)
    assert not settings.data_dir.exists()


def test_another_wanted_port_restarts_an_adopted_server(base: Path, settings: Settings) -> None:
    dead = gateway(settings)
    press(dead.said["dsn"], 1)
    dead.kill()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with start(settings_in(base, port=port)) as running:
        assert (running.port, running.how) == (port, How.STARTED)
        assert presses(running.dsn) == [1]


def test_running_is_not_lost_when_a_restart_fails(base: Path, settings: Settings) -> None:
    running: Running = start(settings)
    press(running.dsn, 1)
    kill_server(running)
    version = running.state_dir / "cluster" / "PG_VERSION"
    version.rename(base / "PG_VERSION")
    with pytest.raises(Exception, match="PG_VERSION"):
        ensure(settings, running)
    (base / "PG_VERSION").rename(version)
    with ensure(settings, running) as again:
        assert presses(again.dsn) == [1]
