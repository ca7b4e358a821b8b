"""The desk's other pages in a real browser: axe, keyboard, forms, and nothing typed ever runs."""

import re

import pytest
from playwright.async_api import Page, expect

from ops.console.house import House
from tests.console.axe import axe
from tests.console.desk_pages import opened
from tests.console.keys import controls, reached

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(autouse=True)
def patient() -> None:
    """Wait for as long as a busy machine needs; nothing here is about speed."""
    expect.set_options(timeout=30_000)


PAGES = (
    "/console/incoming",
    "/console/referrals/new",
    "/console/search",
    "/console/technical",
    "/console/power",
    "/console/handover",
    "/console/supervisor",
    "/console/scripts",
)
EVIL = (
    "<script>alert('canary');document.title='canary'</script>\"><img src=x onerror=alert('canary')>"
    "<svg onload=alert('canary')>{{7*7}}"
)


@pytest.mark.parametrize("path", PAGES)
async def test_axe_finds_nothing_on_the_desk_s_other_pages(house: House, path: str) -> None:
    page = await house.page("supervisor:sue")
    await opened(page, house.url + path)
    await expect(page.locator("html")).to_have_attribute("data-connection", "live")

    assert await axe(page) == []
    assert _still(await controls(page)) == _still(await reached(page))


def _still(found: list[str]) -> list[str]:
    """Give words without the times that run on."""
    return sorted(re.sub(r"\d+ (?:s|min|h|d)\b ?", "", one) for one in found)


async def test_a_referral_is_taken_by_telephone_without_an_nhs_number(house: House) -> None:
    page = await house.page("operator:anna")
    await opened(page, f"{house.url}/console/referrals/new")
    await page.get_by_label("Name", exact=True).fill("Example Caller")
    await page.get_by_label("Date of birth, if known").fill("1/5/1951")
    await page.get_by_label("Postcode").fill("le3 1aa")
    await page.get_by_label("What is wrong").fill("Fall, back pain")
    await page.get_by_role("button", name="Send the referral").click()

    await expect(page.get_by_text("The service has the referral.")).to_be_visible()
    (kept,) = await house.sql("select postcode, born from person where name = 'Example Caller'")
    assert (kept["postcode"], str(kept["born"])) == ("LE3 1AA", "1951-05-01")


async def test_an_alarm_is_made_by_hand_for_a_person_who_was_found(house: House) -> None:
    page = await house.page("operator:anna")
    await opened(page, f"{house.url}/console/incoming")
    await page.get_by_label("Find the person").fill("carter")
    await page.get_by_role("button", name="Find", exact=True).click()
    await page.get_by_role("button", name="It is Winifred Carter").click()
    await page.get_by_label("What has happened").select_option("fall")
    await page.get_by_role("button", name="Make the alarm and take it").click()

    await page.wait_for_url("**/console/alarms/*")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Winifred Carter")


async def test_nothing_that_people_write_ever_runs(house: House) -> None:
    await house.sql(
        "update person set name = %(evil)s, address = %(evil)s, conditions = array[%(evil)s],"
        " language = %(evil)s, contacts = jsonb_build_array(jsonb_build_object("
        "'name', %(evil)s::text, 'phone', %(evil)s::text)) where name like 'Oliver%%'",
        evil=EVIL,
    )
    page = await house.page("operator:anna")
    await page.add_init_script("window.ran = []; window.alert = (words) => window.ran.push(words);")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    alarm = await house.press("18")
    await opened(page, f"{house.url}/console")
    await expect(page.get_by_role("link", name=re.compile("onerror"))).to_be_visible()
    assert await _ran(page) == []
    await opened(page, f"{house.url}/console/alarms/{alarm}")
    await page.get_by_label("What was said and seen").fill(EVIL)
    await page.get_by_role("button", name="Add the note").click()
    await expect(page.locator('[data-region="why"]')).to_contain_text("onerror")
    await page.get_by_label("What the team must know (optional)").fill(EVIL)
    await page.get_by_role("button", name="Refer to urgent community response").click()
    await expect(page.locator('[data-region="referrals"]')).to_contain_text("icrs")
    await page.get_by_role("button", name="999 ambulance").click()
    await page.get_by_label("Incident number").fill(EVIL)
    await page.get_by_role("button", name="I have called 999").click()
    await expect(page.get_by_role("button", name="Record another call")).to_be_visible()
    assert await _ran(page) == []
    for path in PAGES:
        if path == "/console/supervisor":
            continue
        await opened(page, house.url + path)
        for field in await page.locator("main input:visible, main textarea:visible").all():
            if await field.get_attribute("type") not in ("date", "radio"):
                await field.fill(EVIL[: int(await field.get_attribute("maxlength") or 40)])
        assert await _ran(page) == []
    await opened(page, f"{house.url}/console/search")
    await page.get_by_label(re.compile("Name, postcode")).fill("onerror")
    await page.get_by_role("button", name="Find", exact=True).click()
    await expect(page.locator("#found")).to_contain_text("onerror")
    assert await _ran(page) == []
    assert dialogs == []


async def _ran(page: Page) -> list[str]:
    """Give what a canary did: called alert, changed the title, or put an element into the page."""
    found: list[str] = await page.evaluate(
        "() => [...window.ran, ...(document.title.includes('canary') ? ['title'] : []),"
        " ...[...document.querySelectorAll('img[src=x], main script, svg[onload]')]"
        ".map((one) => one.outerHTML)]"
    )
    return found
