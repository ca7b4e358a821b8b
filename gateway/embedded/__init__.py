"""The PostgreSQL of a bare machine, run under our own small supervisor.

Contract: `start(settings)` gives a `Running` with a DSN for the owner role; it adopts a server
that a killed gateway left behind, starts one over old data, or makes the database. `ensure` is
called again and again by whoever supervises: it gives the same object while the server lives,
else a new one. All calls block and belong into a thread. When the gateway dies without `stop`, a
guard process ends the server after `orphan_grace_s`, unless another gateway has adopted it.

    running = ensure(settings)                  # first time
    running = ensure(settings, running)         # every second or so
    running.stop()                              # fast shutdown; the data stay

What it brings: loopback TCP only, SCRAM with a random 256-bit password in a 0600 file, UTF-8 with
code point order (builtin C.UTF-8), checksums, fsync and synchronous commit on, UTC, logs that are
bounded (8 files of 8 MiB) and hold no statements.

Limits: one gateway per data_dir (the second gets `InUse`); a child that the gateway forks without
exec keeps the lock and the guard's pipe alive; NFS is not supported; only Linux is tested.
"""

from gateway.embedded.bringup import How
from gateway.embedded.errors import (
    DiskFull,
    EmbeddedError,
    InUse,
    NotAnswering,
    NotOurs,
    NotWritable,
    PortTaken,
    StartFailed,
    Unsupported,
    WrongMajor,
)
from gateway.embedded.settings import Settings
from gateway.embedded.supervisor import Running, adopt, ensure, erase, start

__all__ = [
    "DiskFull",
    "EmbeddedError",
    "How",
    "InUse",
    "NotAnswering",
    "NotOurs",
    "NotWritable",
    "PortTaken",
    "Running",
    "Settings",
    "StartFailed",
    "Unsupported",
    "WrongMajor",
    "adopt",
    "ensure",
    "erase",
    "start",
]
