"""The house keeps its arrows: gateway -> alerts -> devices, never back, and the middle stays pure.

One of the two import locks; the other is the banned-api table in alerts/ruff.toml and
devices/ruff.toml. Sources are read as syntax trees, nothing is imported. A new arrow needs a
decision record in ops/adr first, and then a line here.
"""

import ast
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parent.parent
PURE = ("alerts", "devices")
SHIPPED = ("alerts", "devices", "firmware_stubs", "gateway")
EVERYWHERE = (*SHIPPED, "ops", "tests")

# Modules and names that read a clock, draw chance, wait, talk, or touch files and the process.
IMPURE = frozenset(
    {
        "asyncio",
        "concurrent",
        "ctypes",
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "io.open",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "psycopg",
        "random",
        "secrets",
        "selectors",
        "shutil",
        "socket",
        "sqlite3",
        "ssl",
        "structlog",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "urllib.request",
        "uuid.uuid1",
        "uuid.uuid4",
    }
)
CLOCKS = frozenset(
    {
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "time.time",
        "time.time_ns",
    }
)
IMPURE_CALLS = frozenset({"__import__", "eval", "exec", "input", "open", "print"})
IMPURE_METHODS = frozenset({"read_bytes", "read_text", "write_bytes", "write_text"})


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def relative(path: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(ROOT).as_posix())


