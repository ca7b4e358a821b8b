"""The desk in a real browser: from the press to the referral, by visible words only."""

import asyncio
import re

import pytest
from playwright.async_api import Page, expect

from ops.console.desk_scenes import calm
from ops.console.house import House
from tests.console.axe import axe
from tests.console.desk_pages import opened, settled
from tests.console.keys import tab_to

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(autouse=True)
def patient() -> None:
    """Wait for as long as a busy machine needs; nothing here is about speed."""
    expect.set_options(timeout=30_000)


# A timer of an alarm ends now, as its subject's stored case says; `seen` lets the gateway see it.
# Timers stand in the order in which they fire.
EXPIRE = """update subject set next_due_at = case when %(seen)s then now() else next_due_at end,
    state = jsonb_set(state, '{timers}', (
        select jsonb_agg(moved order by (moved ->> 'due_at')::timestamptz)
        from (
            select case when timer ->> 'kind' = %(kind)s
                then jsonb_set(timer, '{due_at}', to_jsonb(
                    to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))
                else timer end as moved
            from jsonb_array_elements(state -> 'timers') as timer
        ) as each))
where id = (select subject_id from alarm where id = %(alarm)s::uuid)"""


async def at_the_desk(house: House, who: str = "operator:anna") -> Page:
    """Open the queue, follow the stream."""
    page = await house.page(who)
    await opened(page, f"{house.url}/console")
    return page


class Clicks:
    """Counts the clicks of a story; a script's questions apart."""

    def __init__(self, page: Page) -> None:
        self.page, self.made = page, 0

    async def on(self, words: str) -> None:
        await self.page.get_by_role("button", name=words).click()
        self.made += 1


async def test_case_study_2_goes_from_press_to_confirmed_referral_in_at_most_six_clicks(
    house: House,
) -> None:
    page = await at_the_desk(house)
    await expect(page.get_by_text("No calls are waiting, and nobody has one open.")).to_be_visible()
    assert await axe(page) == []
    alarm = await house.press("17")
    click = Clicks(page)

    await expect(page.get_by_role("link", name="Pendant pressed: Winifred Carter")).to_be_visible()
    assert await axe(page) == []
    await click.on("Take: Pendant pressed, Winifred Carter")
    await page.wait_for_url(f"**/console/alarms/{alarm}")
    await settled(page)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Winifred Carter")
    await expect(page.get_by_text("You have it", exact=True)).to_be_visible()
    await click.on("I hear a voice")
    await expect(page.locator("#times")).to_contain_text(
        re.compile(r"Spoken to\s*\d\d:\d\d, after")
    )
    for question in (
        "Is it hard to breathe or to speak?",
        "Is there pain or tightness in the chest?",
        "Was consciousness lost, or is the person hard to wake?",
        "Is blood flowing freely?",
    ):
        group = page.get_by_role("group", name=question)
        await group.get_by_role("button", name="No", exact=True).click()
        await expect(group.get_by_role("button", name="No", exact=True)).to_have_attribute(
            "aria-pressed", "true"
        )
    await click.on("Confirm the referral to icrs")
    await expect(page.locator('[data-region="referrals"]')).to_contain_text("received")
    await expect(page.get_by_role("button", name="Confirm the referral to icrs")).to_have_count(0)

    assert click.made <= 6
    (referral,) = await house.sql(
        "select provisional, record ->> 'confirmed_at' as confirmed_at from referral"
        " where alarm_id = %(alarm)s",
        alarm=alarm,
    )
    assert referral["provisional"] is False
    assert referral["confirmed_at"] is not None
    assert await axe(page) == []


async def test_two_operators_race_for_one_alarm_one_wins_and_the_other_is_told(
    house: House,
) -> None:
    anna, ben = await at_the_desk(house), await at_the_desk(house, "operator:ben")
    await house.press("18")
    words = "Take: Pendant pressed, Oliver Price"
    for page in (anna, ben):
        await expect(page.get_by_role("button", name=words)).to_be_visible()
    # Both requests leave before either answer can repaint the other's row.
    click = "(words) => document.querySelector(`button[aria-label^='${words}']`).click()"
    await asyncio.gather(anna.evaluate(click, words), ben.evaluate(click, words))

    told = re.compile(r"(anna|ben) has this alarm already")
    winner, loser = await _winner(house, anna, ben)
    await expect(winner.get_by_text("You have it", exact=True)).to_be_visible()
    await expect(loser.get_by_role("alert").filter(has_text=told)).to_be_visible()
    await expect(loser.get_by_role("button", name=words)).to_be_hidden()
    assert await axe(loser) == []


