"""The console's foundation in a real browser: signing in, the live stream, banner and sound."""

import re

import pytest
from playwright.async_api import Route, expect

from ops.console.house import House
from tests.console.axe import axe
from tests.console.following import following, live, on_duty
from tests.console.keys import controls, reached, tab_to

pytestmark = pytest.mark.asyncio(loop_scope="session")

GUIDE = "/console/guide"
# b has the focus while a goes, c comes before it and e after it; then b itself goes.
LIST = """async () => {
  const release = document.body.dataset.release;
  const {sync} = await import(`/console/static/${release}/console/list.js`);
  const list = document.createElement('ul');
  document.getElementById('main').append(list);
  const make = (key) => {
    const one = document.createElement('li');
    one.append(Object.assign(document.createElement('button'), {textContent: key}));
    return one;
  };
  const show = (...keys) => sync(list, keys, (key) => key, make, () => {});
  show('a', 'b', 'c');
  let blurs = 0;
  const button = list.children[1].firstChild;
  button.focus();
  button.addEventListener('blur', () => { blurs += 1; });
  show('c', 'b', 'e');
  const order = [...list.children].map((one) => one.dataset.key);
  const focus = document.activeElement.textContent;
  const before = blurs;
  show('e');
  return {order, focus, blurs: before, after: document.activeElement.textContent,
          still: [...list.children].map((one) => one.dataset.key)};
}"""
ZOOMED = {"width": 320, "height": 256}  # 1280 x 1024 at 400 %


async def test_the_sign_in_page_is_accessible_and_says_what_was_wrong(house: House) -> None:
    await house.account("anna", "operator")
    page = await (await house.browser.new_context()).new_page()
    await page.goto(f"{house.url}/console/guide")
    assert page.url.endswith("/sign-in?next=/console/guide")
    assert await axe(page) == []

    await tab_to(page, "Your name here")
    await page.keyboard.type("anna")
    await page.keyboard.press("Tab")
    await page.keyboard.type("not the password")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("alert")).to_contain_text("name or the password is not right")
    assert await axe(page) == []
    await page.context.close()


async def test_after_signing_in_one_is_where_one_wanted_to_be(house: House) -> None:
    password = await house.account("anna", "operator")
    page = await (await house.browser.new_context()).new_page()
    await page.goto(f"{house.url}/console/guide")

    await page.get_by_label("Your name here").fill("anna")
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()

    await page.wait_for_url(f"{house.url}/console/guide")
    await expect(page.get_by_role("banner")).to_contain_text("Anna")
    await page.context.close()


async def test_a_call_appears_by_itself_rings_and_is_receipted(house: House) -> None:
    page = await on_duty(await following(house, "operator:anna"))

    alarm = await house.press("18")

    await expect(page.locator("#waiting-words")).to_have_text("1 call waiting")
    await expect(page.locator("#announce")).to_contain_text("Call for help")
    await expect(page.locator("html")).to_have_attribute("data-ringing", "yes")
    await expect(page.locator("#on-duty")).to_contain_text("anna")
    seen: list[dict[str, object]] = []
    while not seen:
        seen = await house.sql("select operator, rings from alarm_seen where rings > 0")
    assert seen == [{"operator": "anna", "rings": 1}]

    await house.drop(alarm)
    await expect(page.locator("#waiting-words")).to_have_text("No calls waiting")
    await expect(page.locator("html")).to_have_attribute("data-ringing", "no")


async def test_going_off_duty_silences_and_says_that_nobody_is_there(house: House) -> None:
    page = await on_duty(await following(house, "operator:cleo"))
    await house.sql("update desk_duty set off_at = now() where operator <> 'cleo'")

    await page.get_by_role("button", name="Go off duty").click()

    await expect(page.get_by_role("button", name="Go on duty")).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("data-sound", "off")
    await expect(page.locator("#states")).to_contain_text("NOBODY IS ON DUTY")


async def test_ten_tabs_share_one_stream_and_one_of_them_rings(house: House) -> None:
    await house.sql("delete from alarm_seen")
    first = await on_duty(await following(house, "operator:dora"))
    before = await streams(house)
    tabs = [await live(await house.tab(first), house) for _ in range(9)]
    assert await streams(house) == before, "a new tab opened a stream of its own"

    alarm = await house.press("20")

    for one in (first, *tabs):
        await expect(one.locator("#waiting-words")).to_have_text("1 call waiting")
    await expect(first.locator("html")).to_have_attribute("data-ringing", "yes")
    ringing = [await one.locator("html").get_attribute("data-ringing") for one in tabs]
    assert "yes" not in ringing
    await house.drop(alarm)


