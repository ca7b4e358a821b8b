"""The serial side of the ingest role: its listeners, and what people are told about its receivers.

A receiver that is gone takes a whole house's devices with it: within ABSENT_AFTER_S it is a
technical alarm on its line's own case, and its coming back closes that again once it has stayed for
STEADY_S, so that a loose plug is one alarm and not a hundred. While it is there, its line counts as
receiving, which is what supervision of its devices goes by: a receiver that is unplugged makes one
alarm, and none of its devices "lost".

What streams is kept for STREAM_KEPT_H hours as it came (DESIGN 7); its readings stay.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.events import Heard
from devices.model import Status, StatusKind, StatusState
from gateway import ticker
from gateway.clock import Clock
from gateway.context import Context
from gateway.listeners import serial_metrics
from gateway.listeners.ports import Intake
from gateway.listeners.serial import SerialListener
from gateway.placing import Desk
from gateway.serial_ports import SerialPort
from gateway.store import cases, messages
from gateway.store.cases import encode
from gateway.store.connect import Connection, Session, run
from gateway.supervision import RECEPTION_GAP_S, line_subject

LOOK_S = 1.0
ABSENT_AFTER_S = 3.0
STEADY_S = 5.0
STREAM_KEPT_H = 24
DROP_EVERY_S = 3_600.0


@dataclass(slots=True)
class _State:
    """What is known of a port, and what people were told: None at the start."""

    line: str
    since: datetime
    present: bool = False
    told: bool | None = None


class Receivers:
    """Keeps the database's word on which receivers are there."""

    def __init__(
        self, session: Session, desk: Desk, clock: Clock, ports: Iterable[SerialPort]
    ) -> None:
        """Begin with every receiver absent since now, and nobody told."""
        self._session = session
        self._desk = desk
        self._clock = clock
        now = clock.now()
        self._states = {port.name: _State(port.line, now) for port in ports}
        self._streams = sorted({(one.line, one.sender) for one in ports if one.sender})

    def note(self, name: str, present: bool) -> None:  # noqa: FBT001 - a state, no switch
        """Take a listener's word."""
        state = self._states[name]
        if state.present != present:
            state.present, state.since = present, self._clock.now()
        for line in {one.line for one in self._states.values()}:
            here = sum(one.present for one in self._states.values() if one.line == line)
            serial_metrics.present.labels(line=line).set(here)

    async def tell(self) -> int:
        """Tell what changed and has lasted, and that we receive; give 0.

        Raises:
            StoreError: nothing was told; the next round does it again.
        """
        now = self._clock.now()
        news = {name: one for name, one in self._states.items() if _is_news(one, now)}
        receiving = sorted({one.line for one in self._states.values() if one.present})
        if not news and not receiving:
            return 0
        wanted = {name: one.present for name, one in news.items()}
        async with self._session.transaction() as connection:
            for name, state in news.items():
                await self._report(connection, name, state, now)
            for line in receiving:
                await run(connection, "receiving", line=line, now=now, gap_s=RECEPTION_GAP_S)
        for name, present in wanted.items():
            self._states[name].told = present
        return 0

    async def drop_streams(self) -> int:
        """Drop what streamed more than a day ago, as it came; give 0.

        Raises:
            StoreError: nothing was dropped; the next round does it again.
        """
        before = self._clock.now() - timedelta(hours=STREAM_KEPT_H)
        async with self._session.transaction() as connection:
            await run(
                connection,
                "drop_streams",
                lines=[line for line, _ in self._streams],
                senders=[sender for _, sender in self._streams],
                before=before,
            )
        return 0

    async def _report(
        self, connection: Connection, name: str, state: _State, now: datetime
    ) -> None:
        """Hand the alarm lane the state of a receiver's link, as a status of its line's case."""
        word = StatusState.RESTORED if state.present else StatusState.LOST
        heard = Heard(
            receipt=f"{state.line}/{name}/link/{now.isoformat()}",
            received_at=now,
            sender=name,
            line=state.line,
            signal=Status(name, StatusKind.LINK, word, code="serial"),
        )
        subject = line_subject(self._desk.organisation_id, state.line)
        item = (self._desk.organisation_id, subject.id, "heard", encode(heard).decode())
        await cases.add_subjects(connection, [subject], now)
        await messages.add_inbox(connection, [item], now)


def _is_news(state: _State, now: datetime) -> bool:
    if state.present == state.told:
        return False
    lasted = now - state.since
    return lasted >= timedelta(seconds=STEADY_S if state.present else ABSENT_AFTER_S)


class SerialSide:
    """All serial ports of one gateway process."""

    def __init__(self, context: Context, intake: Intake) -> None:
        """Prepare; nothing runs before `tasks`."""
        clock, ports = context.clock, context.settings.serial_ports
        self._session = Session(context.database.dsn, "receivers")
        self._receivers = Receivers(self._session, context.desk, clock, ports)
        self._listeners = {
            port.name: SerialListener(port, intake, clock.now, self._receivers.note)
            for port in ports
        }
        self._listening: list[asyncio.Task[None]] = []

    def tasks(self) -> list[asyncio.Task[None]]:
        """Start listening and telling; nothing where there is no port."""
        if not self._listeners:
            return []
        self._listening = [
            asyncio.create_task(listener.run(), name=f"serial {name}")
            for name, listener in self._listeners.items()
        ]
        tell = ticker.Round("receivers", self._receivers.tell, LOOK_S)
        drop = ticker.Round("streams", self._receivers.drop_streams, DROP_EVERY_S)
        return [
            *self._listening,
            asyncio.create_task(ticker.repeat(tell), name="receivers"),
            asyncio.create_task(ticker.repeat(drop), name="streams"),
        ]

    async def stop(self) -> None:
        """End listening; what the links held back has been handed in when this returns."""
        for task in self._listening:
            task.cancel()
        for task in self._listening:
            with suppress(asyncio.CancelledError, Exception):
                await task

    async def close(self) -> None:
        """End the connection."""
        await self._session.close()
