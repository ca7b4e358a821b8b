"""Checkpoints of the audit's chain, in files outside of the database.

    audit.checkpoint          the newest: rewritten with every seal
    audit.checkpoints         one line every KEPT_EVERY, for ever: about 10 MB a year
    audit.checkpoint.cut-…    a checkpoint the database did not reach any more: kept as evidence

Contract: a checkpoint says how long the chain was and how it ended; a chain that is shorter, or
ends otherwise at that place, was cut or changed. It bears a keyed code, so a file cannot be made up
without the key. Whoever can write these files *and* the database can cut both: copy them to a
machine that only takes.
"""

import hashlib
import hmac
import os
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from gateway.keys import OWNER_ONLY

NEWEST = "audit.checkpoint"
ALL = "audit.checkpoints"
CUT = "audit.checkpoint.cut-"
KEPT_EVERY = timedelta(minutes=10)
MAX_FILES = 100
MAX_LINES = 2_000_000


class Checkpoint(msgspec.Struct, frozen=True):
    """How the chain stood: its length, its last link, when, and a code over these."""

    seq: int
    link: str
    at: datetime
    code: str = ""


class BadCheckpoint(msgspec.Struct, frozen=True):
    """A line of a checkpoint file that is none of ours."""

    file: str
    line: int


def coded(key: bytes, seq: int, link: bytes, at: datetime) -> Checkpoint:
    """Make a checkpoint."""
    return Checkpoint(seq, link.hex(), at, _code(key, seq, link.hex(), at))


def _code(key: bytes, seq: int, link: str, at: datetime) -> str:
    text = msgspec.json.encode(["checkpoint", seq, link, at])
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def parsed(key: bytes, line: bytes) -> Checkpoint | None:
    """Read a line; None when it is not a checkpoint with its code."""
    try:
        found = msgspec.json.decode(line, type=Checkpoint)
    except msgspec.MsgspecError:
        return None
    good = hmac.compare_digest(found.code, _code(key, found.seq, found.link, found.at))
    return found if good else None


def newest(folder: Path, key: bytes) -> Checkpoint | None:
    """Give the newest checkpoint; None when there is none, or none that can be believed."""
    try:
        line = (folder / NEWEST).read_bytes()
    except FileNotFoundError:
        return None
    return parsed(key, line)


def write(folder: Path, checkpoint: Checkpoint, *, keep: bool) -> None:
    """Write the newest checkpoint, and with `keep` a line in the file of all of them.

    Raises:
        OSError: the disk does not take it.
    """
    line = msgspec.json.encode(checkpoint) + b"\n"
    if keep:
        handle = os.open(folder / ALL, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_ONLY)
        _put(handle, line)
    made = folder / f"{NEWEST}.new"
    _put(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY), line)
    made.replace(folder / NEWEST)


def _put(handle: int, line: bytes) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def set_aside(folder: Path, at: datetime) -> Path:
    """Keep the newest checkpoint as evidence, under a name of its own; give it."""
    kept = folder / f"{CUT}{at:%Y%m%dT%H%M%S}"
    (folder / NEWEST).replace(kept)
    return kept


def all_of(folder: Path, key: bytes) -> tuple[list[Checkpoint], list[BadCheckpoint]]:
    """Give every checkpoint of a folder, and the lines that are none.

    Raises:
        OSError: a file cannot be read.
    """
    good: list[Checkpoint] = []
    bad: list[BadCheckpoint] = []
    files = [folder / ALL, folder / NEWEST, *sorted(folder.glob(f"{CUT}*"))[:MAX_FILES]]
    for path in files:
        if not path.exists():
            continue
        with path.open("rb") as file:
            for number, line in zip(range(1, MAX_LINES + 1), file, strict=False):
                found = parsed(key, line)
                if found is None:
                    bad.append(BadCheckpoint(path.name, number))
                else:
                    good.append(found)
    return good, bad
