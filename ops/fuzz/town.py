"""A whole gateway to be asked senseless things: real process parts, real database, people enrolled.

It runs in a process of its own, all roles, on free ports of this machine.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import UUID

import requests

from devices.decoding import families
from devices.links import native
from gateway import intake
from gateway.access.accounts import Accounts, NewAccount
from gateway.arrivals import Verdict as Answered
from gateway.arrivals import understand
from gateway.audit import checkpoints
from gateway.audit.verify import Verdict, verify
from gateway.clock import Clock
from gateway.context import Context
from gateway.enrol import Roll, enrol
from gateway.log import configure
from gateway.runtime import Gateway, prepared
from gateway.settings import Settings
from gateway.store.connect import Session
from gateway.tokens import OF_A_SERVICE, Role, new_token

PEOPLE = 24
SERVICE = "icrs"
PASSWORD = "an umbrella in the hall"  # noqa: S105 - of a throw-away gateway
ORGANISATION = UUID("f0220000-0000-4000-8000-000000000001")
START_S = 120.0
SEALED_AFTER_S = 2.0


@dataclass
class Town:
    """Where the gateway is, as whom to ask, and ids that exist."""

    url: str
    ids: dict[str, list[str]]
    tokens: dict[Role, str]
    verdict: Verdict | None = None

    def sign_in(self, role: Role) -> dict[str, str]:
        """Give the headers that somebody of a role asks with: a token's, or a browser's."""
        if role in self.tokens:
            return {"Authorization": f"Bearer {self.tokens[role]}"}
        return _signed_in(self.url, role)


def _roll() -> Roll:
    plans: list[Any] = ["at_once", "operator", {"after_untaken_s": 90}]
    return Roll.model_validate(
        {
            "organisation": str(ORGANISATION),
            "name": "Fuzzed",
            "services": [
                {"id": SERVICE, "name": "Crisis service", "catchment": ["LE"], "capacity": 50}
            ],
            "persons": [
                {"id": f"p{n}", "name": f"Fictional {n}", "born": "1950-01-01",
                 "postcode": "LE1 1AA", "plan": {"press": plans[n % 3]}}
                for n in range(PEOPLE)
            ],
            "devices": [
                {"line": "mqtt-main", "sender": f"d{n}", "person": f"p{n}", "interval_s": 3600}
                for n in range(PEOPLE)
            ],
        }
    )  # fmt: skip


async def _press(session: Session, context: Context) -> None:
    known = families()

    def ignore(verdict: Answered) -> None:
        del verdict

    for number in range(PEOPLE):
        packet = native.unwrap(
            f"lifeline/v1/d{number}/call",
            json.dumps({"id": "1-1", "activation": "pendant"}).encode(),
            line="mqtt-main",
            sender=f"d{number}",
            received_at=context.clock.now(),
            authenticated=True,
            retained=False,
            peer="127.0.0.1",
        )
        arrival = understand(packet, known, ignore)
        await intake.take(session, [arrival], context.desk, context.clock.now())


async def _ids(session: Session) -> dict[str, list[str]]:
    async with session.transaction() as connection:
        found = {"service_id": [SERVICE]}
        for name, table in (
            ("alarm_id", "alarm"),
            ("referral_id", "referral"),
            ("person_id", "person"),
            ("task_id", "task"),
            ("about", "alarm"),
        ):
            cursor = await connection.execute(f"select id::text from {table}".encode())  # noqa: S608
            found[name] = [one.id for one in await cursor.fetchall()]
    return {name: values for name, values in found.items() if values}


async def _callers(context: Context, session: Session) -> dict[Role, str]:
    """Make somebody of each role; give the token of a service's program."""
    sessions, now = context.sessions, context.clock.now()
    accounts = Accounts(sessions, ORGANISATION, context.desk.audit_key, context.clock)
    for role in Role:
        if role is not Role.SERVICE:
            service = SERVICE if role in OF_A_SERVICE else None
            made = NewAccount(f"{role}-1", f"Fictional {role}", frozenset({role}), service)
            await accounts.add(made, PASSWORD)
    async with session.transaction() as connection:
        await connection.execute("update account set must_change = false")
    token = await new_token(
        sessions,
        organisation_id=ORGANISATION,
        name="service-1",
        role=Role.SERVICE,
        service_id=SERVICE,
        now=now,
    )
    return {Role.SERVICE: token}


def _signed_in(url: str, role: Role) -> dict[str, str]:
    body = {"name": f"{role}-1", "password": PASSWORD}
    with requests.Session() as browser:
        answer = browser.post(f"{url}/sign-in", json=body, timeout=30)
        answer.raise_for_status()
        cookie = browser.cookies["lifeline"]
    return {"Cookie": f"lifeline={cookie}", "X-CSRF-Token": answer.json()["csrf"]}


@dataclass(frozen=True)
class _Ready:
    """What the gateway's process tells when people may ask."""

    url: str
    ids: dict[str, list[str]]
    tokens: dict[Role, str]


async def _serve(folder: Path, dsn: str | None, line: Connection) -> None:
    """Run a gateway until told to stop; then tell how its audit stands."""
    named = None
    if dsn is not None:
        named = folder / "dsn"
        named.write_text(dsn)
    settings = Settings(
        state_dir=folder / "state", database_dsn_file=named,
        organisation=ORGANISATION, web_port=0, mqtt_port=0,
    )  # fmt: skip
    async with prepared(settings, Clock()) as context:
        gateway = Gateway(context)
        await gateway.start()
        session = Session(context.database.dsn, "fuzz")
        await enrol(context.sessions, _roll(), context.clock.now())
        await _press(session, context)
        tokens = await _callers(context, session)
        line.send(_Ready(f"http://127.0.0.1:{context.ports.web}", await _ids(session), tokens))
        await asyncio.to_thread(line.poll, None)
        await asyncio.sleep(SEALED_AFTER_S)
        good, bad = checkpoints.all_of(settings.state_dir, context.desk.audit_key)
        async with session.transaction() as connection:
            line.send(
                await verify(connection, context.desk.audit_key, good, bad, context.clock.now())
            )
        await session.close()
        await gateway.stop()


def _run(folder: Path, dsn: str | None, line: Connection) -> None:
    """Be the gateway's process: one of its own, so that making cases does not hold it up."""
    configure("error")
    asyncio.run(_serve(folder, dsn, line))


@contextmanager
def town(folder: Path, dsn: str | None = None) -> Iterator[Town]:
    """Run a gateway with people enrolled; over an embedded database when no DSN is given.

    At the end `Town.verdict` says how its audit stands.

    Raises:
        RuntimeError: it did not come up, or ended by itself.
    """
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_run, args=(folder, dsn, theirs))
    process.start()
    theirs.close()
    try:
        found = _told(ours)
        assert isinstance(found, _Ready)
        place = Town(found.url, found.ids, found.tokens)
        yield place
        ours.send("stop")
        verdict = _told(ours)
        assert isinstance(verdict, Verdict)
        place.verdict = verdict
    finally:
        ours.close()
        process.join(START_S)
        if process.is_alive():
            process.terminate()


def _told(line: Connection) -> object:
    if not line.poll(START_S):
        raise RuntimeError(f"the gateway said nothing for {START_S:g} s")
    try:
        found: object = line.recv()
    except EOFError as error:
        raise RuntimeError("the gateway ended by itself; see its log above") from error
    return found
