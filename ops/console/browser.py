"""A real headless Chromium: the system's own, driven by Playwright; nothing is downloaded."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# As root Chromium has no sandbox of its own; sounds follow the rules that a person's browser has.
FLAGS = (
    "--no-sandbox",
    "--autoplay-policy=user-gesture-required",
    "--disable-dev-shm-usage",
    "--mute-audio",
)


class NoBrowserError(RuntimeError):
    """No Chromium is on this machine."""


def chromium() -> str:
    """Give the path of Chromium.

    Raises:
        NoBrowserError: with what to install.
    """
    named = os.environ.get("CHROMIUM")
    found = [path for name in ((named,) if named else NAMES) if (path := shutil.which(name))]
    if not found:
        raise NoBrowserError(
            f"none of {', '.join(NAMES)} was found: install Debian's package chromium, or name the "
            "program in the environment variable CHROMIUM"
        )
    return found[0]


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """Give a browser, closed at the end.

    Raises:
        NoBrowserError: there is none.
    """
    path = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()
