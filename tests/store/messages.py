"""What the store's tests share: a small roll of fictional people, and messages of their devices."""

import json
from datetime import datetime
from typing import Any

from devices.decoding import families
from devices.links import native
from gateway import enrol
from gateway.arrivals import Arrival, Verdict, understand
from gateway.store.connect import Session
from tests.databases import MORNING, ORGANISATION

FAMILIES = families()
LINE = "mqtt-main"


def roll(**more: Any) -> enrol.Roll:
    """Give a roll: WC's plan is at_once, OP's is operator."""
    given: dict[str, Any] = {
        "organisation": str(ORGANISATION),
        "name": "Test crisis service",
        "services": [{"id": "icrs", "name": "Crisis service", "catchment": ["LE"], "capacity": 5}],
        "persons": [
            {"id": "wc", "name": "Fictional WC", "born": "1951-05-01", "postcode": "LE1 1AA",
             "plan": {"press": "at_once"}},
            {"id": "op", "name": "Fictional OP", "born": "1940-05-01", "postcode": "LE2 1AA",
             "plan": {"press": "operator"}},
        ],
        "devices": [
            {"line": LINE, "sender": "17", "person": "wc", "interval_s": 3600},
            {"line": LINE, "sender": "18", "person": "op", "interval_s": 3600},
        ],
    }  # fmt: skip
    return enrol.Roll.model_validate({**given, **more})


def arrival(  # noqa: PLR0913 - whatever a test wants to say differently
    body: dict[str, Any] | bytes,
    *,
    device: str = "17",
    sender: str | None = None,
    topic: str | None = None,
    channel: str = "call",
    at: datetime = MORNING,
    authenticated: bool = True,
) -> Arrival:
    """Give a message as a listener hands it in."""
    packet = native.unwrap(
        topic or f"lifeline/v1/{device}/{channel}",
        body if isinstance(body, bytes) else json.dumps(body).encode(),
        line=LINE,
        sender=sender or device,
        received_at=at,
        authenticated=authenticated,
        retained=False,
        peer="127.0.0.1",
    )
    return understand(packet, FAMILIES, ignore)


def ignore(verdict: Verdict) -> None:
    """Take an answer nobody waits for."""
    del verdict


def press(number: int = 1, **more: Any) -> Arrival:
    """Give a press with its own id."""
    return arrival({"id": f"1-{number}", "activation": "pendant"}, **more)


def up(body: dict[str, Any], **more: Any) -> Arrival:
    """Give a message that is no call."""
    return arrival(body, channel="up", **more)


async def count(session: Session, table: str, where: str = "true") -> int:
    """Count rows."""
    async with session.plain() as connection:
        text = f"select count(*) from {table} where {where}"  # noqa: S608 - the test's own words
        cursor = await connection.execute(text.encode())
        found = await cursor.fetchone()
        assert found is not None
        return int(found.count)


async def column(session: Session, text: str) -> list[Any]:
    """Give the first column of a query."""
    async with session.plain() as connection:
        cursor = await connection.execute(text.encode())
        return [found[0] for found in await cursor.fetchall()]
