"""The sealer: chains audit rows as they are committed, and writes checkpoints outside.

Contract: every SEAL_EVERY_S, in a transaction of its own, one process at a time. A row is open
until then: the unsealed window, a second or so, in which its own keyed code holds who did what
about which record, but its time and its being there are not yet held. `lifeline audit verify` says
how many rows are in it. A process that seals nothing shows in lifeline_audit_unsealed_seconds.

A chain that does not hold our newest checkpoint was cut (or the database restored from a backup):
that raises a technical alarm, the checkpoint is set aside as evidence, and sealing goes on.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from gateway import metrics
from gateway.audit import chain, checkpoints
from gateway.audit.checkpoints import Checkpoint
from gateway.clock import Clock
from gateway.placing import Desk
from gateway.store.connect import Connection, Row, Session, row, rows, run
from gateway.supervision import report_fault

log = structlog.get_logger()

SEAL_EVERY_S = 1.0
SEAL_LIMIT = 1_000
SEAL_LOCK = 0x11FE_5EA1
CUT = "audit_cut"


class Sealer:
    """Seals the audit of one database, with the checkpoints of one folder."""

    def __init__(self, session: Session, desk: Desk, clock: Clock, folder: Path) -> None:
        self._session = session
        self._desk = desk
        self._clock = clock
        self._folder = folder
        self._kept_at: datetime | None = None
        self._is_read = False
        self._newest: Checkpoint | None = None

    async def once(self) -> int:
        """Seal what is open, up to SEAL_LIMIT rows; give how many.

        Raises:
            StoreError: nothing of this round was sealed.
            OSError: the checkpoint could not be written; the seal stands.
        """
        now = self._clock.now()
        async with self._session.transaction() as connection:
            lock = await row(connection, "audit_lock", lock=SEAL_LOCK)
            if lock is None or not lock.is_mine:
                return 0
            last = await row(connection, "audit_last")
            cut = await self._cut(connection, last)
            seq, before = (last.seq, bytes(last.link)) if last else (0, self._first())
            found = await rows(connection, "audit_unsealed", limit=SEAL_LIMIT)
            if found:
                seq, before = await self._chain(connection, found, seq, before)
        oldest = min((one.at for one in found), default=now)
        metrics.audit_unsealed_s.set(max((now - oldest).total_seconds(), 0.0))
        if cut is not None:
            await self._shout(cut, seq, now)
        if seq and (cut is not None or self._newest is None or seq > self._newest.seq):
            await self._note(seq, before, now)
        return len(found)

    def _first(self) -> bytes:
        return chain.first_link(self._desk.audit_key)

    async def _chain(
        self, connection: Connection, found: list[Row], seq: int, before: bytes
    ) -> tuple[int, bytes]:
        """Put rows into the chain after a link; give where it ends now."""
        links = []
        for one in found:
            seq += 1
            before = chain.link(self._desk.audit_key, before, chain.sealed(one, seq))
            links.append(before)
        await run(
            connection,
            "audit_seal",
            ids=[one.id for one in found],
            seqs=list(range(seq - len(found) + 1, seq + 1)),
            links=links,
        )
        return seq, before

    async def _cut(self, connection: Connection, last: Row | None) -> Checkpoint | None:
        """Give our newest checkpoint when the chain is not the one it was made of.

        Asked in every round: what is cut off between two seals must not be covered by the next.
        """
        if not self._is_read:
            self._newest = await asyncio.to_thread(
                checkpoints.newest, self._folder, self._desk.audit_key
            )
            self._is_read = True
        known = self._newest
        if known is None:
            return None
        if last is not None and last.seq >= known.seq:
            there = last if last.seq == known.seq else None
            there = there or await row(connection, "audit_sealed_at", seq=known.seq)
            if there is not None and bytes(there.link).hex() == known.link:
                return None
        return known

    async def _shout(self, known: Checkpoint, seq: int, now: datetime) -> None:
        kept = await asyncio.to_thread(checkpoints.set_aside, self._folder, now)
        log.critical("the audit is not the one we sealed", what=CUT, path=kept.name)
        detail = (
            f"the audit had {known.seq} sealed rows at {known.at:%Y-%m-%d %H:%M:%S} UTC and is "
            f"another one now ({seq}): rows were removed, or an older backup was restored; run "
            f"`lifeline audit verify`, keep {kept.name}, tell the safety officer"
        )
        await report_fault(self._session, self._desk, CUT, detail, now)

    async def _note(self, seq: int, link: bytes, now: datetime) -> None:
        keep = self._kept_at is None or now - self._kept_at >= checkpoints.KEPT_EVERY
        made = checkpoints.coded(self._desk.audit_key, seq, link, now)
        await asyncio.to_thread(checkpoints.write, self._folder, made, keep=keep)
        self._newest = made
        if keep:
            self._kept_at = now


UNSEALED_AT_MOST = timedelta(seconds=60)
"""A row that waits longer than this for its seal means that nobody seals."""
