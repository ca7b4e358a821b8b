"""A console in front of a gateway that is killed or frozen, or that nobody else looks at.

Apart from the other failures: each test has a gateway of its own, and one server of the database
has room for one at a time.
"""

import asyncio

import pytest
from playwright.async_api import expect

from ops.console.house import House
from tests.console.desk_pages import opened
from tests.console.following import following

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOTE = "Daughter rings back at ten; the key is with number 3"
GENEROUS_MS = 20_000


async def test_a_killed_gateway_is_told_and_what_was_typed_stays(own_house: House) -> None:
    house = own_house
    page = await following(house, "operator:anna")
    field = page.get_by_label("Note")
    await field.fill(NOTE)
    await field.focus()

    await house.kill()

    lost = page.locator("#states [data-key=lost]")
    await expect(lost).to_contain_text("CONNECTION LOST", timeout=GENEROUS_MS)
    first = await lost.inner_text()
    await expect(lost).not_to_have_text(first, timeout=GENEROUS_MS)  # the time since runs

    alarm = await house.press("18")  # the database took it: another gateway would have
    await house.start()

    html = page.locator("html")
    await expect(html).to_have_attribute("data-connection", "live", timeout=GENEROUS_MS)
    await expect(page.locator("#waiting-words")).to_have_text("1 call waiting")
    await expect(lost).to_have_count(0)
    await expect(field).to_have_value(NOTE)
    await expect(field).to_be_focused()

    await page.reload()
    await expect(page.get_by_label("Note")).to_have_value(NOTE)
    assert alarm


async def test_a_frozen_gateway_is_noticed_though_its_sockets_stay_open(own_house: House) -> None:
    house = own_house
    page = await following(house, "operator:anna")

    house.freeze()
    try:
        lost = page.locator("#states [data-key=lost]")
        await expect(lost).to_contain_text("CONNECTION LOST", timeout=GENEROUS_MS)
    finally:
        house.thaw()

    html = page.locator("html")
    await expect(html).to_have_attribute("data-connection", "live", timeout=GENEROUS_MS)


async def test_an_alarm_that_no_console_shows_calls_the_supervisor(own_house: House) -> None:
    house = own_house
    page = await following(house, "operator:anna")
    await page.context.close()  # consoles are used here, and nobody looks

    alarm = await house.press("18")

    told: list[dict[str, object]] = []
    for _ in range(60):
        told = await house.sql(
            "select recipient, body ->> 'text' as text from outbox where alarm_id = %(id)s"
            " and what = 'notice' order by recipient",
            id=alarm,
        )
        if any(one["text"] == "unseen" for one in told):
            break
        await asyncio.sleep(0.25)
    unseen = [one["recipient"] for one in told if one["text"] == "unseen"]
    assert unseen == ["consoles", "supervisor"]


async def test_typed_notes_outlive_the_gateway_and_the_browser(own_house: House) -> None:
    house = own_house
    page = await house.page("operator:anna")
    alarm = await house.press("20")
    await opened(page, f"{house.url}/console/alarms/{alarm}")
    note = page.get_by_label("What was said and seen")
    await note.fill("Fell in the kitchen")
    await expect(page.get_by_text("Kept at the gateway")).to_be_visible()
    await house.kill()
    await note.fill("Fell in the kitchen, hip hurts")
    await expect(page.get_by_text("Not kept at the gateway yet")).to_be_visible(timeout=20_000)
    await house.start()
    await expect(page.locator("#note-kept")).to_have_text("Kept at the gateway", timeout=30_000)
    await expect(note).to_have_value("Fell in the kitchen, hip hurts")

    elsewhere = await house.page("operator:anna")
    await opened(elsewhere, f"{house.url}/console/alarms/{alarm}")
    await expect(elsewhere.get_by_label("What was said and seen")).to_have_value(
        "Fell in the kitchen, hip hurts"
    )
