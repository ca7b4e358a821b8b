"""What becomes of accounts: first passwords, several roles, ends, emergencies, many browsers."""

from gateway import ticker
from gateway.access import logins
from gateway.tokens import Role
from tests.gateway.access_house import PASSWORD, Browser, account, accounts, browser
from tests.gateway.api_house import V1, House, audited


async def test_a_password_somebody_else_has_set_must_be_changed_first(house: House) -> None:
    await account(house, "anna", Role.OPERATOR, must_change=True)
    anna, other = await browser(house, "anna"), await browser(house, "anna")
    page = await anna.ask("GET", "/console", headers={"Accept": "text/html"})
    data = await anna.ask("GET", f"{V1}/alarms")
    change = "a kettle sings quietly"

    async def asked(old: str, new: str) -> int:
        return (await anna.ask("POST", "/password", json={"old": old, "new": new})).status_code

    assert (page.status_code, page.headers["location"]) == (303, "/password")
    assert (data.status_code, data.json()["reason"]) == (403, "password_must_change")
    assert await asked(PASSWORD, "short") == 422
    assert await asked(PASSWORD, PASSWORD) == 422
    assert await asked("wrong old one", change) == 401
    assert await asked(PASSWORD, change) == 204
    assert (await anna.ask("GET", f"{V1}/alarms")).status_code == 200
    assert (await other.ask("GET", f"{V1}/me")).status_code == 401, "every other browser is out"
    assert (await Browser(house).sign_in("anna", change)).status_code == 200


async def test_a_disabled_account_is_out_at_once(house: House) -> None:
    await account(house, "anna", Role.OPERATOR)
    anna = await browser(house, "anna")
    await accounts(house).disable("anna")

    assert (await anna.ask("GET", f"{V1}/alarms")).status_code == 401
    assert (await Browser(house).sign_in("anna")).status_code == 401
    await accounts(house).disable("anna", again=True)
    assert (await Browser(house).sign_in("anna")).status_code == 200


async def test_who_has_several_roles_acts_in_the_one_the_route_allows(house: House) -> None:
    referral = await house.referred()
    await account(house, "lee", Role.OPERATOR, Role.RESPONDER, service="icrs")
    lee = await browser(house, "lee")

    accept = await lee.ask("POST", f"{V1}/referrals/{referral['id']}/accept", json={})
    seen = await lee.ask("POST", f"{V1}/referrals/{referral['id']}/seen", json={})

    assert (accept.status_code, seen.status_code) == (200, 200)
    actors = {one.actor for one in await house.sql("select actor from audit")}
    assert {"operator:lee", "service:icrs:lee"} <= actors


async def test_an_account_for_emergencies_is_loud(house: House) -> None:
    await account(house, "glass", Role.SUPERVISOR, break_glass=True)
    await browser(house, "glass")
    await ticker.take_inbox(house.session, house.context.desk, house.now)
    technical = [
        one["alarm"]
        for one in (await house.get("operator", "/alarms"))["alarms"]
        if one["alarm"]["kind"] == "technical"
    ]

    assert len(await audited(house, "break_glass_signed_in")) == 1
    assert len(technical) == 1
    shown = await house.get("operator", f"/alarms/{technical[0]['id']}")
    assert "break_glass" in str(shown) or "glass" in str(shown["explanation"])


async def test_a_page_leads_to_the_sign_in_and_back(house: House) -> None:
    answer = await Browser(house).ask("GET", "/console", headers={"Accept": "text/html"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/console")


async def test_too_many_browsers_of_one_account_end_the_oldest(house: House) -> None:
    await account(house, "anna", Role.OPERATOR)
    first = await browser(house, "anna")
    for _ in range(logins.MAX_OPEN):
        house.later(seconds=1)
        last = await browser(house, "anna")

    assert (await first.ask("GET", f"{V1}/me")).status_code == 401
    assert (await last.ask("GET", f"{V1}/me")).status_code == 200
