"""The embedded PostgreSQL in its ordinary life: made, started, stopped, reached, refused."""

import os
import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gateway.embedded import (
    How,
    InUse,
    PortTaken,
    Settings,
    ensure,
    erase,
    start,
)
from gateway.embedded.place import resolve
from gateway.embedded.settings import LOG_FILES_MAX
from tests.gateway.embedded_places import (
    forget,
    gateway,
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


def test_first_start_creates_and_a_restart_keeps_the_rows(fresh: Path) -> None:
    settings = settings_in(fresh)
    first = start(settings)
    assert first.how is How.CREATED
    press(first.dsn, 1)
    assert first.stop() == "fast"
    assert not first.alive()
    assert first.stop() == "none", "a second stop does nothing"

    with start(settings) as second:
        assert second.how is How.STARTED
        assert presses(second.dsn) == [1]
        assert second.port == first.port, "the address stays when the port is free"


def test_a_stop_leaves_no_process_and_no_guard(base: Path, settings: Settings) -> None:
    running = start(settings)
    assert {running.pid, running.guard_pid} <= set(leftovers(base))
    running.stop()
    assert leftovers(base) == {}


def test_the_server_is_durable_local_and_tuned(settings: Settings) -> None:
    wanted = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "wal_compression": "pglz",
        "password_encryption": "scram-sha-256",
        "server_encoding": "UTF8",
        "data_checksums": "on",
        "TimeZone": "UTC",
        "max_connections": "60",
        "shared_buffers": "16MB",
        "max_wal_size": "1GB",
    }
    with start(settings) as running, psycopg.connect(running.dsn) as connection:
        rows = connection.execute("SELECT name, current_setting(name) FROM pg_settings").fetchall()
        found = {name: value for name, value in rows if name in wanted}
        order = connection.execute(
            "SELECT datcollate, datlocale FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert found == wanted
    assert order == ("C", "C.UTF-8")


def test_only_the_stored_password_opens_and_no_command_line_shows_it(
    base: Path, settings: Settings
) -> None:
    with start(settings) as running:
        path = running.state_dir / "password"
        password = path.read_text()
        assert re.fullmatch("[0-9a-f]{64}", password)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.stat().st_uid == os.geteuid()
        assert password not in "".join(leftovers(base).values())
        assert password not in repr(running)
        presses_nothing = running.dsn.replace(password, password[::-1])
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(presses_nothing)


def test_a_lost_password_is_replaced_and_the_rows_stay(settings: Settings) -> None:
    with start(settings) as running:
        press(running.dsn, 1)
        old = running.dsn
        (running.state_dir / "password").unlink()
    with start(settings) as running:
        assert running.dsn != old
        assert presses(running.dsn) == [1]


def test_a_second_gateway_is_told_who_runs_the_database(settings: Settings) -> None:
    with start(settings) as running:
        with pytest.raises(InUse, match=rf"pid {os.getpid()}\).*data_dir of its own"):
            start(settings)
        with pytest.raises(InUse):
            erase(settings)
        other = gateway(settings)
        assert other.said["error"] == "InUse"
        other.process.communicate()
        assert running.answers()


def test_a_taken_port_is_refused_by_name_and_a_free_one_is_found(base: Path) -> None:
    free = settings_in(base)
    running = start(free)
    port = running.port
    running.stop()
    with socket.create_server(("127.0.0.1", port)), start(free) as moved:
        assert moved.port != port
        moved.stop()
        with pytest.raises(PortTaken, match=f"port {port} .* name another port"):
            start(settings_in(base, port=port))
        assert leftovers(base) == {}, "its last words were waited for"
    with start(settings_in(base, port=port)) as fixed:
        assert fixed.port == port


def test_logs_are_bounded_and_hold_no_statement(settings: Settings) -> None:
    with start(settings) as running:
        folder = running.state_dir / "cluster" / "log"
        for number in range(2 * LOG_FILES_MAX):
            (folder / f"postgresql-20200101T0000{number:02}.log").touch()
        with (
            psycopg.connect(running.dsn) as connection,
            pytest.raises(psycopg.errors.DivisionByZero),
        ):
            connection.execute("SELECT 1 / 0 AS mrs_example_of_no_street")
        assert ensure(settings, running) is running
        assert len(list(folder.iterdir())) == LOG_FILES_MAX
        texts = [path.read_text() for path in folder.iterdir()]
        assert any("ready to accept connections" in text for text in texts)
        assert not any("mrs_example" in text for text in texts)


def test_the_same_folder_gives_the_same_place(settings: Settings) -> None:
    assert resolve(settings) == resolve(settings)
