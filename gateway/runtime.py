"""One gateway process: its roles put together, started in order, stopped in the reverse order.

    ingest     listeners, lanes, supervision        -> messages become cases
    dispatch   ticker, outbox                       -> what is due happens, what must go out goes
    web        HTTP: desk, health, metrics

No role knows another: they meet in the database. `lifeline up` runs all three.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import structlog

from devices.decoding import families
from gateway import __version__, dispatch, ticker
from gateway.api.app import create_app
from gateway.blind import Shout
from gateway.brokers import BrokerSide
from gateway.clock import COMPARE_EVERY_S, Clock
from gateway.clock_watch import ClockWatch
from gateway.console.live import Consoles
from gateway.context import Context
from gateway.database import Database
from gateway.down import pass_down
from gateway.ingest import Ingest
from gateway.keys import key_file
from gateway.listeners.mqtt_endpoint import MqttEndpoint
from gateway.listeners.mqtt_shared import MqttSettings
from gateway.listeners.tls import server_context
from gateway.log import place
from gateway.placing import Desk
from gateway.receivers import SerialSide
from gateway.roles import Role
from gateway.rulebook import read_rules
from gateway.settings import Settings
from gateway.store.connect import Session, Sessions, row, run
from gateway.store.migrate import ensure_partitions, migrate
from gateway.web import Server, configured

log = structlog.get_logger()

DRAIN_S = 4.0


@asynccontextmanager
async def prepared(settings: Settings, clock: Clock) -> AsyncIterator[Context]:
    """Open the database, bring it to shape, read rules and keys; close it all at the end.

    Raises:
        GatewayError: says what is wrong and what to do.
    """
    rules = read_rules(settings.rules_dir)
    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings)
    await database.open()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        session = Session(database.dsn, "start")
        stack.push_async_callback(session.close)
        async with session.plain() as connection:
            found = await row(connection, "server_time")
        if found is not None:
            clock.start_at(found.clock_timestamp)
        storage = await migrate(session, settings.storage, clock.now())
        if storage == "native":
            await ensure_partitions(session, clock.now())
        async with session.transaction() as connection:
            await run(
                connection,
                "add_organisation",
                id=settings.organisation,
                name=settings.organisation_name,
                now=clock.now(),
            )
        sessions = Sessions(database.dsn, "desk", 6)
        stack.push_async_callback(sessions.close)
        yield Context(
            settings=settings,
            clock=clock,
            database=database,
            desk=Desk(
                rules,
                settings.organisation,
                key_file(settings.state_dir / "audit.key"),
                vitals=settings.vitals_enabled,
            ),
            storage=storage,
            sessions=sessions,
            listen=session,
        )


class Gateway:
    """A running gateway process."""

    def __init__(self, context: Context, roles: tuple[Role, ...] = tuple(Role)) -> None:
        """Prepare the roles; nothing runs before `start`."""
        self.context = context
        self._roles = roles
        self._tasks: list[asyncio.Task[Any]] = []
        self._front = AsyncExitStack()
        self._back = AsyncExitStack()
        self._wake = asyncio.Event()
        self._failed: asyncio.Future[None] | None = None
        self.ingest: Ingest | None = None

    async def start(self) -> None:
        """Start the roles and their listeners.

        Raises:
            OSError: an address cannot be had.
            GatewayError: says what is wrong and what to do.
        """
        self._failed = asyncio.get_running_loop().create_future()
        context = self.context
        if context.database.is_embedded:
            self._go("database", context.database.keep())
        self._go("clock", self._compare_clocks())
        if Role.DISPATCH in self._roles:
            dispatch.start(context, self._back, self._go, self._wake)
        if Role.INGEST in self._roles:
            await self._start_ingest()
        if Role.WEB in self._roles:
            await self._start_web()
        log.info("the gateway runs", version=__version__, role=",".join(self._roles))

    async def wait(self) -> None:
        """Return never; raise when a part of the gateway has died."""
        if self._failed is not None:
            await self._failed

    async def stop(self) -> None:
        """Stop accepting, answer what is committed, end everything."""
        self._failed = None  # from here on a part that ends does what it was told
        await self._front.aclose()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._back.aclose()

    def _go(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        """A part that ends by itself must not end in silence: the process ends with it."""
        if task.cancelled() or self._failed is None or self._failed.done():
            return
        error = task.exception() or RuntimeError(f"{task.get_name()} ended by itself")
        log.critical("a part of the gateway died", worker=task.get_name(), error=place(error))
        self._failed.set_exception(error)

    async def _start_ingest(self) -> None:
        context, settings = self.context, self.context.settings
        ingest = Ingest(
            context.database.dsn, context.desk, context.clock, families(), settings.mqtt_line
        )
        self.ingest = ingest
        ingest.after_alarms = self._wake.set
        shout = Shout(settings.blind_webhook)
        ingest.on_blind(shout)
        self._go("shout", shout.run())
        self._back.push_async_callback(ingest.close)
        for task in ingest.tasks():
            task.add_done_callback(self._ended)
            self._tasks.append(task)
        self._front.push_async_callback(self._drain, ingest)
        plain = await self._endpoint(ingest, MqttSettings(
            line=settings.mqtt_line, host=settings.bind, port=settings.mqtt_port,
            accept_unauthenticated=settings.accept_unauthenticated,
        ))  # fmt: skip
        context.ports.mqtt = plain.port
        endpoints = [plain]
        if settings.mqtt_tls_port is not None and settings.tls_certificate and settings.tls_key:
            tls = server_context(settings.tls_certificate, settings.tls_key, settings.tls_client_ca)
            secure = await self._endpoint(ingest, MqttSettings(
                line=settings.mqtt_line, host=settings.bind, port=settings.mqtt_tls_port, tls=tls,
                accept_unauthenticated=settings.accept_unauthenticated,
            ))  # fmt: skip
            context.ports.mqtt_tls = secure.port
            endpoints.append(secure)
        brokers = BrokerSide(context, ingest)
        self._back.push_async_callback(brokers.close)
        self._front.push_async_callback(brokers.stop)
        for task in brokers.tasks():
            task.add_done_callback(self._ended)
            self._tasks.append(task)
        self._go("down", pass_down(context.database.dsn, [*endpoints, *brokers.clients]))
        serial = SerialSide(context, ingest)
        self._back.push_async_callback(serial.close)
        self._front.push_async_callback(serial.stop)
        for task in serial.tasks():
            task.add_done_callback(self._ended)
            self._tasks.append(task)

    async def _endpoint(self, ingest: Ingest, settings: MqttSettings) -> MqttEndpoint:
        endpoint = MqttEndpoint(settings, ingest, ingest, self.context.clock.now)
        await endpoint.start()
        self._front.push_async_callback(endpoint.stop)
        return endpoint

    async def _drain(self, ingest: Ingest) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(ingest.drain(), DRAIN_S)

    async def _start_web(self) -> None:
        context = self.context
        ingest = self.ingest
        consoles = Consoles(context, lambda: ingest.blind if ingest is not None else False)
        self._back.push_async_callback(consoles.close)
        app = create_app(context, blind=lambda: ingest.blind if ingest is not None else False)
        app.state.console = consoles.hub
        server = Server(configured(app, context.settings.bind, context.settings.web_port))
        await server.begin()
        context.ports.web = server.port
        log.info("people and programs may connect", port=server.port)
        self._go("web", server.main_loop())
        for name, work in consoles.tasks().items():
            self._go(name, work)
        self._front.push_async_callback(server.end)
        self._front.push_async_callback(consoles.end)

    async def _compare_clocks(self) -> None:
        """Compare our clock with the database's; more than the tolerance apart is loud."""
        context = self.context
        session = Session(context.database.dsn, "clock")
        self._back.push_async_callback(session.close)
        watch = ClockWatch(session, context.desk, context.clock)
        await ticker.repeat(ticker.Round("clock", watch.compare, COMPARE_EVERY_S))
