"""What is photographed: pages and states, each brought about for real.

A scene's `prepare` gives the page to look at. The sizes are a small laptop, a wall screen, the
laptop at 400 % zoom, and forced colours.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page, expect

from ops.console.house import House

Options = Mapping[str, Any]
GUIDE = "/console/guide"
WAIT_MS = 30_000

SIZES: Mapping[str, Options] = {
    "laptop": {"viewport": {"width": 1280, "height": 720}},
    "wall": {"viewport": {"width": 2560, "height": 1440}},
    "zoom400": {"viewport": {"width": 320, "height": 256}},
    "forced": {"viewport": {"width": 1280, "height": 720}, "forced_colors": "active"},
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture in each size. `undo` brings the house back to what it was."""

    name: str
    prepare: Callable[[House, Options], Awaitable[Page]]
    undo: Callable[[House], Awaitable[None]] | None = None


async def live(page: Page) -> Page:
    """Wait until a page follows the stream."""
    await expect(page.locator("html")).to_have_attribute("data-connection", "live", timeout=WAIT_MS)
    return page


async def on_duty(page: Page) -> Page:
    """Go on duty, unless that has been done."""
    button = page.get_by_role("button", name="Go on duty")
    if await button.count():
        await button.click()
    await expect(page.get_by_role("button", name="Go off duty")).to_be_visible(timeout=WAIT_MS)
    return page


async def _anybody(house: House, options: Options, path: str) -> Page:
    page = await (await house.browser.new_context(**options)).new_page()
    await page.goto(house.url + path)
    return page


async def _sign_in(house: House, options: Options) -> Page:
    return await _anybody(house, options, "/sign-in")


async def _sign_in_wrong(house: House, options: Options) -> Page:
    return await _anybody(house, options, "/sign-in?why=wrong")


async def _signed_out(house: House, options: Options) -> Page:
    return await _anybody(house, options, "/sign-in?why=ended")


async def _password(house: House, options: Options) -> Page:
    return await live(await house.page("operator:paula", "/password", **options))


async def _guide(house: House, options: Options) -> Page:
    return await on_duty(await live(await house.page("operator:anna", GUIDE, **options)))


async def _not_found(house: House, options: Options) -> Page:
    return await house.page("operator:anna", "/console/nowhere", **options)


async def _forbidden(house: House, options: Options) -> Page:
    return await house.page("auditor:aude", "/console", **options)


async def _nobody(house: House, options: Options) -> Page:
    await house.sql("update desk_duty set off_at = now()")
    page = await live(await house.page("supervisor:sue", GUIDE, **options))
    await expect(page.locator("#states")).to_contain_text("NOBODY", timeout=WAIT_MS)
    return page


async def _sound_off(house: House, options: Options) -> Page:
    page = await on_duty(await live(await house.page("operator:otto", GUIDE, **options)))
    other = await house.tab(page)
    await other.goto(house.url + GUIDE)
    await page.close()
    await expect(other.locator("#states")).to_contain_text("SOUND OFF", timeout=WAIT_MS)
    return other


async def _lost(house: House, options: Options) -> Page:
    page = await on_duty(await live(await house.page("operator:anna", GUIDE, **options)))
    await house.kill()
    await expect(page.locator("#states")).to_contain_text("CONNECTION LOST", timeout=WAIT_MS)
    return page


async def _start_again(house: House) -> None:
    await house.start()


async def _database(house: House, options: Options) -> Page:
    page = await on_duty(await live(await house.page("operator:anna", GUIDE, **options)))
    house.shut_database()
    await expect(page.locator("#states")).to_contain_text("DATABASE", timeout=WAIT_MS)
    return page


async def _database_page(house: House, options: Options) -> Page:
    page = await house.page("operator:anna", GUIDE, **options)
    house.shut_database()
    await page.goto(f"{house.url}/console")
    return page


async def _database_back(house: House) -> None:
    await house.open_database()


async def _blind(house: House, options: Options) -> Page:
    page = await on_duty(await live(await house.page("operator:anna", GUIDE, **options)))
    await house.sql("alter table reception rename to reception_away")
    await house.sql("create view reception as select * from reception_away where false")
    await expect(page.locator("#states")).to_contain_text("BLIND", timeout=WAIT_MS)
    return page


async def _sees_again(house: House) -> None:
    await house.sql("drop view if exists reception")
    await house.sql("alter table if exists reception_away rename to reception")


SCENES: tuple[Scene, ...] = (
    Scene("sign-in", _sign_in),
    Scene("sign-in-wrong", _sign_in_wrong),
    Scene("sign-in-ended", _signed_out),
    Scene("password", _password),
    Scene("guide", _guide),
    Scene("error-not-found", _not_found),
    Scene("error-forbidden", _forbidden),
    Scene("error-database", _database_page, _database_back),
    Scene("state-nobody-on-duty", _nobody),
    Scene("state-sound-off", _sound_off),
    Scene("state-connection-lost", _lost, _start_again),
    Scene("state-database-silent", _database, _database_back),
    Scene("state-receiver-blind", _blind, _sees_again),
)
