"""What the desk's browser tests share."""

from playwright.async_api import Page, expect

ACTS = "form.act"


async def opened(page: Page, url: str) -> None:
    """Go to a page and wait until it follows the stream and its forms act."""
    await page.goto(url)
    await settled(page)


async def settled(page: Page) -> None:
    """Wait until a page follows the stream and its forms act."""
    await expect(page.locator("html")).to_have_attribute("data-connection", "live")
    if await page.locator(ACTS).count():
        await expect(page.locator("html")).to_have_attribute("data-ready", "yes")
