"""The PostgreSQL of one system under test: the embedded binary, the same settings for everyone.

Besides those it keeps the time of every commit (`track_commit_timestamp`), so that alarm rows and
acknowledgements can be compared with commits; and it can be slowed down to the commits of a worse
disk: with `commit_siblings=0` every commit that flushes waits `commit_delay` first. A commit's time
is taken when the commit begins, before its flush: an acknowledgement earlier than that is certainly
wrong, one later is not yet proof (ops/torture.py kills processes for that).
"""

import asyncio
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

from gateway import embedded
from gateway.bench.system import SystemFailed
from gateway.embedded import cluster

SEARCHABLE = 0o711  # PostgreSQL runs as another user when we are root, and must get through
COMMIT_DELAY_MAX_MS = 100
US_PER_MS = 1_000


class Server:
    """A running server with one empty database; `stop` ends it, the files stay."""

    def __init__(self, running: embedded.Running) -> None:
        """Hold a running server."""
        self._running = running

    @classmethod
    async def start(cls, folder: Path, commit_delay_ms: int) -> Self:
        """Make and start a server in an empty folder.

        Args:
            folder: There, or made; kept searchable.
            commit_delay_ms: 0 to COMMIT_DELAY_MAX_MS.

        Raises:
            SystemFailed: it does not start.
            ValueError: for a delay that PostgreSQL would refuse.
        """
        if not 0 <= commit_delay_ms <= COMMIT_DELAY_MAX_MS:
            raise ValueError(f"commit delay of {commit_delay_ms} ms, expected 0 to 100 ms")
        try:
            return cls(await asyncio.to_thread(_start, folder, commit_delay_ms))
        except (embedded.EmbeddedError, psycopg.Error, OSError) as error:
            raise SystemFailed(f"PostgreSQL for the benchmark: {error}") from error

    @property
    def dsn(self) -> str:
        """The owner's address of the database; holds the password."""
        return self._running.dsn

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1, for peers that take it apart from the rest."""
        return self._running.port

    @property
    def pid(self) -> int:
        """The postmaster; its backends are its children."""
        return self._running.pid

    async def version(self) -> str:
        """Give the server's version."""
        async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True) as connection:
            found = await (await connection.execute("show server_version")).fetchone()
        assert found is not None, "show gives a row"
        return str(found[0])

    async def stop(self) -> None:
        """Stop it."""
        await asyncio.to_thread(self._running.stop)


def _start(folder: Path, commit_delay_ms: int) -> embedded.Running:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(SEARCHABLE)
    settings = embedded.Settings(data_dir=folder / "postgres")
    first = embedded.start(settings)
    try:
        with psycopg.connect(first.dsn, autocommit=True) as connection:
            connection.execute("alter system set track_commit_timestamp = on")
            for name, value in (
                ("commit_delay", commit_delay_ms * US_PER_MS),
                ("commit_siblings", 0),
            ):
                if commit_delay_ms:
                    connection.execute(
                        sql.SQL("alter database {} set {} = {}").format(
                            sql.Identifier(cluster.DATABASE), sql.SQL(name), sql.Literal(value)
                        )
                    )
    finally:
        first.stop()
    return embedded.start(settings)