def imports(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Yield (line, full name, local name) of every import, wherever in the file it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name, name.asname or name.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for name in node.names:
                yield node.lineno, f"{module}.{name.name}", name.asname or name.name


def uses(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, full name) of every import and of every dotted name that stands on one."""
    known = {}
    for line, full, local in imports(tree):
        known[local] = full if full.rpartition(".")[2] == local else full.partition(".")[0]
        if full.partition(".")[0] != local and "." not in local:
            known[local] = full
        yield line, full
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        parts = [node.attr]
        inner = node.value
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in known:
            yield node.lineno, ".".join([known[inner.id], *reversed(parts)])


def within(name: str, names: frozenset[str] | tuple[str, ...]) -> bool:
    """Say whether a dotted name is one of the names or lies below one of them."""
    return any(name == one or name.startswith(f"{one}.") for one in names)


def impurities(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, what) of all that a pure package may not do."""
    yield from ((line, name) for line, name in uses(tree) if within(name, IMPURE))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in IMPURE_CALLS:
                yield node.lineno, f"{node.func.id}()"
        elif isinstance(node, ast.Attribute) and node.attr in IMPURE_METHODS:
            yield node.lineno, f".{node.attr}"


def breaches(
    files: list[Path], finder: Callable[[ast.AST], Iterator[tuple[int, str]]]
) -> list[str]:
    """Return "path:line what" for everything the finder finds in the files."""
    assert files, "no file to look at: was a package renamed?"
    return [
        f"{relative(path)}:{line} {what}"
        for path in files
        for line, what in sorted(set(finder(ast.parse(path.read_text(), str(path)))))
    ]


def ours_except(*allowed: str) -> Callable[[ast.AST], Iterator[tuple[int, str]]]:
    """Return a finder of imports of our own packages other than the allowed ones."""

    def finder(tree: ast.AST) -> Iterator[tuple[int, str]]:
        for line, full, _local in imports(tree):
            if full.startswith(".") or (within(full, EVERYWHERE) and not within(full, allowed)):
                yield line, full

    return finder


def only(*names: str) -> Callable[[ast.AST], Iterator[tuple[int, str]]]:
    """Return a finder of uses of the names."""
    return lambda tree: ((line, name) for line, name in uses(tree) if within(name, names))


def test_devices_imports_nothing_of_ours() -> None:
    assert breaches(python_files("devices"), ours_except("devices")) == []


def test_alerts_imports_of_ours_only_the_model_and_the_errors_of_devices() -> None:
    allowed = ours_except("alerts", "devices.model", "devices.errors")

    assert breaches(python_files("alerts"), allowed) == []


@pytest.mark.parametrize(("half", "other"), [("telecare", "vitals"), ("vitals", "telecare")])
def test_the_two_halves_of_alerts_do_not_know_each_other(half: str, other: str) -> None:
    found = [
        breach
        for path in python_files(f"alerts/{half}")
        for breach in breaches([path], only(f"alerts.{other}"))
    ]

    assert found == []


def test_what_runs_on_a_device_knows_neither_gateway_nor_alerts() -> None:
    found = [
        breach
        for path in python_files("firmware_stubs")
        for breach in breaches([path], ours_except("firmware_stubs", "devices"))
    ]

    assert found == []


def test_the_gateway_imports_no_tests_and_no_ops() -> None:
    shipped = ours_except(*SHIPPED)

    assert breaches(python_files(*SHIPPED), shipped) == []


def test_only_the_store_and_the_embedded_database_speak_to_postgresql() -> None:
    """The benchmark, a measuring instrument beside the gateway, does too (ADR 0008)."""
    allowed = ("gateway/store", "gateway/embedded", "gateway/bench")
    others = [
        path for path in python_files(*SHIPPED) if not str(relative(path)).startswith(allowed)
    ]

    assert breaches(others, only("psycopg", "psycopg_pool")) == []


def test_devices_and_alerts_touch_no_clock_no_chance_no_network_and_no_file() -> None:
    assert breaches(python_files(*PURE), impurities) == []


def test_only_the_finder_of_device_families_imports_by_name() -> None:
    """Being in the folder is the registration; nothing else is loaded unseen by these locks."""
    files = [
        path
        for path in python_files(*PURE)
        if str(relative(path)) not in ("devices/decoding.py", "devices/catalogue/__init__.py")
    ]

    assert breaches(files, only("importlib", "pkgutil")) == []


def test_only_the_clock_and_the_embedded_database_ask_what_time_it_is() -> None:
    """The benchmark measures, so it asks too (ADR 0008)."""
    allowed = ("gateway/clock.py", "gateway/embedded", "gateway/bench")
    others = [
        path
        for path in python_files(*PURE, "gateway")
        if not str(relative(path)).startswith(allowed)
    ]

    assert breaches(others, only(*CLOCKS)) == []


def test_no_part_of_the_gateway_rests_on_the_benchmark() -> None:
    """Only its command line knows it; what may speak past the store must stay outside."""
    others = [
        path
        for path in python_files(*SHIPPED)
        if not str(relative(path)).startswith("gateway/bench")
        and str(relative(path)) not in ("gateway/__main__.py", "gateway/commands.py")
    ]

    assert breaches(others, only("gateway.bench")) == []


@pytest.mark.parametrize("package", PURE)
def test_both_locks_forbid_the_same(package: str) -> None:
    """What this file calls impure stands in the package's banned-api table, and the reverse."""
    config = tomllib.loads((ROOT / package / "ruff.toml").read_text())
    banned = set(config["lint"]["flake8-tidy-imports"]["banned-api"])
    arrows = {name for name in banned if within(name, SHIPPED)}

    assert banned - arrows == IMPURE
    assert {"gateway", "firmware_stubs"} < arrows
    assert config["extend"] == "../pyproject.toml"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import os.path as p", "os.path"),
        ("def f():\n    import socket", "socket"),
        ("from datetime import datetime as d\nx = d.now()", "datetime.datetime.now"),
        ("import datetime\nx = datetime.datetime.utcnow", "datetime.datetime.utcnow"),
        ("import datetime as dt\nx = dt.date.today()", "datetime.date.today"),
        ("from uuid import uuid4 as fresh", "uuid.uuid4"),
        ("import uuid\nx = uuid.uuid4()", "uuid.uuid4"),
        ("from urllib import request", "urllib.request"),
        ("import urllib.request", "urllib.request"),
        ("x = open('rules.toml')", "open()"),
        ("x = folder.read_text()", ".read_text"),
        ("print('here')", "print()"),
    ],
)
def test_the_lock_sees(source: str, found: str) -> None:
    assert found in [what for _line, what in impurities(ast.parse(source))]


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import UTC, datetime, time\nx = datetime.fromtimestamp(0, UTC)",
        "from uuid import uuid5",
        "import timeit_like",
        "from urllib.parse import quote",
        "now = 3\nx = now.real",
    ],
)
def test_the_lock_lets_pass(source: str) -> None:
    assert list(impurities(ast.parse(source))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from gateway import store", ["gateway.store"]),
        ("import alerts.vitals.news2", ["alerts.vitals.news2"]),
        ("from . import words", ["..words"]),
        ("from devices.model import Signal", []),
        ("from devices import model", []),
        ("from devices.links import mqtt", ["devices.links.mqtt"]),
    ],
)
def test_the_lock_knows_our_own_imports(source: str, found: list[str]) -> None:
    finder = ours_except("devices.model")

    assert [what for _line, what in finder(ast.parse(source))] == found
