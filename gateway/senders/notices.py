"""Notices: to consoles by NOTIFY, to the supervisor and the partner centre by a webhook.

Notices are declared at-least-once: a webhook may be called twice for one notice; it gets the
stream and number to tell.
"""

from collections.abc import Mapping
from datetime import datetime

import httpx
import msgspec

from gateway.errors import DeliveryError
from gateway.senders import Sender
from gateway.store.connect import Sessions
from gateway.store.outbox import Message

RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


def notice_sender(
    sessions: Sessions, webhooks: Mapping[str, str], client: httpx.AsyncClient
) -> Sender:
    """Make the sender of notices.

    Args:
        sessions: For NOTIFY to consoles.
        webhooks: Address for each audience: `supervisor`, `partner`. Bodies hold ids, codes and
            times only.
        client: The HTTP client, with its time-out set.
    """

    async def send(message: Message, now: datetime) -> None:
        del now
        if message.recipient == "consoles":
            await _to_consoles(sessions, message)
            return
        address = webhooks.get(message.recipient)
        if address is None:
            raise DeliveryError(
                f"no webhook is set for {message.recipient}: set LIFELINE_NOTICE_WEBHOOKS",
                again=False,
            )
        await _post(client, address, message)

    return send


async def _to_consoles(sessions: Sessions, message: Message) -> None:
    async with sessions.transaction() as connection:
        await connection.execute(
            "select pg_notify('lifeline_alarm', %s)", (str(message.alarm_id or ""),)
        )


async def _post(client: httpx.AsyncClient, address: str, message: Message) -> None:
    body = {
        "stream": str(message.stream),
        "number": message.seq,
        "audience": message.recipient,
        "alarm": str(message.alarm_id) if message.alarm_id else None,
        "referral": str(message.referral_id) if message.referral_id else None,
        "notice": message.body,
    }
    try:
        answer = await client.post(
            address,
            content=msgspec.json.encode(body),
            headers={"content-type": "application/json"},
        )
    except httpx.HTTPError as error:
        raise DeliveryError(
            f"the webhook of {message.recipient}: {type(error).__name__}"
        ) from error
    if answer.is_success:
        return
    raise DeliveryError(
        f"the webhook of {message.recipient} answered {answer.status_code}, expected 2xx",
        again=answer.status_code in RETRY_STATUS,
    )
