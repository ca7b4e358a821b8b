"""The HTTP side in a test: the real application over a real database, and callers with tokens."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from gateway import enrol, intake, ticker, vitals_intake
from gateway.api.app import create_app
from gateway.arrivals import Arrival
from gateway.clock import StoryClock
from gateway.context import Context
from gateway.outbox import Dispatcher
from gateway.senders.desk import desk_sender
from gateway.store.connect import Connection, Row, Session
from gateway.store.save import audit_code
from gateway.tokens import Role, new_token
from tests.databases import ORGANISATION
from tests.store.messages import arrival

V1 = "/api/v1"
ICRS = "responder/icrs"
ELSEWHERE = UUID("5eed0000-0000-4000-8000-000000000002")
WC = enrol.person_id(ORGANISATION, "wc")
OP = enrol.person_id(ORGANISATION, "op")
GP_CALL = {
    "service": "icrs",
    "source": "gp",
    "person": {"name": "Fictional Mrs A", "born": "1938-02-03", "postcode": "LE3 1AA"},
    "need": "fall",
    "text": "Fall, back pain, cannot mobilise",
}


class StillClock(StoryClock):
    """A story's clock that stands still between moves, so that a test can name exact times."""

    def now(self) -> datetime:
        return self._base


@dataclass
class House:
    """The application, its clock, and a caller for every role."""

    context: Context
    clock: StoryClock
    session: Session
    app: FastAPI
    blind: list[bool]
    tokens: dict[str, str] = field(default_factory=dict)
    _number: int = 0

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def later(self, **span: float) -> datetime:
        """Move the story's clock forward."""
        self.clock.forward_to(self.now + timedelta(**span))
        return self.now

    async def token(
        self,
        role: Role,
        name: str,
        service: str | None = None,
        organisation: UUID = ORGANISATION,
        expires_at: datetime | None = None,
    ) -> str:
        return await new_token(
            self.context.sessions,
            organisation_id=organisation,
            name=name,
            role=role,
            service_id=service,
            now=self.now,
            expires_at=expires_at,
        )

    async def sign_in(self, who: str, organisation: UUID = ORGANISATION) -> str:
        """Give a token: `operator`, `responder/icrs`, and `operator:second` for another name."""
        if who not in self.tokens:
            kind, _, name = who.partition(":")
            role, _, service = kind.partition("/")
            self.tokens[who] = await self.token(
                Role(role), name or f"{role}-1", service or None, organisation
            )
        return self.tokens[who]

    async def call(  # noqa: PLR0913 - a request has many parts
        self,
        who: str | None,
        method: str,
        path: str,
        json: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        address: str = "127.0.0.1",
    ) -> httpx.Response:
        given = dict(headers or {})
        if who is not None:
            given.setdefault("Authorization", f"Bearer {await self.sign_in(who)}")
        transport = httpx.ASGITransport(self.app, client=(address, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
            return await client.request(
                method, path, json=json, headers=given, params=params, content=content
            )

    async def get(self, who: str, path: str, **params: Any) -> Any:
        answer = await self.call(who, "GET", V1 + path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(
        self, who: str, path: str, body: Any, expected: int = 200, **headers: str
    ) -> Any:
        answer = await self.call(who, "POST", V1 + path, body, headers=headers)
        assert answer.status_code == expected, answer.text
        return answer.json()

    async def press(self, device: str = "17", **body: Any) -> None:
        """Press a pendant through the real intake."""
        self._number += 1
        message = {"id": f"1-{self._number}", "activation": "pendant", **body}
        await self.send(arrival(message, device=device, at=self.now))

    async def send(self, one: Arrival) -> None:
        """Hand a message to the real intake."""
        taken = await intake.take(self.session, [one], self.context.desk, self.now)
        assert len(taken.answers) == 1

    async def hear(self, one: Arrival) -> None:
        """Hand a message to the real intake of the vitals lane."""
        await vitals_intake.take(self.session, [one], (), self.context.desk, self.now)

    async def tick(self) -> None:
        """Decide what is due."""
        while await ticker.take_due(self.session, self.context.desk, self.now):
            pass

    async def pressed(self, device: str = "17") -> dict[str, Any]:
        """Press, and give the alarm."""
        await self.press(device)
        listed = await self.get("operator", "/alarms")
        found: dict[str, Any] = listed["alarms"][-1]["alarm"]
        return found

    async def referred(self) -> dict[str, Any]:
        """Press the pendant of an `at_once` plan, and give the provisional referral."""
        await self.press("17")
        listed = await self.get("operator", "/referrals")
        found: dict[str, Any] = listed["referrals"][-1]
        return found

    async def received(self, key: str = "gp-call-0001", **body: Any) -> dict[str, Any]:
        """Receive a referral from a GP by telephone, at the service."""
        headers = {"Idempotency-Key": key}
        answer = await self.call(
            ICRS, "POST", f"{V1}/referrals", {**GP_CALL, **body}, headers=headers
        )
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()["referral"]
        return found

    async def sql(self, text: str, **given: Any) -> list[Row]:
        async with self.session.transaction() as connection:
            cursor = await connection.execute(text.encode(), given or None)
            return await cursor.fetchall() if cursor.description is not None else []


async def enrol_elsewhere(connection: Connection, now: datetime) -> None:
    """Make a second organisation with a service of its own."""
    await connection.execute(
        "insert into organisation (id, name, created_at) values (%s, 'Elsewhere', %s)",
        (ELSEWHERE, now),
    )
    await connection.execute(
        "insert into service (organisation_id, id, name, kind) values (%s, 'far', 'Far', 'UCR')",
        (ELSEWHERE,),
    )


def build_house(context: Context, clock: StoryClock, session: Session) -> House:
    blind = [False]
    app = create_app(context, blind=lambda: blind[0])
    return House(context, clock, session, app, blind)


async def deliver(house: House) -> None:
    """Send what waits in the outbox to the built-in desk, as the dispatcher does."""
    sessions = house.context.sessions

    async def nobody(*_: object) -> None:
        return None

    desk = desk_sender(sessions)
    senders = {
        "referral_request": desk,
        "referral_update": desk,
        "referral_withdrawal": desk,
        "notice": nobody,
        "device_down": nobody,
    }
    dispatcher = Dispatcher(sessions, senders, house.context.desk, house.clock, asyncio.Event())
    while await dispatcher.once():
        pass


async def audited(house: House, act: str) -> list[tuple[str, UUID]]:
    """Give who did an act about what, as the audit says; each row bears its keyed code."""
    found = await house.sql(
        "select actor, about, act, digest, code from audit where act = %(act)s order by id", act=act
    )
    key = house.context.desk.audit_key
    for one in found:
        assert one.code == audit_code(key, one.actor, one.act, one.about, one.digest)
    return [(one.actor, one.about) for one in found]
