"""The chain over the audit: each sealed row bears a keyed link to the one before. Pure.

    link(n) = HMAC-SHA256(key, "link" | link(n - 1) | n | every field of the row)

Contract: whoever has no key can change, remove, insert or reorder nothing that is sealed without a
link that no longer fits; the newest row is held by the checkpoint outside of the database.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from gateway.store.save import audit_code

LINK_BYTES = 32


class Sealed(msgspec.Struct, frozen=True):
    """An audit row in its place in the chain."""

    seq: int
    id: int
    organisation_id: UUID
    at: datetime
    actor: str
    act: str
    about: UUID | None
    digest: bytes
    code: bytes


def sealed(row: Any, seq: int) -> Sealed:  # noqa: ANN401 - a row of audit_unsealed or audit_sealed
    """Put a row into its place."""
    return Sealed(
        seq=seq,
        id=row.id,
        organisation_id=row.organisation_id,
        at=row.at,
        actor=row.actor,
        act=row.act,
        about=row.about,
        digest=bytes(row.digest),
        code=bytes(row.code),
    )


def first_link(key: bytes) -> bytes:
    """Give what the first row is chained to."""
    return hmac.new(key, b"lifeline audit chain", hashlib.sha256).digest()


def link(key: bytes, before: bytes, row: Sealed) -> bytes:
    """Give the link of a row, from the link of the one before."""
    fields = msgspec.json.encode(
        [
            row.seq,
            row.id,
            row.organisation_id,
            row.at.astimezone(UTC),
            row.actor,
            row.act,
            row.about,
            row.digest,
            row.code,
        ]
    )
    return hmac.new(key, b"link" + before + fields, hashlib.sha256).digest()


def is_coded(key: bytes, row: Sealed) -> bool:
    """Say whether a row bears the code its writer gave it."""
    expected = audit_code(key, row.actor, row.act, row.about, row.digest)
    return hmac.compare_digest(expected, row.code)
