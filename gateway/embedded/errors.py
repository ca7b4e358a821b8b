"""What can keep the embedded PostgreSQL from running.

Every message says what was found, where, and what to do next.

    EmbeddedError            never raised itself
    |-- Unsupported          this system or installation cannot run one: name a PostgreSQL by DSN
    |-- NotOurs              the folder, or the database in it, belongs to something or someone else
    |-- WrongMajor           the data were made by another major version of PostgreSQL
    |-- NotWritable          a folder cannot be written or reached
    |-- DiskFull             no space, or no quota, left
    |-- PortTaken            the port that was asked for is in use
    |-- InUse                another gateway, or a hand-started server, runs this database
    |-- NotAnswering         a server runs, but does not answer
    `-- StartFailed          the server did not come up for a reason that only its log tells
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_TAIL_LINES = 12


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be had; the message says what to do next."""


class Unsupported(EmbeddedError):  # noqa: N818 - named like the answers of devices.errors
    """This system or installation cannot run an embedded PostgreSQL."""


class NotOurs(EmbeddedError):  # noqa: N818 - as above
    """The folder, or the database in it, belongs to something or someone else."""


class WrongMajor(EmbeddedError):  # noqa: N818 - as above
    """The data were made by another major version of PostgreSQL."""


class NotWritable(EmbeddedError):  # noqa: N818 - as above
    """A folder cannot be written or reached."""


class DiskFull(EmbeddedError):  # noqa: N818 - as above
    """No space, or no quota, is left."""


class PortTaken(EmbeddedError):  # noqa: N818 - as above
    """The port that was asked for is in use."""


class InUse(EmbeddedError):  # noqa: N818 - as above
    """Another gateway, or a server started by hand, runs this database."""


class NotAnswering(EmbeddedError):  # noqa: N818 - as above
    """A server runs over the data, but does not answer."""


class StartFailed(EmbeddedError):  # noqa: N818 - as above
    """The server did not come up; the message carries the end of its log."""


def full_disk(path: Path, detail: str) -> DiskFull:
    """The one sentence for a full disk, wherever it was met."""
    return DiskFull(
        f"no space left under {path} ({detail}): free at least 200 MiB there, or name a data_dir "
        "on a bigger disk; nothing that was committed is lost"
    )


@contextmanager
def naming(path: Path, doing: str) -> Iterator[None]:
    """Turn an OSError inside the block into the EmbeddedError that names path and next step.

    Args:
        path: the folder or file that the block works on.
        doing: the block's purpose, as it continues "cannot ...".

    Raises:
        DiskFull: for no space and no quota.
        NotWritable: for every other OSError.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise full_disk(path, doing) from error
        raise NotWritable(
            f"cannot {doing}: {path}: {error.strerror or error}; give this user write access to "
            "it, or name another data_dir"
        ) from error


def from_log(log: str, cluster: Path, port: int | None) -> EmbeddedError:
    """The error that PostgreSQL's own last words (in English) stand for.

    Args:
        log: what the server or initdb wrote.
        cluster: the data directory it was started over.
        port: the TCP port it was told to listen on, None for initdb.
    """
    tail = "\n".join(log.strip().splitlines()[-_TAIL_LINES:]) or "(its log is empty)"
    if "No space left on device" in log or "Disk quota exceeded" in log:
        return full_disk(cluster, tail.splitlines()[-1])
    if "could not bind" in log or "could not create any TCP/IP sockets" in log:
        return PortTaken(
            f"port {port} on 127.0.0.1 is in use: stop what listens there, name another port, or "
            "leave the port out to get a free one"
        )
    if "Permission denied" in log or "Read-only file system" in log:
        return NotWritable(
            f"PostgreSQL cannot write in {cluster}: give its user write access there, or name "
            f"another data_dir; it says:\n{tail}"
        )
    if "pre-existing shared memory block" in log or ("lock file" in log and "exists" in log):
        return InUse(
            f"processes of an earlier server still use {cluster}: end them, then start again; "
            f"PostgreSQL says:\n{tail}"
        )
    return StartFailed(f"PostgreSQL did not start over {cluster}; it says:\n{tail}")
