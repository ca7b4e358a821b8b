"""Rows for COPY in binary, packed here: one buffer, so one write, for a whole batch.

PostgreSQL documentation, "COPY", Binary Format (the same since version 7.4); numbers high byte
first:
```
signature 11 bytes | flags 4 = 0 | extension 4 = 0 | rows | end of rows 2 = -1
row     count of fields 2 | fields
field   length 4, -1 for NULL | value
value   uuid 16 | timestamptz 8, microseconds since 2000-01-01 UTC | float8 8 | bool 1
        text UTF-8 | bytea as it is
```
A real row of (true, NULL): `00 02  00 00 00 01 01  ff ff ff ff`.
"""

import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
TRUE, FALSE = b"\0\0\0\1\1", b"\0\0\0\1\0"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_UUID_BYTES = (16).to_bytes(4)
_moment_of = struct.Struct("!iq").pack
_number_of = struct.Struct("!id").pack


def moment(at: datetime | None) -> bytes:
    """Pack an aware time as timestamptz."""
    if at is None:
        return NULL
    since = at - _EPOCH
    return _moment_of(8, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def uuid(value: UUID | None) -> bytes:
    """Pack a UUID."""
    return NULL if value is None else _UUID_BYTES + value.int.to_bytes(16)


def number(value: float | None) -> bytes:
    """Pack a number as float8."""
    return NULL if value is None else _number_of(8, value)


def binary(value: bytes) -> bytes:
    """Pack bytes as bytea."""
    return len(value).to_bytes(4) + value


def text(value: str | None) -> bytes:
    """Pack text.

    Raises:
        UnicodeEncodeError: a lone surrogate, which is no text.
    """
    return NULL if value is None else binary(value.encode())


def row(*fields: bytes) -> bytes:
    """Make a row of packed fields."""
    return len(fields).to_bytes(2) + b"".join(fields)


def stream(rows: Iterable[bytes]) -> bytes:
    """Make the whole of what one COPY is sent."""
    return b"".join((HEADER, *rows, END))
