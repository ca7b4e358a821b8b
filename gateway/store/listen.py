"""Listening to NOTIFY, reconnecting for ever: what is missed meanwhile is not made up for.

Nobody relies on a notification having come: consoles re-read, the outbox is looked at anyway, and
device texts are at most once.
"""

import asyncio
from collections.abc import AsyncIterator

import psycopg
from psycopg import AsyncConnection, sql

from gateway.store.connect import (
    CONNECT_TIMEOUT_S,
    KEEP_IDLE_S,
    KEEP_INTERVAL_S,
    KEEP_PROBES,
    UNACKNOWLEDGED_MS,
    Dsn,
)

AGAIN_S = 0.5


async def notifications(dsn: Dsn, channel: str) -> AsyncIterator[str]:
    """Give the payloads of a channel as they come, for ever; an empty one after each reconnect."""
    while True:
        try:
            connection = await AsyncConnection.connect(
                dsn(),
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_S,
                application_name=f"lifeline/listen-{channel}",
                keepalives_idle=KEEP_IDLE_S,
                keepalives_interval=KEEP_INTERVAL_S,
                keepalives_count=KEEP_PROBES,
                tcp_user_timeout=UNACKNOWLEDGED_MS,
            )
            async with connection:
                await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                yield ""
                async for notice in connection.notifies():
                    yield notice.payload
        except psycopg.Error:
            await asyncio.sleep(AGAIN_S)
