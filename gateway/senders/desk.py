"""The built-in UCR desk as a receiver: being written there is being received (DESIGN 6)."""

from datetime import datetime

import msgspec

from gateway.senders import Sender
from gateway.store.connect import Sessions, run
from gateway.store.outbox import Message


def desk_sender(sessions: Sessions) -> Sender:
    """Make the sender that hands referrals, changes and withdrawals to the built-in desk."""

    async def send(message: Message, now: datetime) -> None:
        body = msgspec.json.encode(message.body).decode()
        async with sessions.transaction() as connection:
            if message.what == "referral_request":
                await run(
                    connection,
                    "desk_deliver",
                    referral_id=message.referral_id,
                    organisation_id=message.organisation_id,
                    service_id=message.recipient,
                    body=body,
                    now=now,
                )
            else:
                withdrawn_at = now if message.what == "referral_withdrawal" else None
                await run(
                    connection,
                    "desk_update",
                    referral_id=message.referral_id,
                    body=body,
                    withdrawn_at=withdrawn_at,
                )

    return send
