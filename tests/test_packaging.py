"""The wheel is what people run: it carries the four packages with their data and nothing else.

Also here: the lock files agree with pyproject.toml, name no place to fetch from, and cover the
machines the project promises to run on.
"""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("alerts", "devices", "firmware_stubs", "gateway")
DATA_FOLDERS = (
    "alerts/rules",
    "gateway/console/static",
    "gateway/console/templates",
    "gateway/sql",
)
# Configuration of the linter: the wheel is not linted.
TOOLS = {"ruff.toml"}
# What the tools leave behind.
NOT_OURS = re.compile(r"/(__pycache__|\.\w+)/")
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-build.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = PROJECT["dependency-groups"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Return the wheel of this very checkout, built by the locked backend."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    here = {**os.environ, "CONSOLE_FILES": "optional"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True, env=here)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def shipped() -> set[str]:
    """Return what stands in the four packages, by its path from the root."""
    return {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file()
        and path.name not in TOOLS
        and not NOT_OURS.search(path.relative_to(ROOT).as_posix())
    }


def locked(name: str) -> dict[str, tuple[str, Marker | None]]:
    """Return package -> (version, marker or None) of a lock file."""
    found: dict[str, tuple[str, Marker | None]] = {}
    text = (ROOT / "ops" / "lock" / name).read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            requirement = Requirement(line.split(" --hash", 1)[0])
            version = str(requirement.specifier).removeprefix("==")
            found[canonicalize_name(requirement.name)] = (version, requirement.marker)
    return found


def wanted(group: str) -> list[Requirement]:
    return [Requirement(line) for line in GROUPS[group] if isinstance(line, str)]


def test_the_wheel_carries_every_file_of_the_four_packages(wheel: zipfile.ZipFile) -> None:
    assert shipped() - set(wheel.namelist()) == set()


def test_the_wheel_carries_nothing_but_the_four_packages(wheel: zipfile.ZipFile) -> None:
    roots = {name.partition("/")[0] for name in wheel.namelist()}
    (own,) = (root for root in roots if root.endswith(".dist-info"))

    assert roots - {own} == set(PACKAGES)
    assert [name for name in wheel.namelist() if re.search(r"(^|/)(tests?|ops)/", name)] == []


@pytest.mark.parametrize("folder", DATA_FOLDERS)
def test_the_wheel_carries_the_data(wheel: zipfile.ZipFile, folder: str) -> None:
    assert [name for name in wheel.namelist() if name.startswith(f"{folder}/")] != []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_type_checker_may_trust_each_package(wheel: zipfile.ZipFile, package: str) -> None:
    assert f"{package}/py.typed" in wheel.namelist()


def test_the_wheel_brings_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    (scripts,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    licences = [name for name in wheel.namelist() if name.endswith("licenses/LICENSE")]

    assert b"lifeline = gateway.__main__:main" in wheel.read(scripts)
    assert b"Apache License" in wheel.read(licences[0])


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        ("requirements.txt", [Requirement(line) for line in PROJECT["project"]["dependencies"]]),
        (
            "requirements-dev.txt",
            [Requirement(line) for line in PROJECT["project"]["dependencies"]]
            + wanted("dev")
            + wanted("build"),
        ),
        ("requirements-build.txt", wanted("build")),
    ],
)
def test_every_dependency_is_locked_to_a_version_it_allows(
    lock: str, requirements: list[Requirement]
) -> None:
    versions = locked(lock)
    missed = [
        f"{requirement}: locked is {versions.get(canonicalize_name(requirement.name))}"
        for requirement in requirements
        if canonicalize_name(requirement.name) not in versions
        or versions[canonicalize_name(requirement.name)][0] not in requirement.specifier
    ]

    assert missed == []


def test_the_backend_that_builds_is_the_one_that_is_locked() -> None:
    assert PROJECT["build-system"]["requires"] == GROUPS["build"]


def test_the_lock_files_agree_with_one_another() -> None:
    everything = locked("requirements-dev.txt")

    for name in LOCKS:
        small = locked(name)
        assert {package: everything.get(package) for package in small} == small


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_digests_and_no_place_to_fetch_from(name: str) -> None:
    text = (ROOT / "ops" / "lock" / name).read_text()
    without_digest = [
        block
        for block in text.replace("\\\n", " ").splitlines()
        if "==" in block and "--hash=sha256:" not in block
    ]

    assert re.findall(r"\w+://|--(?:\w+-)*(?:url|links|host)|(?:^|\s)[/.~]\S*/", text) == []
    assert without_digest == []


def test_each_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    tables = re.findall(
        r"^(?:dependencies|build|dev) = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL
    )
    lines = [line for table in tables for line in table.splitlines() if line.startswith('  "')]
    bare = [line for line in lines if not re.search(r"# \w.+\.$", line)]

    named = len(PROJECT["project"]["dependencies"]) + len(wanted("dev")) + len(wanted("build"))
    assert len(lines) == named
    assert bare == []
