"""What the browser tests share: one Chromium a worker, one gateway with its database a file.

The tests are async and run on one loop a session, which is the loop of the browser:

    pytestmark = pytest.mark.asyncio(loop_scope="session")
"""

from collections.abc import AsyncIterator, Generator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from ops.console.browser import NoBrowserError, chromium, launched
from ops.console.house import House


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Give a real headless Chromium."""
    try:
        chromium()
    except NoBrowserError as error:
        pytest.skip(str(error))
    async with launched() as browser:
        yield browser


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(browser: Browser, server: str) -> AsyncIterator[House]:
    """Give a running gateway with a database of its own, shared by the tests of a file."""
    async with House(browser, server) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def own_house(browser: Browser, server: str) -> AsyncIterator[House]:
    """Give a running gateway to one test alone, which may kill it."""
    async with House(browser, server) as house:
        yield house


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a gateway's last words with what failed."""
    report = yield
    for house in getattr(item, "funcargs", {}).values():
        if report.failed and isinstance(house, House):
            report.sections.append(("the gateway's last words", house.last_words()))
    return report
