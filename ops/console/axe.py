"""What axe finds on a page, by the success criteria of WCAG 2.2 at level AA."""

from typing import Any

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
OPTIONS = {"runOnly": {"type": "tag", "values": list(TAGS)}}


async def axe(page: Page) -> list[str]:
    """Give the violations of a page, one line each; none are expected."""
    found: Any = await Axe().run(page, options=OPTIONS)
    return [
        f"{one['id']}: {one['help']} at {node['target']}: {node.get('failureSummary', '')}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]
