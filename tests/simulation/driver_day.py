"""One seeded day of the gateway's own operations, played on any database; what it leaves behind.

The same seed plays the same day on a real PostgreSQL and on the simulated one: choices that look
at the database look at ids that both must have alike.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import httpx
from msgspec.structs import replace

from alerts.events import OperatorEvent, ServiceEvent
from alerts.words import CallTarget, CloseReason, Disposition, OperatorAct, ServiceAct
from devices.decoding import families
from devices.links.rfxtrx_receiver import RfxtrxReceiver
from gateway import acts, enrol, intake, supervision, ticker, vitals_intake
from gateway.arrivals import Arrival, understand
from gateway.clock import Clock
from gateway.enrol_home import HOME
from gateway.errors import CannotDecide, DeliveryError, GatewayError
from gateway.outbox import Dispatcher
from gateway.placing import Desk
from gateway.rulebook import read_rules
from gateway.senders.desk import desk_sender
from gateway.senders.devices import device_sender
from gateway.senders.notices import notice_sender
from gateway.store.connect import Session, Sessions, run
from gateway.store.outbox import Message
from tests.databases import MORNING, ORGANISATION
from tests.simulation.driver_people import RADIO, people
from tests.store.messages import LINE, arrival, ignore, press

STEPS = 120
FAMILIES = families()
PANIC, REMOTE = 0x06, 0x02
DEVICES = ("17", "17", "18", "19", "20", "21", "stranger")
CALLS = ("pendant", "pendant", "fall", "cancel", "smoke", "pull_cord", "inactivity", "dance")
PAUSES_S = (0.0, 0.0, 0.2, 1.0, 7.5, 40.0, 95.0, 700.0, 2_400.0)
CHANGES = ("referral_request", "referral_update", "referral_withdrawal")


class Ids(Protocol):
    """Tells which committed rows there are."""

    async def ids(self, table: str) -> list[UUID]:
        """Give the ids of a table's rows, in order."""


class StillClock(Clock):
    """A clock that stands where it was put."""

    def __init__(self, at: datetime) -> None:
        super().__init__(lambda: 0.0)
        self.at = at

    def now(self) -> datetime:
        return self.at


