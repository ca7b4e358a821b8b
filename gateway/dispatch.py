"""The role dispatch: what is due happens, what must go out goes, and the house is kept.

Every duty has database sessions of its own, so that none waits for another's.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import httpx

from gateway import supervision, ticker, vitals_watch
from gateway.audit.seal import SEAL_EVERY_S, Sealer
from gateway.bars_answers import TakeAtOnce
from gateway.console.watch import EVERY_S as WATCH_CONSOLES_S
from gateway.console.watch import Watch
from gateway.context import Context
from gateway.outbox import Dispatcher, wake_on_news
from gateway.senders import Sender
from gateway.senders.bars import BarsSender
from gateway.senders.bars_reading import CHANGES
from gateway.senders.desk import desk_sender
from gateway.senders.devices import device_sender
from gateway.senders.notices import notice_sender
from gateway.senders.phone import by_phone
from gateway.store.connect import Session, Sessions
from gateway.store.upkeep import tidy, trim_evidence
from gateway.ticker import Round

SENDER_REQUEST_S = 4.0
OUTBOX_SESSIONS = 12
TIDY_EVERY_S = 3_600.0
TRIM_EVERY_S = 30.0  # strangers' calls have no rate limit: an hour of them could fill a disk

Go = Callable[[str, Coroutine[Any, Any, Any]], None]
"""Runs a named part until the gateway stops."""


def start(context: Context, back: AsyncExitStack, go: Go, wake: asyncio.Event) -> None:
    """Start the role; `back` closes at the end what it opened, `wake` calls the outbox."""

    def session(role: str) -> Session:
        made = Session(context.database.dsn, role)
        back.push_async_callback(made.close)
        return made

    for duty in _duties(context, session):
        go(duty.name, ticker.repeat(duty))
    for duty in _upkeep(context, session("upkeep")):
        go(duty.name, ticker.repeat(duty))
    looking = Sessions(context.database.dsn, "consoles", 1)
    back.push_async_callback(looking.close)
    watch = Watch(looking, context.desk, context.clock)
    go("watch", ticker.repeat(Round("watch", watch.look, WATCH_CONSOLES_S)))
    _start_outbox(context, back, go, wake)


def _duties(context: Context, session: Callable[[str], Session]) -> list[Round]:
    """Give what happens by the clock: timers, the inbox, who has fallen silent, seals."""
    desk, clock = context.desk, context.clock
    found = ticker.duties(session("ticker"), session("watcher"), desk, clock)
    if desk.vitals:
        found += vitals_watch.duties(session("vitals-due"), session("vitals-left"), desk, clock)
    sweeper = session("supervision")
    sealer = Sealer(session("audit"), desk, clock, context.settings.state_dir)

    async def sweep() -> int:
        return await supervision.sweep(sweeper, clock.now())

    return [
        *found,
        Round("sweep", sweep, supervision.SWEEP_S),
        Round("audit", sealer.once, SEAL_EVERY_S),
    ]


def _upkeep(context: Context, keeper: Session) -> list[Round]:
    async def upkeep() -> int:
        return await tidy(keeper, context)

    async def trim() -> int:
        return await trim_evidence(keeper, context.settings.quarantine_mib)

    return [Round("upkeep", upkeep, TIDY_EVERY_S), Round("evidence", trim, TRIM_EVERY_S)]


def _start_outbox(context: Context, back: AsyncExitStack, go: Go, wake: asyncio.Event) -> None:
    dsn = context.database.dsn
    # A message under way must not wait for a session: its waiting would count as a receiver
    # that does not answer.
    sessions = Sessions(dsn, "outbox", OUTBOX_SESSIONS)
    back.push_async_callback(sessions.close)
    client = httpx.AsyncClient(timeout=SENDER_REQUEST_S)
    back.push_async_callback(client.aclose)
    desk = desk_sender(sessions)
    take = TakeAtOnce(sessions, context.desk)
    bars = BarsSender(sessions, context.desk, context.settings.bars, take)
    back.push_async_callback(bars.close)
    senders: dict[str, Sender] = {
        "referral_request": desk,
        "referral_update": desk,
        "referral_withdrawal": desk,
        "notice": notice_sender(sessions, context.settings.notice_webhooks, client),
        "device_down": device_sender(sessions),
        **{f"{what}/bars": bars for what in CHANGES},
        **{f"{what}/phone": by_phone for what in CHANGES},
    }
    dispatcher = Dispatcher(sessions, senders, context.desk, context.clock, wake)
    go("outbox", dispatcher.run())
    go("outbox news", wake_on_news(dsn, wake))
