"""Audit rows of what does not pass through deciding: who did what about which record, and when.

Contract: a row is written in the transaction of what it is about, so that neither is without the
other. It holds ids and a keyed digest of the content, never the content (DESIGN 7).
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.store.connect import Connection, run
from gateway.store.save import audit_code


@dataclass(frozen=True, slots=True)
class Act:
    """One act: by whom (`operator:…`, an id and never a person's name), what, about what.

    `content` is what was done in detail, for instance the new values; only its keyed digest is
    kept, by which somebody who has the content can prove it.
    """

    organisation_id: UUID
    at: datetime
    actor: str
    act: str
    about: UUID | None = None
    content: bytes = b""


def digest_of(key: bytes, content: bytes) -> bytes:
    """Give the keyed digest of what an act was about: a bare one of a few words can be guessed."""
    return hmac.new(key, b"content:" + content, hashlib.sha256).digest()


async def add(connection: Connection, key: bytes, *acts: Act) -> None:
    """Write the rows.

    Raises:
        psycopg.Error: as the database says; the transaction of the caller fails with it.
    """
    digests = [digest_of(key, one.content) for one in acts]
    await run(
        connection,
        "add_audit",
        organisations=[one.organisation_id for one in acts],
        ats=[one.at for one in acts],
        actors=[one.actor for one in acts],
        acts=[one.act for one in acts],
        abouts=[one.about for one in acts],
        digests=digests,
        codes=[
            audit_code(key, one.actor, one.act, one.about, digest)
            for one, digest in zip(acts, digests, strict=True)
        ],
    )
