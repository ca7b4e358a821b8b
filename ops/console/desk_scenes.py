"""The desk's pages and states to be photographed; see ops/console/scenes.py."""

import secrets
from collections.abc import Awaitable, Callable

from playwright.async_api import Page, expect

from ops.console.house import House
from ops.console.scenes import WAIT_MS, Options, Scene, live, on_duty

CONTACTS = '[{"name": "Carol", "relation": "daughter", "phone": "0116 496 0003"}]'
PAGES = {
    "incoming": "/console/incoming",
    "referral": "/console/referrals/new",
    "search": "/console/search",
    "technical": "/console/technical",
    "power": "/console/power",
    "handover": "/console/handover",
    "supervisor": "/console/supervisor",
    "scripts": "/console/scripts",
}


async def calm(house: House) -> None:
    """Close every alarm, so that the next picture begins with an empty queue."""
    await house.sql("update subject set state = null, next_due_at = null")
    await house.sql("update alarm set state = 'closed' where state <> 'closed'")
    await house.sql("update referral set state = 'closed' where state <> 'closed'")
    await house.sql("update task set state = 'done' where state <> 'done'")


async def _desk(house: House, options: Options, path: str = "/console") -> Page:
    page = await house.page("supervisor:sue", path, **options)
    return await on_duty(await live(page))


async def _empty(house: House, options: Options) -> Page:
    await calm(house)
    page = await _desk(house, options)
    await expect(page.locator("#queue-empty")).to_be_visible(timeout=WAIT_MS)
    return page


async def _busy(house: House, options: Options) -> Page:
    await calm(house)
    page = await _desk(house, options)
    await house.press("18", activation="fall", still_s=30)
    await house.press("17")
    await house.press("19")
    await _without_mains(house, "20")
    await expect(page.locator(".row--life_safety")).to_be_visible(timeout=WAIT_MS)
    await expect(page.get_by_text("No mains power (unit 20)")).to_be_visible(timeout=WAIT_MS)
    return page


async def _case(house: House, options: Options, device: str = "17") -> Page:
    await calm(house)
    await _describe(house)
    alarm = await house.press(device)
    page = await _desk(house, options, f"/console/alarms/{alarm}")
    await expect(page.locator("#why-list li").first).to_be_visible(timeout=WAIT_MS)
    return page


async def _describe(house: House) -> None:
    """Give Winifred Carter a record that fills her card."""
    await house.sql(
        "update person set anticoagulants = true, conditions = array['COPD', 'warfarin'],"
        " contacts = %(contacts)s::jsonb, phone_home = '0116 496 0001'"
        " where name like 'Winifred%%'",
        contacts=CONTACTS,
    )
    await house.sql(
        "insert into person_desk (person_id, organisation_id, access, hazards, allergies,"
        " communication, key_safe, changed_by, changed_at) select id, organisation_id,"
        " 'Side gate; ramp', array['large dog'], array['penicillin'], 'hard of hearing',"
        " 'x', 'test', now() from person where name like 'Winifred%' on conflict do nothing",
    )


async def _taken(house: House, options: Options) -> Page:
    page = await _case(house, options)
    await page.get_by_role("button", name="Take", exact=True).click()
    await expect(page.get_by_text("You have it", exact=True)).to_be_visible(timeout=WAIT_MS)
    group = page.get_by_role("group", name="Is it hard to breathe or to speak?")
    await group.get_by_role("button", name="No", exact=True).click()
    await expect(page.locator(".question--done").first).to_be_visible(timeout=WAIT_MS)
    return page


async def _emergency(house: House, options: Options) -> Page:
    page = await _case(house, options)
    await page.get_by_role("button", name="999 ambulance").click()
    await expect(page.locator(".task--999")).to_be_visible(timeout=WAIT_MS)
    return page


async def _refused(house: House, options: Options) -> Page:
    page = await _case(house, options)
    await page.get_by_label("Because", exact=True).select_option("reassured")
    await page.get_by_role("button", name="Close this alarm").click()
    await expect(page.locator("#said")).to_be_visible(timeout=WAIT_MS)
    return page


async def _closed(house: House, options: Options) -> Page:
    page = await _case(house, options, "18")
    await page.get_by_role("button", name="I hear a voice").click()
    await expect(page.locator("#times")).to_contain_text("after", timeout=WAIT_MS)
    await page.get_by_label("Because", exact=True).select_option("reassured")
    await page.get_by_role("button", name="Close this alarm").click()
    await expect(page.get_by_text("This alarm is closed.")).to_be_visible(timeout=WAIT_MS)
    return page


async def _called(house: House, options: Options) -> Page:
    page = await _emergency(house, options)
    await page.get_by_label("Incident number").fill("A-2041")
    await page.get_by_role("button", name="I have called 999").click()
    again = page.get_by_role("button", name="Record another call")
    await expect(again).to_be_visible(timeout=WAIT_MS)
    return page


