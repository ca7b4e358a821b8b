"""A pytest plugin that measures coverage in the tests of the pure packages only.

Those tests alone have to reach every branch of devices/ and alerts/; that some long test elsewhere
passes a line proves nothing about it. And the others, which run whole programs, run faster.
tests/conftest.py loads it.
"""

from collections.abc import Generator
from pathlib import Path

import pytest
from coverage import Coverage

ROOT = Path(__file__).resolve().parents[1]
PURE = ("tests/alerts", "tests/devices", "tests/scenarios")


def is_measured(path: Path) -> bool:
    """Say whether a test file is about the pure packages."""
    return any(path.is_relative_to(ROOT / folder) for folder in PURE)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Stop measuring for a test of anything else, with its fixtures."""
    measuring = Coverage.current()
    if measuring is None or is_measured(item.path):
        return (yield)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()
