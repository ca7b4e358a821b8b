"""Messages to devices: "a person has it", "team expected 07:40". At most once, true when sent.

The gateway process that holds the device's connection writes it there; which one that is nobody
knows, so all are told by NOTIFY and the holder acts. A device that is away misses it: a later
message would say what was true before.
"""

from datetime import datetime

import msgspec

from gateway.senders import Sender
from gateway.store.connect import Sessions, rows
from gateway.store.outbox import Message

DOWN_CHANNEL = "lifeline_down"


def device_sender(sessions: Sessions) -> Sender:
    """Make the sender that passes a text to whoever holds the device's connection."""

    async def send(message: Message, now: datetime) -> None:
        del now
        async with sessions.transaction() as connection:
            # Names repeat between lines: only a device of this very case may hear of it.
            found = await rows(
                connection, "device_lines", subject=message.subject_id, sender=message.recipient
            )
            body = {
                "device": message.recipient,
                "lines": [one.line for one in found],
                "receipt": message.body.get("receipt"),
                "text": message.body.get("text", ""),
            }
            await connection.execute(
                "select pg_notify(%s, %s)", (DOWN_CHANNEL, msgspec.json.encode(body).decode())
            )

    return send
