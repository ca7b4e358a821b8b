"""What a COPY in binary format carries, read as the server reads it.

PostgreSQL documentation, "COPY", Binary Format:
```
signature 11 bytes | flags 4 | extension length 4 | extension | rows | end of rows 2 = -1
row     count of fields 2 | fields
field   length 4, -1 for NULL | value
```
Numbers come high byte first; timestamptz counts microseconds since 2000-01-01 UTC.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import errors

SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0"
FLAGS_BYTES = 4
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_int2 = struct.Struct("!h").unpack_from
_int4 = struct.Struct("!i").unpack_from
_int8 = struct.Struct("!q").unpack
_float8 = struct.Struct("!d").unpack


def _moment(value: bytes) -> datetime:
    return EPOCH + timedelta(microseconds=_int8(value)[0])


def _text(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise errors.CharacterNotInRepertoire("invalid byte sequence for UTF8") from error
    if "\0" in text:
        raise errors.CharacterNotInRepertoire('invalid byte sequence for encoding "UTF8": 0x00')
    return text


READERS: Final[Mapping[str, Callable[[bytes], Any]]] = {
    "timestamptz": _moment,
    "uuid": lambda value: UUID(bytes=value),
    "text": _text,
    "bool": lambda value: value != b"\0",
    "bytea": bytes,
    "float8": lambda value: _float8(value)[0],
}


def unpack(stream: bytes, types: Sequence[str]) -> list[tuple[Any, ...]]:
    """Read the rows of a stream.

    Raises:
        BadCopyFileFormat: it is not what the format says.
        CharacterNotInRepertoire: a text is not UTF-8, or holds a NUL.
    """
    readers = [READERS[one] for one in types]
    try:
        return _rows(stream, readers)
    except (struct.error, ValueError) as error:
        raise errors.BadCopyFileFormat(f"the COPY stream cannot be read: {error}") from error


def _rows(stream: bytes, readers: Sequence[Callable[[bytes], Any]]) -> list[tuple[Any, ...]]:
    start = len(SIGNATURE) + FLAGS_BYTES
    if not stream.startswith(SIGNATURE):
        raise ValueError("no COPY signature")
    at = start + 4 + _int4(stream, start)[0]
    rows = []
    while (count := _int2(stream, at)[0]) != -1:
        if count != len(readers):
            raise ValueError(f"row field count is {count}, expected {len(readers)}")
        row, at = _row(stream, at + 2, readers)
        rows.append(row)
    if at + 2 != len(stream):
        raise ValueError(f"{len(stream) - at - 2} bytes after the end of rows, expected none")
    return rows


def _row(
    stream: bytes, at: int, readers: Sequence[Callable[[bytes], Any]]
) -> tuple[tuple[Any, ...], int]:
    values: list[Any] = []
    for read in readers:
        (length,) = _int4(stream, at)
        at += 4
        if length == -1:
            values.append(None)
            continue
        if at + length > len(stream):
            raise ValueError(f"a field of {length} bytes, {len(stream) - at} are left")
        values.append(read(stream[at : at + length]))
        at += length
    return tuple(values), at
