"""What every test may use."""

from collections.abc import Iterator

import pytest
import structlog

pytest_plugins = ["tests.skips", "tests.order", "tests.measured", "tests.databases"]


@pytest.fixture(autouse=True)
def logs_of_its_own() -> Iterator[None]:
    """A command that is run within a test logs to that test's stderr, which closes with it."""
    yield
    structlog.reset_defaults()
