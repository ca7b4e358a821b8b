"""A gateway in a process of its own, with a database, people, and browsers in front of it.

For the browser tests, the pictures and the benchmark. Contract: everything is real; messages come
in through the intake that listeners use, people sign in at the page where they sign in, and the
gateway is told by signals and over its ports only. Leaving the house ends what it started.
"""

import asyncio
import secrets
import shutil
import signal
import tempfile
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import psycopg
from playwright.async_api import Browser, BrowserContext, Page
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from devices.model import Lane
from gateway import embedded, enrol, intake, vitals_intake
from gateway.access.accounts import Accounts, NewAccount
from gateway.clock import Clock
from gateway.keys import key_file
from gateway.placing import Desk
from gateway.roles import ApiRole
from gateway.rulebook import read_rules
from gateway.store.connect import Session, Sessions
from gateway.tokens import new_token
from ops.console import people
from ops.console.arriving import arrival
from ops.console.program import HOST, Program, ProgramError, free_port
from ops.console.signing_in import AGAIN_S, TRIES, HouseError, sign_in

PASSWORD = "four plain words here"  # noqa: S105 - of people who do not exist
CONNECTIONS = 12  # of which the gateway's web side has half
LAPTOP = {"width": 1280, "height": 720}


class House:
    """See the module; `async with House(browser, server_dsn)`."""

    def __init__(self, browser: Browser, server: str | None = None, more_persons: int = 8) -> None:
        """Prepare.

        Args:
            server: A PostgreSQL whose role may create databases; None: one of our own.
            more_persons: How many people besides the four of ops/console/people.py.
        """
        self.browser = browser
        self._server = server
        self._own: embedded.Running | None = None
        self._roll = people.roll(more_persons)
        self.folder = Path()
        self.port, self.mqtt_port = free_port(), free_port()
        self.organisation = self._roll.organisation
        self._contexts: dict[str, BrowserContext] = {}
        self._accounts: set[str] = set()
        self._name = f"console_{uuid.uuid4().hex}"
        self._boot = secrets.token_hex(3)
        self._sent = 0

    @property
    def url(self) -> str:
        """Where the console is."""
        return f"http://{HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        """Make the folder and the database, enrol the people, start the gateway."""
        self.folder = Path(tempfile.mkdtemp(prefix="lifeline-console-"))
        self.folder.chmod(0o711)
        self.program = Program(self.folder, self.url)
        if self._server is None:
            here = embedded.Settings(data_dir=self.folder / "postgres")
            self._own = await asyncio.to_thread(embedded.start, here)
            self._server = self._own.dsn
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(self._name)))
        self.dsn = make_conninfo(self._server, dbname=self._name)
        (self.folder / "dsn").write_text(self.dsn)
        (self.folder / "dsn").chmod(0o600)
        try:
            await self.start()
        except ProgramError:
            await self.kill()
            raise
        key = key_file(self.folder / "state" / "audit.key")
        self.clock = Clock()
        self.desk = Desk(read_rules(), self.organisation, key)
        self.session = Session(lambda: self.dsn, "console-house")
        self.sessions = Sessions(lambda: self.dsn, "console-house", 2)
        enrolled = await enrol.enrol(self.sessions, self._roll, datetime.now(UTC))
        self.secrets = {sender: secret for (_, sender), secret in enrolled.secrets.items()}
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything, and remove the folder and the database."""
        for context in self._contexts.values():
            await context.close()
        await self.session.close()
        await self.sessions.close()
        await self.stop()
        if self._own is not None:
            await asyncio.to_thread(self._own.stop)
        elif self._server is not None:
            with psycopg.connect(self._server, autocommit=True) as connection:
                drop = sql.SQL("drop database {} with (force)").format(sql.Identifier(self._name))
                connection.execute(drop)
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- the gateway ---------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the gateway, at the addresses it had before.

        Raises:
            ProgramError: it did not become ready; with its last words.
        """
        await self.program.start(
            {
                "STATE_DIR": self.folder / "state",
                "DATABASE_DSN_FILE": self.folder / "dsn",
                "ORGANISATION": self.organisation,
                "ORGANISATION_NAME": self._roll.name,
                "WEB_PORT": self.port,
                "MQTT_PORT": self.mqtt_port,
                "LOG_LEVEL": "warning",
            }
        )

    async def kill(self) -> None:
        """Kill the gateway without a warning."""
        await self.program.kill()

    async def stop(self) -> None:
        """Ask the gateway to end; kill it when it does not.

        Raises:
            ProgramError: it had to be killed.
        """
        await self.program.stop()

    def freeze(self) -> None:
        """Stop the gateway's process where it stands: its sockets stay open."""
        self.program.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.program.signal(signal.SIGCONT)

    def last_words(self) -> str:
        """Give the end of the gateway's log."""
        return self.program.last_words()

    def shut_database(self) -> None:
        """Let nobody into the database any more, and send away who is in."""
        self._admit(open_to_all=False)

    async def open_database(self) -> None:
        """Let everybody in again, and wait until the gateway's connections are back, one by one."""
        self._admit(open_to_all=True)
        good = 0
        while good < CONNECTIONS:
            good = good + 1 if (await self.get("/readyz")).is_success else 0

    def _admit(self, *, open_to_all: bool) -> None:
        assert self._server is not None
        name = sql.Identifier(self._name)
        allow = sql.SQL("true" if open_to_all else "false")
        with psycopg.connect(self._server, autocommit=True) as connection:
            change = sql.SQL("alter database {} with allow_connections {}").format(name, allow)
            connection.execute(change)
            if not open_to_all:
                connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
                    (self._name,),
                )

    # -- what comes in -------------------------------------------------------------------------

    async def press(self, device: str = "17", **body: object) -> str:
        """Press a unit's button, through the real intake; give its open alarm's id."""
        self._sent += 1
        message = {"id": f"{self._boot}-{self._sent}", "activation": "pendant", **body}
        await self.send(device, message, "call")
        found = await self.sql(
            "select alarm.id from alarm join subject on subject.id = alarm.subject_id"
            " join device on device.person_id = subject.person_id"
            " where device.sender = %(device)s and alarm.state <> 'closed'"
            " order by alarm.kind = 'technical', alarm.alarm_at desc limit 1",
            device=device,
        )
        return str(found[0]["id"])

    async def send(self, device: str, body: Mapping[str, Any], channel: str) -> None:
        """Hand a message of a device to the real intake, as the device endpoint does.

        A case that is locked just then is not answered, and the device says it again.
        """
        for _ in range(TRIES):
            now = datetime.now(UTC)
            message = arrival(device, body, channel, now)
            if message.lane is Lane.VITALS:
                taken = await vitals_intake.take(self.session, [message], (), self.desk, now)
            else:
                taken = await intake.take(self.session, [message], self.desk, now)
            if len(taken.answers) == 1:
                return
            await asyncio.sleep(AGAIN_S)
        raise HouseError(f"no answer to one message, said {TRIES} times")

    async def drop(self, alarm: str) -> None:
        """Close an alarm behind everybody's back, so that a test ends as it began."""
        await self.sql(
            "update subject set state = null"
            " where id = (select subject_id from alarm where id = %(id)s)",
            id=alarm,
        )
        await self.sql(
            "update alarm set state = 'closed', revision = revision + 1, closed_at = now(),"
            " record = record || jsonb_build_object('state', 'closed') where id = %(id)s",
            id=alarm,
        )

    async def get(self, path: str) -> httpx.Response:
        """Ask the gateway for what anybody may see."""
        async with httpx.AsyncClient(timeout=5.0) as client:
            return await client.get(self.url + path)

    async def sql(self, text: str, **given: object) -> list[dict[str, Any]]:
        """Ask the database."""
        async with await psycopg.AsyncConnection.connect(
            self.dsn, autocommit=True, row_factory=dict_row
        ) as connection:
            cursor = await connection.execute(text.encode(), given or None)
            return await cursor.fetchall() if cursor.description is not None else []

    # -- who sits in front of it ---------------------------------------------------------------

    async def account(self, name: str, *roles: str, service: str | None = None) -> str:
        """See that an account is there; give its password."""
        if name not in self._accounts:
            self._accounts.add(name)
            accounts = Accounts(self.sessions, self.organisation, self.desk.audit_key, self.clock)
            wanted = frozenset(ApiRole(one) for one in roles)
            await accounts.add(NewAccount(name, name.title(), wanted, service_id=service), PASSWORD)
            # As if they had chosen their own already: that page has tests of its own.
            await self.sql(
                "update account set must_change = false where name = %(name)s", name=name
            )
        return PASSWORD

    async def token(self, role: str, name: str) -> str:
        """Give a new token of a program."""
        return await new_token(
            self.sessions,
            organisation_id=self.organisation,
            name=name,
            role=ApiRole(role),
            service_id=None,
            now=datetime.now(UTC),
        )

    async def page(
        self,
        who: str = "operator:anna",
        path: str = "/console",
        **options: Any,  # noqa: ANN401 - Playwright's
    ) -> Page:
        """Give a page of a person who has signed in: `operator:anna`, `responder/icrs:ravi`.

        Each call is another browser of that person's; `tab` gives one more page of the same.
        """
        role, _, name = who.partition(":")
        role, _, service = role.partition("/")
        name = name or role
        password = await self.account(name, role, service=service or None)
        context = await self.browser.new_context(**{"viewport": LAPTOP, **options})
        self._contexts[f"{who} {len(self._contexts)}"] = context
        await sign_in(context, self.url, name, password)
        page = await context.new_page()
        await page.goto(self.url + path)
        return page

    async def tab(self, page: Page) -> Page:
        """Give one more tab of a page's browser."""
        return await page.context.new_page()
