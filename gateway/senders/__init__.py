"""Ways out: one function each. A sender delivers one message, or raises DeliveryError.

Contract: sending the same message twice must be harmless for referrals (idempotent by referral
id); notices may arrive twice. A sender decides nothing: what its failure means is decided in
alerts/.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from gateway.store.outbox import Message

Sender = Callable[[Message, datetime], Awaitable[None]]
"""Deliver one message, given the gateway's time.

Raises:
    DeliveryError: not delivered; its `again` says whether trying again can help.
"""
