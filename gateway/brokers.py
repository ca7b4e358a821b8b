"""The brokers' side of the ingest role: their clients, and what people are told about them.

A broker that is away takes all its site's devices with it: after LOST_AFTER_S it is a technical
alarm on its line's own case, and its coming back closes that once it has stayed for STEADY_S. While
it is there, its line counts as receiving, which is what supervision of its devices goes by: a
broker that is away makes one alarm, and none of its devices "lost". The gateway stays ready all the
while: its other lines hear as before.

While nothing can be stored we are away on purpose; that is shouted in other ways (gateway/blind.py)
and is no fault of the broker's.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from alerts.events import Heard
from devices.model import Status, StatusKind, StatusState
from gateway import ticker
from gateway.clock import Clock
from gateway.context import Context
from gateway.listeners.mqtt_client import BrokerClient
from gateway.listeners.mqtt_presence import Presence
from gateway.listeners.ports import Intake
from gateway.placing import Desk
from gateway.store import cases, messages
from gateway.store.cases import encode
from gateway.store.connect import Connection, Session, run
from gateway.supervision import RECEPTION_GAP_S, line_subject, report_fault

LOOK_S = 1.0
LOST_AFTER_S = 30.0
STEADY_S = 5.0
GOODBYE_S = 2.0
STUCK = "broker_messages_stuck"


class Watched(Protocol):
    """What is watched of a client."""

    @property
    def is_up(self) -> bool:
        """Connected and subscribed, both classes of topics."""
        ...

    @property
    def is_blind(self) -> bool:
        """Away on purpose, because nothing can be stored."""
        ...

    @property
    def stuck(self) -> int:
        """Messages that could not be stored for so long that others went before them."""
        ...


@dataclass(slots=True)
class _State:
    """What is known of a broker, and what people were told: None at the start."""

    line: str
    name: str
    client: Watched
    since: datetime
    up: bool = False
    told: bool | None = None
    stuck: int = 0

    def look(self, now: datetime) -> None:
        """Note whether it is there; while we are away on purpose nothing lasts."""
        if self.client.is_blind or self.client.is_up != self.up:
            self.up, self.since = self.client.is_up, now

    def is_news(self, now: datetime) -> bool:
        """Say whether people have to be told."""
        if self.up == self.told or self.client.is_blind:
            return False
        return now - self.since >= timedelta(seconds=STEADY_S if self.up else LOST_AFTER_S)


class BrokerWatch:
    """Keeps the database's word on which brokers are there."""

    def __init__(self, session: Session, desk: Desk, clock: Clock) -> None:
        """Watch nobody yet."""
        self._session = session
        self._desk = desk
        self._clock = clock
        self._states: list[_State] = []

    def add(self, line: str, name: str, client: Watched) -> None:
        """Watch a client, absent since now; `name` is ours at that broker."""
        self._states.append(_State(line, name, client, self._clock.now()))

    async def tell(self) -> int:
        """Tell what changed and has lasted, and that we receive; give 0.

        Raises:
            StoreError: nothing was told; the next round does it again.
        """
        now = self._clock.now()
        for state in self._states:
            state.look(now)
        news = [(state, state.up) for state in self._states if state.is_news(now)]
        receiving = sorted(state.line for state in self._states if state.up)
        if news or receiving:
            async with self._session.transaction() as connection:
                for state, up in news:
                    await self._report(connection, state, now, up=up)
                for line in receiving:
                    await run(connection, "receiving", line=line, now=now, gap_s=RECEPTION_GAP_S)
            for state, up in news:
                state.told = up
        for state in self._states:
            await self._tell_stuck(state, now)
        return 0

    async def _report(
        self, connection: Connection, state: _State, now: datetime, *, up: bool
    ) -> None:
        """Hand the alarm lane the state of a broker's link, as a status of its line's case."""
        word = StatusState.RESTORED if up else StatusState.LOST
        heard = Heard(
            receipt=f"{state.line}/{state.name}/link/{now.isoformat()}",
            received_at=now,
            sender=state.name,
            line=state.line,
            signal=Status(state.name, StatusKind.LINK, word, code="broker"),
        )
        subject = line_subject(self._desk.organisation_id, state.line)
        item = (self._desk.organisation_id, subject.id, "heard", encode(heard).decode())
        await cases.add_subjects(connection, [subject], now)
        await messages.add_inbox(connection, [item], now)

    async def _tell_stuck(self, state: _State, now: datetime) -> None:
        """Raise our own failure to store what the broker keeps for us (STACK trap 7)."""
        stuck = state.client.stuck
        if stuck == state.stuck:
            return
        detail = (
            f"{stuck - state.stuck} messages of line {state.line} could not be stored: they stay "
            "with the broker and are tried again; see the log for why"
        )
        await report_fault(self._session, self._desk, STUCK, detail, now)
        state.stuck = stuck


class BrokerSide:
    """All brokers of one gateway process."""

    def __init__(self, context: Context, intake: Intake) -> None:
        """Read their files; nothing runs before `tasks`.

        Raises:
            SettingsError: a file of a broker cannot be read.
        """
        self._session = Session(context.database.dsn, "brokers")
        self._watch = BrokerWatch(self._session, context.desk, context.clock)
        self.clients: Sequence[BrokerClient] = []
        self._presences: list[Presence] = []
        self._speaking: list[asyncio.Task[None]] = []
        state_dir = context.settings.state_dir
        for broker in context.settings.brokers:
            settings = broker.opened(state_dir)
            client = BrokerClient(settings, intake, context.clock.now)
            self.clients = [*self.clients, client]
            self._watch.add(broker.line, broker.name, client)
            if broker.status_as is not None:
                self._presences.append(Presence(settings, broker.status_as, intake))

    def tasks(self) -> list[asyncio.Task[None]]:
        """Start; nothing where there is no broker. Give what must not end by itself."""
        if not self.clients:
            return []
        self._speaking = [
            asyncio.create_task(presence.run(), name="broker status")
            for presence in self._presences
        ]
        told = ticker.Round("brokers", self._watch.tell, LOOK_S)
        clients = [task for client in self.clients for task in client.start()]
        return [
            *clients, *self._speaking, asyncio.create_task(ticker.repeat(told), name="brokers")
        ]  # fmt: skip

    async def stop(self) -> None:
        """Leave the brokers: what is committed is acknowledged before."""
        for presence in self._presences:
            presence.finish()
        await asyncio.gather(*(client.stop() for client in self.clients))
        if self._speaking:
            await asyncio.wait(self._speaking, timeout=GOODBYE_S)

    async def close(self) -> None:
        """End the connection to the database."""
        await self._session.close()