@dataclass
class Day:
    """A gateway's parts over one database, and what each step came to."""

    dsn: str
    ids: Ids
    seed: int
    desk: Desk = field(default_factory=lambda: Desk(read_rules(), ORGANISATION, bytes(32)))
    clock: StillClock = field(default_factory=lambda: StillClock(MORNING))
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        # One session each: what is done at once is then done in the same order everywhere.
        self.session = Session(lambda: self.dsn, "day")
        self.sessions = Sessions(lambda: self.dsn, "day", 1)
        self.dice = random.Random(self.seed)  # noqa: S311 - chooses a day, keeps no secret
        self.client = httpx.AsyncClient()
        self.marks: list[intake.Mark] = []

    async def play(self, steps: int = STEPS) -> None:
        """Enrol, and do so many things in a row."""
        await enrol.enrol(self.sessions, people(), MORNING)
        await self.usual()
        for _ in range(steps):
            name, step = self.dice.choice(self.steps())
            try:
                found = await step()
            except (GatewayError, UnicodeEncodeError) as error:
                found = f"{type(error).__name__}: {error}"
            self.log.append(f"{self.clock.at:%d %H:%M:%S} {name}: {found}")
            self.clock.at += timedelta(seconds=self.dice.choice(PAUSES_S))
        await self.session.close()
        await self.sessions.close()
        await self.client.aclose()

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[object]]]]:
        """Give what may be done, as often as it shall be likely."""
        calls = [("calls", self.calls)] * 5 + [("poison", self.poison), ("strays", self.strays)]
        vitals = [("vitals", self.vitals)] * 3 + [("sweep", self.sweep)] * 2
        ticks = [("due", self.due)] * 4 + [("inbox", self.inbox)] * 3 + [("put off", self.put_off)]
        people = [("act", self.act)] * 5 + [("enrol again", self.enrol_again)]
        return [*calls, *vitals, *ticks, *people, *[("send", self.send)] * 4]

    async def usual(self) -> None:
        """Begin with a press, a referral that is confirmed and accepted, and its withdrawal."""
        now, wc = self.clock.at, enrol.person_id(ORGANISATION, "wc")
        await intake.take(self.session, [press()], self.desk, now)
        (alarm,), (referral,) = await self.ids.ids("alarm"), await self.ids.ids("referral")
        said = OperatorEvent(
            now, "op1", OperatorAct.TAKE, str(alarm), str(referral), reason="as said"
        )
        events: list[OperatorEvent | ServiceEvent] = [
            said,
            replace(said, do=OperatorAct.CONFIRM),
            ServiceEvent(now, "icrs", ServiceAct.ACCEPT, str(referral), eta=now),
            replace(said, do=OperatorAct.WITHDRAW),
        ]
        for event in events:
            await self.deliver(refuses=event is said)
            await acts.act(self.sessions, wc, event, self.desk, now, actor="operator:op1")
            self.clock.at += timedelta(seconds=2)
        await self.deliver(refuses=False)

    # What devices say.

    async def calls(self) -> object:
        batch = [self._call() for _ in range(self.dice.choice((1, 1, 2, 6)))]
        return self._said(await intake.take(self.session, batch, self.desk, self.clock.at))

    def _said(self, taken: intake.Taken) -> object:
        self.marks += taken.heard
        return [(one.packet.sender, said.result, said.repeat) for one, said in taken.answers]

    def _call(self) -> Arrival:
        body: dict[str, Any] = {
            "id": f"1-{self.dice.randrange(40)}", "activation": self.dice.choice(CALLS),
        }  # fmt: skip
        if self.dice.random() < 0.2:
            body["location"] = self.dice.choice(("stairs", "bath"))
        if self.dice.random() < 0.2:
            body |= {"status": {"battery_pct": 4}, "vitals": {"heart_rate_bpm": 190}}
        garbled = self.dice.random() < 0.05
        return arrival(
            b'{"id": "9' if garbled else body,
            device=self.dice.choice(DEVICES),
            at=self.clock.at,
            authenticated=self.dice.random() > 0.1,
        )

    async def poison(self) -> object:
        text = self.dice.choice(("1-\0", "1-\ud800"))
        device = self.dice.choice(DEVICES)
        one = arrival({"id": text, "activation": "pendant"}, device=device, at=self.clock.at)
        return self._said(await intake.take(self.session, [one], self.desk, self.clock.at))

    async def strays(self) -> object:
        sender = self.dice.choice(("d3dc54", "0ff0ff", "0ff0fe"))
        frame = bytes((8, 0x20, REMOTE, 1)) + bytes.fromhex(sender) + bytes((PANIC, 0x89))
        (packet,) = RfxtrxReceiver(RADIO).receive(frame, self.clock.at).packets
        batch = [understand(packet, FAMILIES, ignore)]
        return self._said(await intake.take(self.session, batch, self.desk, self.clock.at))

    async def vitals(self) -> object:
        batch = [self._reading() for _ in range(self.dice.choice((1, 3, 8)))]
        marks, self.marks = self.marks, []
        latest = list({mark.device_id: mark for mark in marks}.values())
        taken = await vitals_intake.take(self.session, batch, latest, self.desk, self.clock.at)
        return self._said(taken)

    def _reading(self) -> Arrival:
        body: dict[str, Any] = {"id": f"2-{self.dice.randrange(60)}"}
        body |= self.dice.choice(
            (
                {"vitals": {"spo2_pct": 96, "consciousness": "A"}},
                {"vitals": {"heart_rate_bpm": 71.5}, "at": "2026-11-02T06:50:00Z"},
                {"status": {"battery_pct": self.dice.choice((3, 80))}},
                {"status": {"mains": self.dice.random() < 0.5}},
                {},
            )
        )
        return arrival(
            body,
            device=self.dice.choice(DEVICES),
            channel="up",
            at=self.clock.at,
            authenticated=self.dice.random() > 0.1,
        )

    # What the gateway does by itself.

    async def sweep(self) -> object:
        async with self.session.transaction() as connection:
            for line in (LINE, RADIO):
                await run(connection, "receiving", line=line, now=self.clock.at, gap_s=3_000.0)
        return await supervision.sweep(self.session, self.clock.at)

    async def due(self) -> object:
        return await ticker.take_due(self.session, self.desk, self.clock.at)

    async def inbox(self) -> object:
        return await ticker.take_inbox(self.session, self.desk, self.clock.at)

    async def put_off(self) -> object:
        subject = await self._one_of("subject")
        if subject is not None:
            broken = CannotDecide(subject, "as said")
            await ticker.put_off(self.session, broken, self.desk, self.clock.at)
        return subject

    async def send(self) -> object:
        return await self.deliver(refuses=self.dice.random() < 0.4)

    async def deliver(self, *, refuses: bool) -> int:
        """Send all that waits."""

        async def perhaps(message: Message, now: datetime) -> None:
            if refuses:
                raise DeliveryError("the desk is closed")
            await desk_sender(self.sessions)(message, now)

        senders = {
            **dict.fromkeys(CHANGES, perhaps),
            "device_down": device_sender(self.sessions),
            "notice": notice_sender(self.sessions, {}, self.client),
        }
        dispatcher = Dispatcher(self.sessions, senders, self.desk, self.clock, asyncio.Event())
        # All of them: which of equally old ones go first is nobody's promise.
        sent = 0
        while claimed := await dispatcher.once():
            sent += claimed
        return sent

    # What people do.

    async def _one_of(self, table: str) -> UUID | None:
        found = await self.ids.ids(table)
        return self.dice.choice(found) if found else None

    async def act(self) -> object:
        alarm, referral = await self._one_of("alarm"), await self._one_of("referral")
        event: OperatorEvent | ServiceEvent | None = None
        async with self.session.transaction() as connection:
            if referral is not None and self.dice.random() < 0.4:
                subject = await acts.subject_of_referral(connection, referral)
                event = self._service_event(str(referral))
            elif alarm is not None:
                subject = await acts.subject_of_alarm(connection, alarm)
                event = self._operator_event(str(alarm))
        if event is None or subject is None:
            return None
        now = self.clock.at
        acted = await acts.act(self.sessions, subject, event, self.desk, now, actor="operator:op1")
        return (event.do.value, acted.refused if acted is not None else "nobody")

    def _service_event(self, referral: str) -> ServiceEvent:
        return ServiceEvent(
            at=self.clock.at,
            service="icrs",
            do=self.dice.choice(list(ServiceAct)),
            referral=referral,
            occurred_at=self.clock.at,
        )

    def _operator_event(self, alarm: str) -> OperatorEvent:
        return OperatorEvent(
            at=self.clock.at,
            operator=self.dice.choice(("op1", "op2")),
            do=self.dice.choice(list(OperatorAct)),
            alarm=alarm,
            to=self.dice.choice(list(CallTarget)),
            disposition=self.dice.choice((None, Disposition.UCR, Disposition.CONTACT)),
            close_reason=self.dice.choice(list(CloseReason)),
            reason="as said",
        )

    async def enrol_again(self) -> object:
        changed = people().model_dump(mode="json", exclude={"persons": {"__all__": set(HOME)}})
        for person in changed["persons"]:
            person["status"] = self.dice.choice(("home", "away"))
            person["plan"] = {"press": self.dice.choice(("at_once", "operator"))}
        for device in changed["devices"]:
            device["enabled"] = self.dice.random() > 0.2
        again = enrol.Roll.model_validate(changed)
        enrolled = await enrol.enrol(self.sessions, again, self.clock.at)
        return enrolled.devices


def shown(log: Sequence[str]) -> str:
    """Give a day's log in lines."""
    return "\n".join(log)
