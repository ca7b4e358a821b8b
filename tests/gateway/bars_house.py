"""A house with a BaRS-shaped service: real PostgreSQL, dispatcher, practice receiver and HTTP.

Gateway and receiver live by one story's clock, which is moved by hand and runs on in between.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import FastAPI

from alerts.events import OperatorEvent
from alerts.words import OperatorAct
from gateway import acts, enrol, intake, outbox, ticker
from gateway.api.app import create_app
from gateway.bars_answers import TakeAtOnce
from gateway.clock import StoryClock
from gateway.context import Context
from gateway.database import Database
from gateway.outbox import Dispatcher
from gateway.placing import Desk
from gateway.practice_receiver.moods import Mood, Step
from gateway.practice_receiver.receiver import PracticeReceiver, PracticeSettings
from gateway.senders.bars import BarsSender
from gateway.senders.bars_reading import CHANGES
from gateway.settings import Settings
from gateway.store.connect import Row, Session, Sessions
from gateway.tokens import Role, new_token
from gateway.web import Server, configured
from tests.databases import MORNING, ORGANISATION
from tests.gateway.bars_keys import endpoint, new_key, public, signing
from tests.store.messages import press, roll

WC = enrol.person_id(ORGANISATION, "wc")
SERVICE = {
    "id": "icrs",
    "name": "Crisis service",
    "catchment": ["LE"],
    "capacity": 5,
    "delivery": "bars",
}
PERSON = {
    "id": "wc",
    "name": "Fictional Walburga Crane",
    "born": "1951-05-01",
    "nhs_number": "9476719931",
    "address": "1 Invented Row, Leicester",
    "postcode": "LE1 1AA",
    "phone_home": "0116 496 0001",
    "contacts": [{"name": "Fictional Sam", "phone": "07700 900001", "relation": "son"}],
    "plan": {"press": "at_once"},
}
SECRETS = ("Walburga", "Crane", "9476719931", "Invented Row", "0116 496 0001", "900001")
# Shorter than the shipped one, so that what never answers is found out quickly.
DEADLINE_S = 1.0


@dataclass
class BarsHouse:
    """A person with a pendant, a dispatcher, and a service behind HTTP."""

    session: Session
    sessions: Sessions
    desk: Desk
    clock: StoryClock
    dispatcher: Dispatcher
    receiver: PracticeReceiver
    web: str
    token: str

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def later(self, seconds: float) -> None:
        self.clock.forward_to(self.now + timedelta(seconds=seconds))

    async def press(self) -> UUID:
        """Let the person press; give the referral that is made at once."""
        await intake.take(self.session, [press(at=self.now)], self.desk, self.now)
        (found,) = await self.sql("select id from referral order by made_at desc limit 1")
        return UUID(str(found.id))

    async def work(self, seconds: float = outbox.GIVE_UP_S + 20, stride: float = 5) -> None:
        """Let the dispatcher work, moving the clock, until nothing about a referral waits."""
        until = self.now + timedelta(seconds=seconds)
        while True:
            await self.dispatcher.once()
            waiting = await self.sql(
                "select 1 from outbox where state = 'waiting' and what like 'referral_%%'"
            )
            if not waiting or self.now >= until:
                return
            self.later(stride)

    async def operator(self, do: OperatorAct, **fields: Any) -> None:
        """Let an operator act on the person's alarm."""
        (alarm,) = await self.sql("select id::text from alarm where kind = 'help'")
        event = OperatorEvent(self.now, "op1", do, alarm=alarm.id, **fields)
        acted = await acts.act(self.sessions, WC, event, self.desk, self.now, actor="operator:op1")
        assert acted is not None
        assert acted.refused is None, acted.refused

    async def tick(self) -> None:
        """Decide what is due."""
        while await ticker.take_due(self.session, self.desk, self.now):
            pass

    async def sql(self, text: str, **given: Any) -> list[Row]:
        async with self.session.plain() as connection:
            cursor = await connection.execute(text.encode(), given or None)
            return list(await cursor.fetchall()) if cursor.description is not None else []

    async def state(self) -> str:
        (found,) = await self.sql("select state from referral order by made_at desc limit 1")
        return str(found.state)

    async def phone_tasks(self) -> list[str]:
        """Give the words of the open phone tasks, oldest first."""
        found = await self.sql(
            "select record ->> 'text' as words from task"
            " where kind = 'phone_referral' and state = 'open' order by made_at"
        )
        return [str(one.words) for one in found]

    async def is_in_front(self) -> bool:
        """Say whether the alarm was put back in front of an operator."""
        found = await self.sql(
            "select 1 from decision where what = 'alarm_raised'"
            " and entry::text like '%%back_in_front%%'"
        )
        return bool(found)

    async def is_safe(self) -> bool:
        """Say whether the case is acknowledged, or with a person who has a phone task."""
        received = await self.sql("select 1 from referral where received_at is not null")
        return bool(received) or (bool(await self.phone_tasks()) and await self.is_in_front())


