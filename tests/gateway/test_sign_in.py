"""Signing in: who gets in, what a cookie is worth, how long, and what forged requests do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.access import guessing, logins
from gateway.access.cookies import own_path
from gateway.api.app import create_app
from gateway.keys import secret_sha256
from gateway.tokens import Role
from tests.gateway.access_house import PASSWORD, Browser, account, accounts, browser
from tests.gateway.api_house import V1, House, audited


async def test_an_operator_signs_in_works_and_signs_out(house: House) -> None:
    alarm = await house.pressed()
    await account(house, "anna", Role.OPERATOR)
    anna = await browser(house, "Anna")

    taken = await anna.ask("POST", f"{V1}/alarms/{alarm['id']}/events", json={"do": "take"})
    me = (await anna.ask("GET", f"{V1}/me")).json()
    out = await anna.ask("POST", "/sign-out", json={})
    after = await anna.ask("GET", f"{V1}/alarms")

    assert taken.json()["alarm"]["taken_by"] == "anna", "the account's own spelling"
    assert me["roles"] == ["operator"]
    assert me["csrf"] == anna.csrf
    assert (out.status_code, after.status_code) == (204, 401)
    assert "Max-Age=0" in out.headers["set-cookie"]
    for act in ("signed_in", "signed_out"):
        assert [actor for actor, _ in await audited(house, act)] == ["account:anna"]


async def test_what_is_stored_opens_nothing(house: House) -> None:
    await account(house, "anna", Role.OPERATOR)
    anna = await browser(house, "anna")
    (stored,) = await house.sql("select password_hash from account")
    (kept,) = await house.sql("select sha256, source from sign_in")

    assert stored.password_hash.startswith("$argon2id$")
    assert PASSWORD not in stored.password_hash
    assert bytes(kept.sha256) == secret_sha256(anna.cookie)
    assert b"192.0.2.50" not in bytes(kept.source)
    assert len(anna.cookie) >= 43, "256 random bits"


@pytest.mark.parametrize("tls", [False, True])
async def test_the_cookie_is_strict_and_over_tls_bound_to_the_host(
    house: House, *, tls: bool
) -> None:
    await account(house, "anna", Role.OPERATOR)
    anna = Browser(house, tls=tls)
    header = (await anna.sign_in("anna")).headers["set-cookie"]

    assert header.startswith("__Host-lifeline=" if tls else "lifeline=")
    assert "HttpOnly; SameSite=Strict" in header
    assert "Path=/;" in header
    assert ("Secure" in header) is tls
    under_the_other_name = {"Cookie": f"{'lifeline' if tls else '__Host-lifeline'}={anna.cookie}"}
    assert (await anna.ask("GET", f"{V1}/me")).status_code == 200
    refused = await anna.ask("GET", f"{V1}/me", headers=under_the_other_name)
    assert refused.status_code == 401


async def test_who_is_wrong_learns_nothing_about_which_accounts_exist(house: House) -> None:
    await account(house, "anna", Role.OPERATOR)
    await account(house, "gone", Role.OPERATOR)
    await accounts(house).disable("gone")
    answers = [
        await Browser(house, address=f"192.0.2.{number}").sign_in(name, password)
        for number, (name, password) in enumerate(
            [("anna", "wrong password"), ("nobody", PASSWORD), ("gone", PASSWORD), ("", ""),
             ("x" * 500, PASSWORD), ("\x00", "\x00")]
        )
    ]  # fmt: skip

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert len(await audited(house, "sign_in_failed")) == 2, "only for accounts that exist"
    (found,) = await house.sql("select count(*) from audit where act = 'signed_in'")
    assert found.count == 0


async def test_a_form_works_without_scripts_and_never_leads_to_another_host(house: House) -> None:
    await account(house, "anna", Role.OPERATOR)
    form = {"name": "anna", "password": PASSWORD, "next": "/console/search"}
    good = await Browser(house).ask("POST", "/sign-in", form=form)
    bad = await Browser(house).ask("POST", "/sign-in", form={**form, "password": "x"})

    assert (good.status_code, good.headers["location"]) == (303, "/console/search")
    assert bad.status_code == 303
    assert bad.headers["location"].startswith("/sign-in?why=wrong")
    for elsewhere in ("//evil.example", "https://evil.example/", "/\\evil.example", "x", ""):
        assert own_path(elsewhere, otherwise="/console") == "/console"


async def test_an_act_that_another_page_makes_a_browser_send_is_refused(house: House) -> None:
    alarm = await house.pressed()
    await account(house, "anna", Role.OPERATOR)
    anna = await browser(house, "anna")
    other = await browser(house, "anna")
    path, take = f"{V1}/alarms/{alarm['id']}/events", {"do": "take"}

    forged = [
        await anna.ask("POST", path, json=take, with_csrf=False),
        await anna.ask("POST", path, json=take, headers={"X-CSRF-Token": other.csrf}),
        await anna.ask("POST", path, json=take, headers={"Origin": "http://evil.example"}),
        await anna.ask("POST", path, json=take, headers={"Origin": "null", "Sec-Fetch-Site": ""}),
        await anna.ask("POST", path, json=take, headers={"Sec-Fetch-Site": "cross-site"}),
        await anna.ask("POST", path, json=take, headers={"Sec-Fetch-Site": "same-site"}),
    ]
    assert {one.status_code for one in forged} == {403}
    assert {one.json()["reason"] for one in forged} == {"csrf"}
    by_form = await anna.ask("POST", "/sign-out", form={"csrf_token": other.csrf}, with_csrf=False)
    assert by_form.status_code == 403

    assert (await anna.ask("POST", path, json=take)).status_code == 200
    by_form = await anna.ask("POST", "/sign-out", form={"csrf_token": anna.csrf}, with_csrf=False)
    assert (by_form.status_code, by_form.headers["location"]) == (303, "/sign-in")


async def test_signing_somebody_in_from_another_page_is_refused(house: House) -> None:
    await account(house, "anna", Role.OPERATOR)
    body = {"name": "anna", "password": PASSWORD}
    answer = await Browser(house).ask(
        "POST", "/sign-in", json=body, headers={"Origin": "http://evil.example"}
    )

    assert answer.status_code == 403


async def test_who_does_nothing_is_signed_out_and_who_is_on_duty_never(house: House) -> None:
    await account(house, "anna", Role.OPERATOR)
    await account(house, "mia", Role.MANAGER)
    anna, mia = await browser(house, "anna"), await browser(house, "mia")
    await go_on_duty(house, anna)

    for _ in range(3):
        house.later(minutes=14)
        assert (await mia.ask("GET", f"{V1}/me")).status_code == 200, "an act keeps a sign-in"
    house.later(minutes=14)
    background = await mia.ask("GET", f"{V1}/me", headers={"X-Lifeline-Background": "1"})
    assert background.status_code == 200
    house.later(minutes=1)
    assert (await mia.ask("GET", f"{V1}/me")).status_code == 401, "what a page does is no act"
    assert (await anna.ask("GET", f"{V1}/me")).status_code == 200, "57 minutes without a word"


async def test_on_duty_the_password_is_asked_for_in_place_and_acts_go_on(house: House) -> None:
    alarm = await house.pressed()
    await account(house, "anna", Role.OPERATOR)
    anna = await browser(house, "anna")
    await go_on_duty(house, anna)
    for _ in range(13):
        house.later(hours=1)
        assert await present(house, anna), "the stream is a sign of life"

    due = (await anna.ask("GET", f"{V1}/me")).json()
    take = await anna.ask("POST", f"{V1}/alarms/{alarm['id']}/events", json={"do": "take"})
    wrong = await anna.ask("POST", "/sign-in/again", json={"password": "not this one"})
    right = await anna.ask("POST", "/sign-in/again", json={"password": PASSWORD})
    after = (await anna.ask("GET", f"{V1}/me")).json()

    assert (due["password_due"], take.status_code) == (True, 200)
    assert (wrong.status_code, right.status_code) == (401, 200)
    assert after["password_due"] is False


async def test_off_duty_a_sign_in_ends_with_its_password_and_an_open_page_keeps_nothing(
    house: House,
) -> None:
    await account(house, "mia", Role.MANAGER)
    mia = await browser(house, "mia")
    house.later(minutes=14)
    assert await present(house, mia)
    house.later(minutes=1)
    assert not await present(house, mia), "a forgotten page is no sign of a person"

    mia = await browser(house, "mia")
    for _ in range(60):
        house.later(minutes=12)
        status = (await mia.ask("GET", f"{V1}/me")).status_code
    assert status == 401, "twelve hours after the password"


def test_standing_at_its_edges() -> None:
    from tests.databases import MORNING as now  # noqa: N811, PLC0415 - read as a time

    def stands(seen: timedelta, proved: timedelta, *, on_duty: bool) -> str:
        return logins.standing(
            seen_at=now - seen,
            proved_at=now - proved,
            on_duty_since=now if on_duty else None,
            now=now,
        ).value

    second, zero = timedelta(seconds=1), timedelta()
    assert stands(logins.IDLE - second, zero, on_duty=False) == "good"
    assert stands(logins.IDLE, zero, on_duty=False) == "idle"
    assert stands(logins.IDLE, zero, on_duty=True) == "good"
    assert stands(zero, logins.ABSOLUTE - second, on_duty=False) == "good"
    assert stands(zero, logins.ABSOLUTE, on_duty=False) == "over"
    assert stands(zero, logins.ABSOLUTE, on_duty=True) == "password due"
    assert stands(logins.DUTY_SILENCE, zero, on_duty=True) == "idle"


async def test_guessing_is_slowed_down_and_never_locks_the_owner_out(house: House) -> None:
    await account(house, "anna", Role.OPERATOR)
    desk = await browser(house, "anna")
    await go_on_duty(house, desk)

    statuses = [
        (await Browser(house, address="192.0.2.66").sign_in("anna", f"guess {number}")).status_code
        for number in range(guessing.FREE + 3)
    ]
    assert statuses == [401] * guessing.FREE + [429] * 3
    elsewhere = await Browser(house, address="192.0.2.67").sign_in("anna", "guess")
    assert elsewhere.status_code == 429, "another address that anna never used waits too"
    assert int(elsewhere.headers["retry-after"]) <= 61
    assert (await Browser(house).sign_in("anna")).status_code == 200, "her own desk does not wait"
    assert (await desk.ask("POST", "/sign-in/again", json={"password": PASSWORD})).is_success
    assert (await desk.ask("GET", f"{V1}/alarms")).status_code == 200
    await house.press()
    house.later(seconds=61)
    assert (await Browser(house, address="192.0.2.68").sign_in("anna")).status_code == 200


async def test_many_names_from_one_address_wait_too(house: House) -> None:
    await account(house, "anna", Role.OPERATOR)
    await account(house, "bob", Role.OPERATOR)
    await browser(house, "anna")
    statuses = [
        (await Browser(house).sign_in(f"name-{number}", "guess")).status_code
        for number in range(guessing.FREE_OF_AN_ADDRESS + 1)
    ]

    assert statuses == [401] * guessing.FREE_OF_AN_ADDRESS + [429]
    assert (await Browser(house).sign_in("bob")).status_code == 429, "never seen here before"
    assert (await Browser(house).sign_in("anna")).status_code == 200, "works here every day"


async def test_all_web_processes_count_together_and_a_restart_forgets_nothing(house: House) -> None:
    await account(house, "anna", Role.OPERATOR)
    processes = [replace(house, app=create_app(house.context, blind=bool)) for _ in range(2)]
    statuses = [
        (await Browser(processes[number % 2]).sign_in("anna", f"guess {number}")).status_code
        for number in range(guessing.FREE + 1)
    ]
    another = replace(house, app=create_app(house.context, blind=bool))

    assert statuses == [401] * guessing.FREE + [429]
    assert (await Browser(another).sign_in("anna", "guess")).status_code == 429
    kept = await house.sql("select key from guess")
    assert len(kept) == 2, "the account and the address"
    assert not any(b"anna" in bytes(one.key) or b"192." in bytes(one.key) for one in kept)
    house.later(minutes=30)
    assert (await Browser(another).sign_in("anna", "guess")).status_code == 401
    house.later(minutes=31)
    async with house.session.transaction() as connection:
        assert await guessing.forget_old(connection, house.now) == 2
    assert await house.sql("select from guess") == []


async def go_on_duty(house: House, at: Browser) -> None:
    async with house.session.transaction() as connection:
        found = await house.context.logins.find(connection, at.cookie, house.now, secure=False)
    assert found is not None
    await house.context.logins.duty(found, house.now, on=True)


async def present(house: House, at: Browser) -> bool:
    return at.digest in await house.context.logins.present([at.digest], house.now)
