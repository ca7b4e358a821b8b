"""COPY alone: the ceiling of what one connection can store, with no network in front."""

import importlib.metadata
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.bench.peers.ground import Ground
from gateway.bench.peers.process import Child
from gateway.bench.system import Poured, Stored, Told

PROGRAM = Path(__file__).resolve().parent / "copy_rows.py"
PATIENCE_S = 60.0


class CopyAlone:
    """copy_rows.py beside a PostgreSQL of its own."""

    key = "copy"
    name = "COPY alone: binary, batches of 500, no network"
    stores = True

    def __init__(self) -> None:
        """Start nothing yet."""
        self._ground: Ground | None = None
        self._child: Child | None = None

    async def open(self, told: Told) -> Mapping[str, str]:
        """Start the database and the program.

        Raises:
            SystemFailed: one of them does not come up.
        """
        assert self._ground is None, "COPY alone was opened twice without a stop"
        self._ground = ground = Ground(told.folder, told.devices)
        try:
            await ground.start_database(told.commit_delay_ms)
            words = [sys.executable, "-P", str(PROGRAM)]
            surroundings = {"PEER_DSN": ground.dsn}
            child = await Child.start("copy", words, ground.folder, surroundings, talks=True)
            ground.keep("COPY", child)
            self._child = child
            await self.pour(0, 0.0)  # an order of no time: it is connected
        except BaseException:
            await self.stop()
            raise
        ground.versions["psycopg"] = importlib.metadata.version("psycopg")
        return dict(ground.versions)

    async def pour(self, step: int, seconds: float) -> Poured:
        """Put in as much as goes in this time.

        Raises:
            SystemFailed: the program does not answer.
        """
        assert self._child is not None, "open comes first"
        told = json.loads(await self._child.ask(f"{step} {seconds}", seconds + PATIENCE_S))
        return Poured(told["rows"], told["took_s"], tuple(told["batches_s"]))

    async def stored(self, step: int) -> Stored:
        """Say what is in the table."""
        return await self._here.tables.stored(step)

    async def parts(self) -> Mapping[str, Sequence[int]]:
        """Give the processes of the database and of the program."""
        return {name: list(pids) for name, pids in self._here.parts.items()}

    async def stop(self) -> None:
        """End both."""
        ground, self._ground, self._child = self._ground, None, None
        if ground is not None:
            await ground.stop()

    @property
    def _here(self) -> Ground:
        assert self._ground is not None, "COPY alone does not run"
        return self._ground
