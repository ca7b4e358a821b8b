"""The embedded PostgreSQL run by root, by an ordinary user, and over the data of either."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.embedded import (
    How,
    NotOurs,
    NotWritable,
    Settings,
    binaries,
    erase,
    guard,
    start,
)
from gateway.embedded.place import MARKER, POINTER, resolve
from tests.gateway.embedded_places import (
    PROJECT,
    gateway,
    open_folder,
    press,
    presses,
    settings_in,
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only elsewhere: needs to be root")
# Tries, as the user it runs as, whether this interpreter is new enough and whole.
TRIAL = "import sys, json, subprocess, ctypes; sys.exit(sys.version_info < (3, 11))"


@pytest.fixture
def base() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture
def settings(base: Path) -> Settings:
    return settings_in(base)


def nobody() -> int:
    return pwd.getpwnam("nobody").pw_uid


def everybodys_python(base: Path) -> str:
    """An interpreter that an ordinary user may run: ours, the system's, or a copy of ours."""
    copy = base / "python"
    for candidate in (sys.executable, "/usr/bin/python3", str(copy / "bin" / "python3")):
        if candidate.startswith(str(copy)):
            copy_python(copy)
        try:
            done = subprocess.run(
                [candidate, "-c", TRIAL],
                user=nobody(),
                group=nobody(),
                extra_groups=[],
                cwd="/",
                check=False,
            )
        except OSError:
            continue
        if done.returncode == 0:
            return candidate
    pytest.skip("only elsewhere: no Python 3.11 that an ordinary user could run")


def copy_python(copy: Path) -> None:
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    home = Path(sys.base_prefix)
    skip = shutil.ignore_patterns("site-packages", "test", "idlelib", "__pycache__")
    shutil.copytree(home / "lib" / version, copy / "lib" / version, ignore=skip)
    for library in (home / "lib").glob("libpython*"):
        shutil.copy(library, copy / "lib")
    (copy / "bin").mkdir()
    shutil.copy(home / "bin" / version, copy / "bin" / "python3")


def everybodys_packages(base: Path) -> tuple[Path, Path]:
    """Our package and the PostgreSQL programs where an ordinary user finds them."""
    code = base / "code"
    shutil.copytree(PROJECT / "gateway" / "embedded", code / "gateway" / "embedded")
    found = binaries.find(None)
    programs = code / found.folder.parent.name / found.folder.name
    shutil.copytree(found.folder, programs)
    libraries = found.folder.parent.parent / f"{found.folder.parent.name}.libs"
    shutil.copytree(libraries, code / libraries.name)
    return code, programs


@as_root
def test_an_ordinary_user_runs_the_programs_in_place(base: Path) -> None:
    code, programs = everybodys_packages(base)
    home = base / "home"
    home.mkdir(mode=0o700)
    os.chown(home, nobody(), nobody())
    settings = settings_in(home, binaries_dir=programs)
    python = [everybodys_python(base), "-B"]
    first = gateway(settings, python, nobody(), code)
    assert first.said["how"] == "created"
    press(first.said["dsn"], 1)
    assert (home / "data" / "password").stat().st_uid == nobody()
    assert stat.S_IMODE((home / "data" / "password").stat().st_mode) == 0o600
    assert not list((home / "data").glob("postgresql-*"))
    first.kill()

    second = gateway(settings, python, nobody(), code)
    assert (second.said["how"], second.pid) == ("adopted", first.pid)
    assert presses(second.said["dsn"]) == [1]
    assert second.stop() == "fast"

    with start(settings) as running:  # root over an ordinary user's data runs as that user
        assert guard.command_line(running.pid) is not None
        assert resolve(settings).target.uid == nobody()
        assert presses(running.dsn) == [1]


@as_root
def test_another_users_data_are_refused_by_name(base: Path) -> None:
    code, programs = everybodys_packages(base)
    settings = settings_in(base, binaries_dir=programs)
    settings.data_dir.mkdir()
    (settings.data_dir / MARKER).touch()
    (settings.data_dir / "cluster").mkdir()
    stranger = gateway(settings, [everybodys_python(base), "-B"], nobody(), code)
    assert stranger.said["error"] == "NotOurs"
    assert f"belongs to user 0, this is user {nobody()}" in stranger.said["text"]
    stranger.process.communicate()
    with pytest.raises(NotOurs, match=r"belongs to root.*chown"):
        start(settings)


@as_root
def test_a_folder_that_cannot_be_written_is_refused_by_name(base: Path) -> None:
    code, programs = everybodys_packages(base)
    settings = settings_in(base / "closed", binaries_dir=programs)
    stranger = gateway(settings, [everybodys_python(base), "-B"], nobody(), code)
    stranger.process.communicate()
    assert stranger.said["error"] == "NotWritable"
    assert "name another data_dir" in stranger.said["text"]


@as_root
def test_under_a_closed_home_the_data_move_to_where_the_server_can_reach_them(base: Path) -> None:
    home = base / "root"
    home.mkdir(mode=0o700)
    settings = settings_in(home, fallback_root=base / "fallback")
    with start(settings) as running:
        assert running.how is How.CREATED
        assert running.state_dir.parent == base / "fallback"
        press(running.dsn, 1)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700, "nobody's folder is opened up"
    pointer = settings.data_dir / POINTER
    assert pointer.read_text().strip() == str(running.state_dir)
    home.chmod(0o711)
    with start(settings) as again:
        assert again.state_dir == running.state_dir, "the pointer is followed whatever changes"
        assert presses(again.dsn) == [1]
    away = base / "away"
    again.state_dir.rename(away)
    with pytest.raises(NotOurs, match="nothing of ours is there: mount or restore"):
        start(settings)
    away.rename(again.state_dir)
    erase(settings)
    assert not again.state_dir.exists()
    assert not settings.data_dir.exists()


@as_root
def test_data_whose_folder_was_closed_later_are_not_begun_anew(base: Path) -> None:
    home = base / "home"
    home.mkdir(mode=0o711)
    settings = settings_in(home, fallback_root=base / "fallback")
    start(settings).stop()
    home.chmod(0o700)
    with pytest.raises(NotWritable, match="search permission"):
        start(settings)
    assert not (base / "fallback").exists()


@as_root
def test_the_server_runs_as_a_user_of_its_own_from_a_stamped_copy(settings: Settings) -> None:
    with start(settings) as running:
        place = resolve(settings)
        assert place.account is not None
        assert place.account.name in ("lifeline-pg", "nobody")
        assert place.target.uid == place.account.uid != 0
        found = guard.command_line(running.pid)
        assert found is not None
        assert found[0] == place.account.uid
    (copy,) = settings.data_dir.glob("postgresql-*")
    old = copy.with_name("postgresql-18.3-0123456789abcdef")
    copy.rename(old)
    start(settings).stop()
    assert list(settings.data_dir.glob("postgresql-*")) == [copy], "copied again, the old one gone"
