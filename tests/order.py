"""A pytest plugin for runs on several processors; tests/conftest.py loads it.

More workers than processors, since half of a test's time is waiting: for the disk, for a browser,
for a program that starts. And the longest files first, so that none begins when the others end:
`--dist loadfile --no-loadscope-reorder` hands the files out in the order given here.
"""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WORKERS = 4
# By what they took together on two processors, most first.
LONGEST = (
    "tests/gateway/test_demo.py",
    "tests/gateway/test_demo_ways.py",
    "tests/gateway/test_bench.py",
    "tests/gateway/test_rehearse_command.py",
    "tests/gateway/test_bars_moods.py",
    "tests/console/test_foundation.py",
    "tests/gateway/test_oidc.py",
    "tests/store/test_rehearse.py",
    "tests/store/test_export_command.py",
    "tests/simulation/test_driver_agrees.py",
    "tests/gateway/test_torture.py",
    "tests/store/test_catching_up.py",
    "tests/gateway/test_access_command.py",
    "tests/gateway/test_api_fuzz.py",
)


def rank(path: Path) -> int:
    """Say how early a file's tests are handed out."""
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; the others stay in the order they have."""
    items.sort(key=lambda item: rank(item.path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Say how many workers `-n auto` means."""
    return max(WORKERS, os.cpu_count() or 1)
