"""What a console says of its sound is so."""

import pytest
from playwright.async_api import expect

from ops.console.house import House
from tests.console.axe import axe
from tests.console.following import following, live, on_duty

pytestmark = pytest.mark.asyncio(loop_scope="session")

SILENT = """() => {
  const post = MessagePort.prototype.postMessage;
  MessagePort.prototype.postMessage = function (message) {
    if (message.type !== 'bye') post.call(this, message);
  };
}"""


async def test_the_sound_is_off_until_a_person_touches_the_page(house: House) -> None:
    page = await following(house, "operator:bert")
    await on_duty(page)
    await expect(page.locator("html")).to_have_attribute("data-sound", "on")

    other = await house.tab(page)
    await live(other, house)
    await page.close()  # the tab that could ring
    await expect(other.locator("html")).to_have_attribute("data-sound", "off")
    await expect(other.locator("#states")).to_contain_text("SOUND OFF")
    assert await axe(other) == []

    await other.get_by_role("button", name="Turn the sound on").click()

    await expect(other.locator("html")).to_have_attribute("data-sound", "on")
    await expect(other.locator("#states")).not_to_contain_text("SOUND OFF")


async def test_a_tab_that_goes_without_a_word_no_longer_counts_as_one_that_rings(
    house: House,
) -> None:
    page = await following(house, "operator:bert")
    await on_duty(page)
    other = await house.tab(page)
    await live(other, house)
    await expect(other.locator("html")).to_have_attribute("data-sound", "on")
    await page.evaluate(SILENT)
    await page.close()
    await expect(other.locator("html")).to_have_attribute("data-sound", "off")
    await expect(other.locator("#states")).to_contain_text("SOUND OFF")
