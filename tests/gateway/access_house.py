"""People with accounts, and their browsers, in a test: the real application, real cookies."""

from collections.abc import Mapping
from typing import Any

import httpx

from gateway.access.accounts import Accounts, NewAccount
from gateway.access.cookies import PLAIN_NAME, SECURE_NAME
from gateway.access.organisation import owner_of
from gateway.keys import secret_sha256
from gateway.tokens import Role
from tests.databases import ORGANISATION
from tests.gateway.api_house import House

PASSWORD = "a quiet kettle sings"
ORIGIN = "http://desk"


def accounts(house: House) -> Accounts:
    context = house.context
    return Accounts(owner_of(context.sessions), ORGANISATION, context.desk.audit_key, house.clock)


async def account(  # noqa: PLR0913 - an account has many sides
    house: House,
    name: str,
    *roles: Role,
    service: str | None = None,
    subject: str | None = None,
    break_glass: bool = False,
    must_change: bool = False,
    password: str = PASSWORD,
) -> None:
    """Make an account whose owner has chosen the password already."""
    made = NewAccount(
        name, f"Display {name}", frozenset(roles), service, subject, break_glass=break_glass
    )
    await accounts(house).add(made, password)
    await house.sql(
        "update account set must_change = %(must)s where name = %(name)s",
        must=must_change,
        name=name,
    )


class Browser:
    """One browser: keeps its cookie, sends its token against forged requests with every act."""

    def __init__(self, house: House, *, address: str = "192.0.2.50", tls: bool = False) -> None:
        self.house = house
        self.address = address
        self.base = "https://desk" if tls else ORIGIN
        self.cookie = ""
        self.csrf = ""
        self.name = SECURE_NAME if tls else PLAIN_NAME

    async def ask(  # noqa: PLR0913 - a request has many parts
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        with_csrf: bool = True,
        params: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        given = {"Origin": self.base, "Sec-Fetch-Site": "same-origin", **(headers or {})}
        if self.cookie:
            given.setdefault("Cookie", f"{self.name}={self.cookie}")
        if with_csrf and self.csrf:
            given.setdefault("X-CSRF-Token", self.csrf)
        transport = httpx.ASGITransport(self.house.app, client=(self.address, 4711))
        async with httpx.AsyncClient(transport=transport, base_url=self.base) as client:
            answer = await client.request(
                method, path, json=json, data=form, headers=given, params=params
            )
        if self.name in answer.cookies:
            self.cookie = answer.cookies[self.name]
        return answer

    async def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        body = {"name": name, "password": password}
        answer = await self.ask("POST", "/sign-in", json=body, with_csrf=False)
        if answer.status_code == 200:
            self.csrf = answer.json()["csrf"]
        return answer

    @property
    def digest(self) -> bytes:
        return secret_sha256(self.cookie)


async def browser(house: House, name: str, **given: Any) -> Browser:
    """Give a browser that is signed in."""
    made = Browser(house, **given)
    answer = await made.sign_in(name)
    assert answer.status_code == 200, answer.text
    return made
