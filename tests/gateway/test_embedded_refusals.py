"""The embedded PostgreSQL where it cannot run, and what it then says."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.embedded import (
    DiskFull,
    How,
    InUse,
    NotOurs,
    Settings,
    Unsupported,
    WrongMajor,
    adopt,
    binaries,
    cluster,
    guard,
    start,
)
from gateway.embedded.place import MARKER, resolve
from tests.gateway.embedded_places import (
    PATIENCE_S,
    gateway,
    nothing_left,
    open_folder,
    press,
    presses,
    settings_in,
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only elsewhere: needs to be root")
SMALL_DISK_MIB = 110


@pytest.fixture
def base() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture
def settings(base: Path) -> Settings:
    return settings_in(base)


def test_data_of_another_major_version_are_refused_untouched(settings: Settings) -> None:
    start(settings).stop()
    version = settings.data_dir / "cluster" / "PG_VERSION"
    version.write_text("15\n")
    with pytest.raises(WrongMajor, match=r"made by PostgreSQL 15, this gateway brings 18.*pg_dump"):
        start(settings)
    version.write_text("18\n")
    with start(settings) as running:
        assert running.how is How.STARTED


def test_a_folder_with_other_things_in_it_is_refused_untouched(settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "holiday.jpg").touch()
    with pytest.raises(NotOurs, match=r"1 entries \(holiday.jpg"):
        start(settings)
    assert [path.name for path in settings.data_dir.iterdir()] == ["holiday.jpg"]


def test_a_folder_of_a_newer_gateway_is_refused(settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / MARKER).write_text("format 2\n")
    with pytest.raises(NotOurs, match="newer gateway"):
        start(settings)


def test_a_server_that_was_started_by_hand_is_neither_adopted_nor_harmed(
    settings: Settings,
) -> None:
    start(settings).stop()
    place = resolve(settings)
    installed = binaries.for_place(binaries.find(None), place)
    child = cluster.launch(place, installed, {"port": "1", "listen_addresses": ""})
    try:
        pid_file = place.cluster / "postmaster.pid"
        assert guard.wait_until(pid_file.exists, PATIENCE_S)
        assert adopt(settings) is None
        with pytest.raises(InUse, match=rf"did not start \(pid {child.pid}\).*kill -INT"):
            start(settings)
        assert child.poll() is None
        assert pid_file.exists()
    finally:
        child.terminate()
        child.wait(PATIENCE_S)


def test_a_pid_file_whose_pid_was_given_to_another_process_is_no_obstacle(
    settings: Settings,
) -> None:
    start(settings).stop()
    place = resolve(settings)
    uid = place.target.uid
    with subprocess.Popen(["/bin/sleep", "60"], user=uid if uid != os.geteuid() else None) as other:
        try:
            lines = [other.pid, place.cluster, 1, 1, "", "127.0.0.1", "1 1", "ready"]
            pid_file = place.cluster / "postmaster.pid"
            pid_file.write_text("\n".join(map(str, lines)) + "\n")
            with start(settings) as running:
                assert running.how is How.STARTED
            assert other.poll() is None
        finally:
            other.kill()


@as_root
def test_a_full_disk_is_named_and_what_was_committed_stays(base: Path) -> None:
    disk = base / "disk"
    disk.mkdir(mode=0o711)
    options = f"size={SMALL_DISK_MIB}m,mode=0711"
    if (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "none", disk], check=False
        ).returncode
        != 0
    ):
        pytest.skip("only elsewhere: needs to be allowed to mount a small disk")
    try:
        with nothing_left(disk):
            fill_and_start(disk, settings_in(disk, fallback_root=base / "fallback"))
    finally:
        subprocess.run(["umount", disk], check=True)


def fill_and_start(disk: Path, settings: Settings) -> None:
    ballast = disk / "ballast"
    fill(ballast, leave_mib=50)
    with pytest.raises(DiskFull, match="free at least"):
        start(settings)
    ballast.unlink()
    dead = gateway(settings)
    press(dead.said["dsn"], 1)
    fill(ballast, leave_mib=0)
    dead.kill()
    with start(settings) as running:  # adopting needs no space
        assert running.how is How.ADOPTED
        assert presses(running.dsn) == [1]
    ballast.unlink()
    with start(settings) as running:
        assert presses(running.dsn) == [1]


def fill(ballast: Path, leave_mib: int) -> None:
    room = os.statvfs(ballast.parent)
    size = room.f_bavail * room.f_frsize - (leave_mib << 20)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def test_a_machine_without_programs_is_told_to_name_a_dsn(base: Path) -> None:
    with pytest.raises(Unsupported, match="name a PostgreSQL 15 or newer by DSN"):
        start(settings_in(base, binaries_dir=base))


def test_a_system_that_is_not_posix_is_told_to_name_a_dsn(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "name", "another")
    with pytest.raises(Unsupported, match=r"'another'.*by DSN"):
        start(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [("port", 0), ("port", 65_536), ("shared_buffers_mib", 1), ("orphan_grace_s", -1)],
)
def test_a_figure_out_of_range_is_refused(base: Path, name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}, expected"):
        settings_in(base, **{name: value})