async def test_without_a_shared_worker_each_tab_has_a_stream_of_its_own(house: House) -> None:
    page = await house.page("operator:hugo", GUIDE)
    await page.add_init_script("delete window.SharedWorker")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-connection", "live")
    await on_duty(page)

    alarm = await house.press("18")

    await expect(page.locator("#waiting-words")).to_have_text("1 call waiting")
    await expect(page.locator("html")).to_have_attribute("data-ringing", "yes")
    await house.drop(alarm)


async def test_a_new_release_is_offered_and_nothing_is_loaded_by_itself(house: House) -> None:
    page = await house.page("operator:ines", GUIDE)

    async def older(route: Route) -> None:
        answer = await route.fetch()
        text = (await answer.text()).replace('data-release="', 'data-release="older')
        await route.fulfill(response=answer, body=text)

    await page.route(f"**{GUIDE}", older)
    await page.reload()

    await expect(page.locator("#states")).to_contain_text("A new version is ready")
    await expect(page.get_by_role("button", name="Load it now")).to_be_visible()


async def test_a_password_that_is_due_is_given_in_place(house: House) -> None:
    page = await on_duty(await following(house, "operator:gina"))
    await house.sql("update sign_in set proved_at = now() - interval '13 hours'")
    await page.reload()
    assert await axe(page) == []

    field = page.get_by_label("You have been signed in for long")
    await field.fill("not it")
    await page.keyboard.press("Enter")
    await expect(page.locator("#again-said")).to_contain_text("not the password")
    await field.fill(await house.account("gina", "operator"))
    await page.keyboard.press("Enter")

    await expect(field).to_have_count(0)


async def test_a_list_changes_around_the_focus_without_taking_it_away(house: House) -> None:
    page = await following(house, "operator:anna")

    found = await page.evaluate(LIST)

    assert found == {
        "order": ["c", "b", "e"],
        "focus": "b",
        "blurs": 0,
        "after": "e",
        "still": ["e"],
    }


async def test_every_control_of_the_guide_is_reached_by_tab_and_shows_it(house: House) -> None:
    page = await following(house, "operator:anna")

    found = await reached(page)

    assert [one for one in await controls(page) if one not in found] == []


@pytest.mark.parametrize(
    "options",
    [{}, {"viewport": ZOOMED}, {"forced_colors": "active"}, {"reduced_motion": "reduce"}],
    ids=["laptop", "zoomed", "forced-colours", "no-motion"],
)
async def test_the_guide_is_accessible_and_never_wider_than_the_screen(
    house: House, options: dict[str, object]
) -> None:
    page = await following(house, "operator:anna", **options)

    assert await axe(page) == []
    assert await page.evaluate(
        "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


@pytest.mark.parametrize(
    ("who", "path", "status", "words"),
    [
        ("operator:anna", "/console/no-such-page", 404, "This page was not found"),
        ("auditor:aude", "/console", 403, "You may not open this"),
    ],
)
async def test_an_error_is_a_page_with_what_to_do_next(
    house: House, who: str, path: str, status: int, words: str
) -> None:
    page = await house.page(who, "/sign-in")

    answer = await page.goto(house.url + path)

    assert answer is not None
    assert answer.status == status
    await expect(page.get_by_role("heading", level=1)).to_have_text(words)
    assert await axe(page) == []


async def test_pages_run_nothing_inline_and_come_with_strict_headers(house: House) -> None:
    page = await house.page("operator:anna", "/sign-in")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))

    answer = await page.goto(f"{house.url}/console/guide")

    assert answer is not None
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    html = await answer.text()
    assert re.findall(r"\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html) == []
    assert [line for line in said if "Content Security Policy" in line] == []


async def streams(house: House) -> float:
    """Say how many streams the gateway has open, by its own count."""
    text = (await house.get("/metrics")).text
    found = re.search(r"^lifeline_console_streams (\S+)$", text, re.MULTILINE)
    assert found is not None
    return float(found[1])
