"""Write an export: files only their owner can read, in a new folder, all of them or none.

Theory of operation: the files are written to `FOLDER.partial`, then the audit row is committed,
then the folder gets its name. What left the gateway is never without its audit row; an audit row
without a folder says that the last step failed.
"""

import csv
import hashlib
import io
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from alerts.referral.extract import LISTED, SINGLE, Fields
from gateway.errors import SettingsError
from gateway.keys import OWNER_ONLY

OWNER_FOLDER = 0o700
FORMULA = ("=", "+", "-", "@", "\t", "\r")
KEY = "ServiceRequestID"


def json_file(value: object) -> bytes:
    """Give a value as JSON that people can read, too."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def csv_file(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = ()) -> bytes:
    """Give rows as CSV (RFC 4180) with a header; a table without rows has its columns all the same.

    Text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    listed = list(rows)
    names = list(dict.fromkeys([*columns, *(name for row in listed for name in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in listed:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def tables(records: Iterable[Fields]) -> dict[str, list[Fields]]:
    """Lay nested records out as one table for each part, each row with its referral's key."""
    found: dict[str, list[Fields]] = {name: [] for name in (*SINGLE, *LISTED, "derived")}
    for record in records:
        for name, listed in found.items():
            part = record[name]
            parts = part if isinstance(part, list) else [part] if part else []
            listed += [{KEY: record[KEY], **one} for one in parts]
    return found


def struct_rows(values: Iterable[msgspec.Struct]) -> list[dict[str, Any]]:
    """Give structs as rows of their fields."""
    return [msgspec.structs.asdict(value) for value in values]


def refuse_existing(folder: Path) -> None:
    """Refuse a folder that is there already, finished or not.

    Raises:
        SettingsError: says which, and what to do.
    """
    for path in (folder, _partial(folder)):
        if path.exists():
            raise SettingsError(f"{path} exists: name a new folder, an export replaces nothing")


def write_partial(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files beside their folder, under a name that says they are not finished.

    Raises:
        SettingsError: the disk or its rights do not allow it; nothing is left behind.
    """
    partial = _partial(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir(mode=OWNER_FOLDER)
        for name, content in files.items():
            handle = os.open(partial / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        drop_partial(folder)
        raise SettingsError(
            f"cannot write {partial}: {error.strerror}; nothing was kept"
        ) from error


def drop_partial(folder: Path) -> None:
    """Take unfinished files away again."""
    shutil.rmtree(_partial(folder), ignore_errors=True)


def finish(folder: Path) -> None:
    """Give the folder its name.

    Raises:
        SettingsError: it was taken meanwhile; the files stay under their unfinished name.
    """
    try:
        _partial(folder).rename(folder)
    except OSError as error:
        raise SettingsError(
            f"{_partial(folder)} cannot be named {folder.name}: {error.strerror}; rename it"
        ) from error


def sha256(content: bytes) -> str:
    """Give a file's digest in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _partial(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.partial")