async def _unknown(house: House, options: Options) -> Page:
    await calm(house)
    await house.send("nobody-knows", {"id": f"u-{options}"[:60], "activation": "pendant"}, "call")
    (found,) = await house.sql(
        "select id from alarm where state <> 'closed' and kind <> 'technical'"
    )
    page = await _desk(house, options, f"/console/alarms/{found['id']}")
    await expect(page.locator("#why-list li").first).to_be_visible(timeout=WAIT_MS)
    return page


async def _fall(house: House, options: Options) -> Page:
    await calm(house)
    alarm = await house.press("18", activation="fall", still_s=30)
    page = await _desk(house, options, f"/console/alarms/{alarm}")
    await expect(page.locator("#why-list li").first).to_be_visible(timeout=WAIT_MS)
    return page


async def _promised(house: House, options: Options) -> Page:
    page = await _case(house, options)
    await page.get_by_label("What to do then").fill("Ask whether the hip still hurts")
    await page.get_by_role("button", name="Keep the follow-up").click()
    await expect(page.get_by_text("Ask whether the hip").first).to_be_visible(timeout=WAIT_MS)
    return page


async def _promises(house: House, options: Options, path: str = "/console/handover") -> Page:
    page = await _promised(house, options)
    await page.goto(house.url + path)
    return await live(page)


async def _promises_queue(house: House, options: Options) -> Page:
    return await _promises(house, options, "/console")


async def _code(house: House, options: Options) -> Page:
    page = await _case(house, options)
    await page.get_by_text("Change what whoever goes there must know").click()
    await page.get_by_label("New key-safe code").fill("0000")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Keep it").click()
    await live(page)
    await page.get_by_role("button", name="Show the key-safe code").click()
    await expect(page.get_by_text("0000", exact=True)).to_be_visible(timeout=WAIT_MS)
    return page


async def _worklist(house: House, options: Options) -> Page:
    await calm(house)
    page = await _desk(house, options)
    for unit in ("18", "20", "1001"):
        await _without_mains(house, unit, battery_pct=4)
        await expect(page.get_by_text(f"No mains power (unit {unit})")).to_be_visible(
            timeout=WAIT_MS
        )
    await page.goto(f"{house.url}/console/technical")
    return await live(page)


async def _without_mains(house: House, unit: str, battery_pct: int = 90) -> None:
    """Let a unit lose its mains, which it had until now: only a change makes an alarm."""
    for mains, battery in ((True, 90), (False, battery_pct)):
        status = {"mains": mains, "battery_pct": battery}
        await house.send(unit, {"id": secrets.token_hex(8), "status": status}, "up")


async def _dark(house: House, options: Options) -> Page:
    page = await _worklist(house, options)
    await page.goto(f"{house.url}/console/power")
    await expect(page.get_by_text("LE5: 1 unit")).to_be_visible(timeout=WAIT_MS)
    return await live(page)


async def _nobody_found(house: House, options: Options) -> Page:
    page = await _desk(house, options, "/console/search")
    await page.get_by_role("textbox").fill("zz nobody")
    await page.get_by_role("button", name="Find", exact=True).click()
    await expect(page.get_by_text("Nobody found.")).to_be_visible(timeout=WAIT_MS)
    return page


async def _picked(house: House, options: Options) -> Page:
    page = await _desk(house, options, "/console/incoming")
    await page.get_by_label("Find the person").fill("carter")
    await page.get_by_role("button", name="Find", exact=True).click()
    await page.get_by_role("button", name="It is Winifred Carter").click()
    await expect(page.locator("#picked")).to_contain_text("Winifred", timeout=WAIT_MS)
    return page


async def _found(house: House, options: Options) -> Page:
    page = await _desk(house, options, "/console/search")
    await page.get_by_role("textbox").fill("fictional")
    await page.get_by_role("button", name="Find", exact=True).click()
    await expect(page.locator("#found .row").first).to_be_visible(timeout=WAIT_MS)
    return page


def _plain(path: str) -> Callable[[House, Options], Awaitable[Page]]:
    async def prepare(house: House, options: Options) -> Page:
        return await _desk(house, options, path)

    return prepare


SCENES = (
    Scene("desk-queue-empty", _empty, calm),
    Scene("desk-queue-busy", _busy, calm),
    Scene("desk-case", _case, calm),
    Scene("desk-case-taken", _taken, calm),
    Scene("desk-case-999", _emergency, calm),
    Scene("desk-case-999-called", _called, calm),
    Scene("desk-case-fall", _fall, calm),
    Scene("desk-case-unknown-caller", _unknown, calm),
    Scene("desk-case-key-safe", _code, calm),
    Scene("desk-case-follow-up", _promised, calm),
    Scene("desk-queue-follow-up", _promises_queue, calm),
    Scene("desk-handover-follow-up", _promises, calm),
    Scene("desk-technical-work", _worklist, calm),
    Scene("desk-power-areas", _dark, calm),
    Scene("desk-incoming-picked", _picked),
    Scene("desk-search-nobody", _nobody_found),
    Scene("desk-case-refused", _refused, calm),
    Scene("desk-case-closed", _closed, calm),
    Scene("desk-search-found", _found),
    *(Scene(f"desk-{name}", _plain(path)) for name, path in PAGES.items()),
)
