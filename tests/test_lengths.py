"""Nothing is longer than a person reads at once: files, and functions within them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("alerts", "devices", "firmware_stubs", "gateway", "ops", "tests")
LINES_A_FILE = 300
LINES_A_CATALOGUE_FILE = 200
LINES_A_FUNCTION = 70
# Path, or path:function -> why it may be longer. Empty, and meant to stay so.
LONGER: dict[str, str] = {}


def sources() -> Iterator[tuple[str, str]]:
    """Yield (path from the root, text) of every Python file."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text()


def long_file(name: str, text: str) -> list[str]:
    catalogue = name.startswith("devices/catalogue/")
    limit = LINES_A_CATALOGUE_FILE if catalogue else LINES_A_FILE
    lines = len(text.splitlines())
    if lines <= limit or name in LONGER:
        return []
    return [f"{name}: {lines} lines, expected at most {limit}"]


def long_functions(name: str, text: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(text, name)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > LINES_A_FUNCTION and f"{name}:{node.name}" not in LONGER:
            found.append(f"{name}:{node.name}: {lines} lines, expected at most {LINES_A_FUNCTION}")
    return found


def test_no_file_is_longer_than_its_limit() -> None:
    assert [breach for name, text in sources() for breach in long_file(name, text)] == []


def test_no_function_is_longer_than_a_page() -> None:
    assert [breach for name, text in sources() for breach in long_functions(name, text)] == []


@pytest.mark.parametrize(
    ("name", "lines", "found"),
    [("ops/a.py", 300, 0), ("ops/a.py", 301, 1), ("devices/catalogue/a.py", 201, 1)],
)
def test_the_limit_of_a_file_is_the_last_line_allowed(name: str, lines: int, found: int) -> None:
    assert len(long_file(name, "x = 1\n" * lines)) == found


@pytest.mark.parametrize(("lines", "found"), [(70, 0), (71, 1)])
def test_the_limit_of_a_function_counts_its_first_line(lines: int, found: int) -> None:
    text = "class A:\n    async def f(self):\n" + "        x = 1\n" * (lines - 1)

    assert len(long_functions("a.py", text)) == found
