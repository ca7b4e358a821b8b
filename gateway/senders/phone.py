"""A service that is reached by telephone only: its referral is a phone task from the start."""

from datetime import datetime

from gateway.errors import DeliveryError
from gateway.store.outbox import Message


async def by_phone(message: Message, now: datetime) -> None:
    """Deliver nothing, so that the case opens its phone task at once.

    Raises:
        DeliveryError: always; trying again cannot help.
    """
    del now
    raise DeliveryError(f"{message.recipient} is reached by telephone only", again=False)
