"""Verify the audit: walk the chain from its first row, and hold it against the checkpoints.

Contract: any row that was edited, deleted, inserted or moved after it was sealed is found and named
by its place, the newest by the checkpoint. Reads only, in one snapshot, a page at a time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway.audit import chain
from gateway.audit.chain import Sealed
from gateway.audit.checkpoints import BadCheckpoint, Checkpoint
from gateway.audit.seal import UNSEALED_AT_MOST
from gateway.store.connect import Connection, Row, row, rows

PAGE = 5_000
MAX_NAMED = 50


@dataclass(slots=True)
class Verdict:
    """What was found: how long the chain is, what is wrong with it, what waits for its seal."""

    sealed: int = 0
    last_at: datetime | None = None
    checkpoints: int = 0
    waiting: int = 0
    waiting_since: datetime | None = None
    problems: list[str] = field(default_factory=list)
    more_problems: int = 0

    @property
    def is_whole(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.problems

    def say(self, text: str) -> None:
        """Note a problem; beyond MAX_NAMED only how many."""
        if len(self.problems) < MAX_NAMED:
            self.problems.append(text)
        else:
            self.more_problems += 1


class _Walk:
    """Goes along the chain and holds each row against the link before it."""

    def __init__(self, key: bytes, checkpoints: Iterable[Checkpoint], verdict: Verdict) -> None:
        self._key = key
        self._before = chain.first_link(key)
        self._seq = 0
        self._said: dict[int, set[str]] = {}
        for one in checkpoints:
            self._said.setdefault(one.seq, set()).add(one.link)
            verdict.checkpoints += 1
        self._verdict = verdict

    def step(self, found: Row) -> None:
        one, link = chain.sealed(found, found.seq), bytes(found.link)
        if one.seq != self._seq + 1:
            last = one.seq - 1
            self._verdict.say(f"{_rows(self._seq + 1, last)} missing before {_named(one)}: deleted")
            self._unsaid(self._seq + 1, last)
        if chain.link(self._key, self._before, one) != link and one.seq == self._seq + 1:
            self._verdict.say(
                f"{_named(one)} does not fit the chain: it was changed, moved or put in, or the "
                "row before it was"
            )
        elif not chain.is_coded(self._key, one):
            self._verdict.say(f"{_named(one)} does not bear its writer's code")
        self._hold(one, link)
        self._seq, self._before = one.seq, link
        self._verdict.sealed += 1
        self._verdict.last_at = one.at

    def _hold(self, one: Sealed, link: bytes) -> None:
        said = self._said.pop(one.seq, None)
        if said is not None and said != {link.hex()}:
            self._verdict.say(f"{_named(one)} is not the row that a checkpoint says was there")

    def _unsaid(self, first: int, last: int) -> None:
        for seq in [seq for seq in self._said if first <= seq <= last]:
            del self._said[seq]

    def end(self) -> None:
        """Hold the chain's end against the newest checkpoint."""
        beyond = max(self._said, default=0)
        if beyond > self._seq:
            self._verdict.say(
                f"{_rows(self._seq + 1, beyond)} missing at the end: a checkpoint says that they "
                "were there; deleted, or the database is an older backup"
            )


def _rows(first: int, last: int) -> str:
    return f"row {first} is" if first == last else f"rows {first} to {last} are"


def _named(one: Sealed) -> str:
    return f"row {one.seq} (id {one.id}, {one.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC)"


async def verify(
    connection: Connection,
    key: bytes,
    checkpoints: Iterable[Checkpoint],
    bad: Iterable[BadCheckpoint],
    now: datetime,
) -> Verdict:
    """Verify the whole audit.

    Raises:
        psycopg.Error: it cannot be read.
    """
    verdict = Verdict()
    for one in bad:
        verdict.say(f"line {one.line} of {one.file} is no checkpoint of this key")
    walk = _Walk(key, checkpoints, verdict)
    after = 0
    while page := await rows(connection, "audit_sealed", after=after, limit=PAGE):
        for found in page:
            walk.step(found)
        after = page[-1].seq
    walk.end()
    waiting = await row(connection, "audit_waiting")
    if waiting is not None and waiting.count:
        verdict.waiting, verdict.waiting_since = waiting.count, waiting.since
        if now - waiting.since > UNSEALED_AT_MOST:
            verdict.say(
                f"{waiting.count} rows wait for their seal since "
                f"{waiting.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC: the sealer does not run "
                "(role dispatch), or rows were put in with an earlier time"
            )
    return verdict
