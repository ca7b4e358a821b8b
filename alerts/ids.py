"""Ids that agree between retries, processes and sites: UUIDv5 of what caused the thing.

Nothing here is random: deciding the same message twice gives the same ids, so that a retry after
an unknown commit, a journal and a second site never make two of one thing.
"""

from hashlib import sha1
from uuid import UUID

NAMESPACE_ALARM = UUID("6f2b1f0a-43c1-5d0e-9a57-1d6a0c5f7e01")
NAMESPACE_REFERRAL = UUID("6f2b1f0a-43c1-5d0e-9a57-1d6a0c5f7e02")
NAMESPACE_TASK = UUID("6f2b1f0a-43c1-5d0e-9a57-1d6a0c5f7e03")
VARIANT = "89ab"


def alarm_id(opened_by: str, kind: str) -> str:
    """Name an alarm by the receipt (or the cause) that opened it and its kind."""
    return _named(NAMESPACE_ALARM, f"{opened_by}|{kind}")


def referral_id(alarm: str, service: str, ordinal: int) -> str:
    """Name a referral by its alarm, its service and its number among those of the two."""
    return _named(NAMESPACE_REFERRAL, f"{alarm}|{service}|{ordinal}")


def inbound_referral_id(service: str, given: str) -> str:
    """Name a referral that a service received from elsewhere by the id the service gave it."""
    return _named(NAMESPACE_REFERRAL, f"inbound|{service}|{given}")


def task_id(cause: str, kind: str, ordinal: int) -> str:
    """Name a task by its cause (alarm, referral, or subject and time), its kind and its number."""
    return _named(NAMESPACE_TASK, f"{cause}|{kind}|{ordinal}")


def _named(namespace: UUID, name: str) -> str:
    """Give `str(uuid5(namespace, name))` (RFC 9562, 5.5) in a quarter of its time.

    An alarm's id is the dearest single line of deciding a press.
    """
    digest = sha1(namespace.bytes + name.encode(), usedforsecurity=False).hexdigest()
    variant = VARIANT[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"
