"""What a console does when things break around a gateway that goes on running."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from ops.console.house import House
from tests.console.following import following

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOTE = "Daughter rings back at ten; the key is with number 3"
GENEROUS_MS = 20_000


async def test_a_computer_without_network_says_so(house: House) -> None:
    page = await following(house, "operator:anna")

    await page.context.set_offline(True)
    await page.evaluate("() => window.dispatchEvent(new Event('offline'))")
    await house.kill()
    try:
        line = page.locator("#states [data-key=offline]")
        await expect(line).to_contain_text("THIS COMPUTER IS OFFLINE", timeout=GENEROUS_MS)
    finally:
        await house.start()
        await page.context.set_offline(False)

    html = page.locator("html")
    await expect(html).to_have_attribute("data-connection", "live", timeout=GENEROUS_MS)


async def test_a_silent_database_is_told_and_the_last_picture_stays(house: House) -> None:
    page = await following(house, "operator:anna")
    await house.press("18")
    await expect(page.locator("#waiting-words")).to_have_text(re.compile("^1 call"))

    house.shut_database()
    try:
        line = page.locator("#states [data-key=database]")
        await expect(line).to_contain_text("THE DATABASE DOES NOT ANSWER", timeout=GENEROUS_MS)
        await expect(page.locator("#waiting-words")).to_have_text(re.compile("^1 call"))
    finally:
        await house.open_database()

    await expect(line).to_have_count(0, timeout=GENEROUS_MS)


async def test_a_person_who_signs_out_elsewhere_is_told_in_this_tab(house: House) -> None:
    page = await following(house, "operator:emil")
    await page.get_by_label("Note").fill(NOTE)

    await house.sql("update sign_in set ended_at = now()")

    line = page.locator("#states [data-key=signed_out]")
    await expect(line).to_contain_text("YOU ARE SIGNED OUT", timeout=30_000)
    await expect(page.get_by_label("Note")).to_have_value(NOTE)


async def test_no_alarm_is_missed_over_forced_disconnects(house: House) -> None:
    """The short form; the whole one: ops/console_torture.py --disconnects 500."""
    from ops.console.disconnects import torture  # noqa: PLC0415

    told = await torture(house, disconnects=15, alarms=10)

    assert told.missed == ()
    assert told.disconnects >= 15


async def test_a_taken_alarm_returns_when_its_console_is_gone(house: House) -> None:
    """DECIDING 6: whose console is gone for 15 s."""
    page = await following(house, "operator:finn")
    alarm = await house.press("20")
    answer = await page.evaluate(
        """async (id) => {
          const csrf = document.querySelector('meta[name=csrf]').content;
          const answer = await fetch(`/api/v1/alarms/${id}/events`, {method: 'POST',
            headers: {'Content-Type': 'application/json', 'X-CSRF-Token': csrf},
            body: JSON.stringify({do: 'take'})});
          return answer.status;
        }""",
        alarm,
    )
    assert answer == 200
    await asyncio.sleep(5)  # until the presence has been written down after the taking

    await page.context.close()

    state = ["taken"]
    for _ in range(60):
        found = await house.sql("select state from alarm where id = %(id)s", id=alarm)
        state = [one["state"] for one in found]
        if state == ["open"]:
            break
        await asyncio.sleep(0.5)
    assert state == ["open"]