@dataclass
class World:
    """Where a house stands: the database, the story's clock and a folder."""

    session: Session
    sessions: Sessions
    desk: Desk
    folder: Path
    clock: StoryClock = field(default_factory=lambda: StoryClock(MORNING))
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def house(
        self,
        mood: Step | Mood = Mood.PLANNED,
        *,
        script: Iterable[Step | Mood] = (),
        seed: int | None = None,
        signed: bool = False,
        known: bool = True,
        endpoint_fields: Mapping[str, Any] | None = None,
        **person: Any,
    ) -> BarsHouse:
        """Enrol, serve the gateway's HTTP side, start the receiver, put the dispatcher together.

        Args:
            mood: How the receiver meets every message after the script.
            script: How it meets the first ones.
            seed: Lets chance decide instead.
            signed: Whether the receiver wants a token.
            known: Whether the service has an endpoint at all.
            endpoint_fields: Settings of the endpoint that differ.
            person: Fields of the person that differ.
        """
        await enrol.enrol(self.sessions, self._roll(person), self.clock.now())
        settings = Settings(state_dir=self.folder)
        context = Context(
            settings=settings,
            clock=self.clock,
            database=Database(settings),
            desk=self.desk,
            storage="native",
            sessions=self.sessions,
            listen=self.session,
        )
        web = await self._serve(create_app(context, blind=lambda: False))
        token = await self.token()
        key = new_key(self.folder / "key.pem") if signed else None
        receiver = PracticeReceiver(
            PracticeSettings(
                mood=_step(mood),
                script=tuple(_step(one) for one in script),
                seed=seed,
                answer_to=f"{web}/fhir/R4",
                answer_token=token,
                retry_s=0.05,
                keys=public(key) if key is not None else None,
            ),
            self.clock,
        )
        await receiver.start()
        self.stack.push_async_callback(receiver.stop)
        more = dict(endpoint_fields or {})
        if signed:
            more = {**signing(receiver.address, self.folder / "key.pem"), **more}
        endpoints = {"icrs": endpoint(receiver.address, **more)} if known else {}
        take = TakeAtOnce(self.sessions, self.desk)
        sender = BarsSender(self.sessions, self.desk, endpoints, take, deadline_s=DEADLINE_S)
        self.stack.push_async_callback(sender.close)
        dispatcher = Dispatcher(
            self.sessions,
            {f"{what}/bars": sender for what in CHANGES},
            self.desk,
            self.clock,
            asyncio.Event(),
        )
        return BarsHouse(
            self.session, self.sessions, self.desk, self.clock, dispatcher, receiver, web, token
        )

    def _roll(self, person: Mapping[str, Any]) -> enrol.Roll:
        device = {"line": "mqtt-main", "sender": "17", "person": "wc", "interval_s": 3600}
        return roll(services=[SERVICE], persons=[{**PERSON, **person}], devices=[device])

    async def token(self, organisation: UUID = ORGANISATION) -> str:
        return await new_token(
            self.sessions,
            organisation_id=organisation,
            name="icrs-system",
            role=Role.SERVICE,
            service_id="icrs",
            now=self.clock.now(),
        )

    async def _serve(self, app: FastAPI) -> str:
        server = Server(configured(app, "127.0.0.1", 0))
        await server.begin()
        loop = asyncio.create_task(server.main_loop())

        async def end() -> None:
            await server.end()
            await loop

        self.stack.push_async_callback(end)
        return f"http://127.0.0.1:{server.port}"


def _step(mood: Step | Mood) -> Step:
    return mood if isinstance(mood, Step) else Step(mood)


async def referred(world: World, mood: Step | Mood, **how: Any) -> BarsHouse:
    """Press with a service in a mood, and let the outbox come to its end."""
    house = await world.house(mood, **how)
    await house.press()
    await house.work(stride=10)
    return house
