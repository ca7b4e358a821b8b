"""Pages that follow the stream, for the tests of the foundation."""

from playwright.async_api import Page, expect

from ops.console.house import House

GUIDE = "/console/guide"


async def live(page: Page, house: House, path: str = "/console/guide") -> Page:
    """Open a page and wait until it follows the stream."""
    await page.goto(house.url + path)
    await expect(page.locator("html")).to_have_attribute("data-connection", "live")
    return page


async def following(house: House, who: str, **options: object) -> Page:
    """Give a page of a person that follows the stream."""
    page = await house.page(who, GUIDE, **options)
    await expect(page.locator("html")).to_have_attribute("data-connection", "live")
    return page


async def on_duty(page: Page) -> Page:
    await page.get_by_role("button", name="Go on duty").click()
    await expect(page.get_by_role("button", name="Go off duty")).to_be_visible()
    return page
