"""Audit rows of what does not pass through deciding: who did what about which record, and when.

Contract: a row is written in the transaction of what it is about, so that neither is without the
other. It holds ids and the digest of the content, never the content (DESIGN 7).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.store.connect import Connection, run
from gateway.store.save import audit_code


@dataclass(frozen=True, slots=True)
class Act:
    """One act: by whom (`operator:…`, an id and never a person's name), what, about what.

    `content` is what was done or read in detail; only its SHA-256 is kept.
    """

    organisation_id: UUID
    at: datetime
    actor: str
    act: str
    about: UUID | None
    content: bytes


async def add(connection: Connection, key: bytes, one: Act) -> None:
    """Write the row of an act.

    Raises:
        psycopg.Error: as the database says; the transaction of the caller fails with it.
    """
    digest = hashlib.sha256(one.content).digest()
    await run(
        connection,
        "add_audit",
        organisations=[one.organisation_id],
        ats=[one.at],
        actors=[one.actor],
        acts=[one.act],
        abouts=[one.about],
        digests=[digest],
        codes=[audit_code(key, one.actor, one.act, one.about, digest)],
    )