async def _winner(house: House, anna: Page, ben: Page) -> tuple[Page, Page]:
    async with asyncio.timeout(10):
        while True:
            found = await house.sql(
                "select taken_by from alarm join subject on subject.id = alarm.subject_id"
                " join device on device.person_id = subject.person_id"
                " where device.sender = '18' and alarm.state = 'taken'"
            )
            if found:
                return (anna, ben) if found[0]["taken_by"] == "anna" else (ben, anna)
            await asyncio.sleep(0.02)


async def test_a_hold_that_expires_while_somebody_closes_is_told_plainly(house: House) -> None:
    page = await at_the_desk(house)
    alarm = await house.press("19")
    await opened(page, f"{house.url}/console/alarms/{alarm}")
    await expect(page.locator('[data-region="steps"]')).to_contain_text(
        "a provisional referral goes out by itself"
    )
    # The hold ends now; this page has not heard of it when its person closes the alarm.
    await house.sql(EXPIRE, alarm=alarm, kind="refer", seen=False)
    await page.get_by_label("Because", exact=True).select_option("accident")
    await page.get_by_role("button", name="Close this alarm").click()

    said = page.locator("#said")
    await expect(said).to_contain_text("the referral is provisional: confirm or withdraw it")
    await expect(said).to_contain_text(
        "A provisional referral, which nobody has confirmed, to icrs"
    )
    await expect(page.get_by_role("button", name="Confirm the referral to icrs")).to_be_visible()
    assert await axe(page) == []


async def test_a_case_that_goes_back_to_the_queue_says_so_to_who_had_it(house: House) -> None:
    page = await at_the_desk(house)
    alarm = await house.press("20")
    await opened(page, f"{house.url}/console/alarms/{alarm}")
    await page.get_by_role("button", name="Take", exact=True).click()
    await expect(page.get_by_text("You have it", exact=True)).to_be_visible()
    await page.get_by_label("What was said and seen").fill("still talking")
    await house.sql(EXPIRE, alarm=alarm, kind="taken_idle", seen=True)

    await expect(page.locator("#said")).to_contain_text("This case went back to the queue")
    await expect(page.get_by_text("Nobody has it", exact=True)).to_be_visible()
    await expect(page.get_by_label("What was said and seen")).to_have_value("still talking")
    await page.get_by_role("button", name="Take", exact=True).click()
    await expect(page.get_by_text("You have it", exact=True)).to_be_visible()
    await page.get_by_role("button", name="I am still working on it").click()
    await expect(page.locator('[data-region="why"]')).to_contain_text("Still working on it")


async def test_the_whole_case_goes_by_keyboard_alone(house: House) -> None:
    await calm(house)
    page = await at_the_desk(house, "operator:kim")
    alarm = await house.press("20")
    await expect(page.get_by_role("link", name="Pendant pressed: Bernard Doyle")).to_be_visible()
    await tab_to(page, "Take: Pendant pressed, Bernard Doyle")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/console/alarms/{alarm}")
    await settled(page)
    await tab_to(page, "I hear a voice")
    await page.keyboard.press("Enter")
    await expect(page.locator("#times")).to_contain_text("after")
    first = page.get_by_role("group", name="Is it hard to breathe or to speak?")
    await first.get_by_role("button", name="No", exact=True).focus()
    for _ in range(3):
        await page.keyboard.press("1")
        await page.wait_for_timeout(50)
    await expect(
        page.get_by_role("group", name="Is there pain or tightness in the chest?").get_by_role(
            "button", name="No", exact=True
        )
    ).to_have_attribute("aria-pressed", "true")
    await tab_to(page, "Because")
    await page.keyboard.press("r")
    await tab_to(page, "Close this alarm")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Closed: Reassured")).to_be_visible()
