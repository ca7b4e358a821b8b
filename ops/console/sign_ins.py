"""Many signed-in browsers at once, without a password's digest for each of them."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from gateway.access.logins import MAX_OPEN, Logins, csrf_of
from gateway.store.connect import row
from ops.console.house import House

HERE = "127.0.0.1"


async def signed_in(house: House, count: int, where: Path) -> Path:
    """Write `cookie csrf` of so many sign-ins, as many to a person as one may have."""
    logins = Logins(house.sessions, house.desk.audit_key)
    lines = []
    for number in range(count):
        name = f"console{number // MAX_OPEN}"
        await house.account(name, "operator")
        async with house.sessions.transaction() as connection:
            account = await row(connection, "account", name=name)
            cookie = await logins.begin(
                connection, account=account, address=HERE, secure=False, now=datetime.now(UTC)
            )
        lines.append(f"{cookie} {csrf_of(cookie)}\n")
    await asyncio.to_thread(where.write_text, "".join(lines))
    return where
