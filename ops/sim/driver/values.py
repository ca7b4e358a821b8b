"""What PostgreSQL and psycopg refuse in a value, and small helpers of the statements."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from psycopg import errors

Given = Mapping[str, Any]
ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class NotSimulated(BaseException):  # noqa: N818 - what it is; no `except Exception` may hide it
    """The gateway asked for something that the simulated driver does not know: teach it."""


def holds_nul(given: Given) -> bool:
    """Say whether a text among the values holds a NUL, which the server refuses.

    Raises:
        UnicodeEncodeError: a text holds a lone surrogate; psycopg cannot even send it.
    """
    nul = False
    for value in given.values():
        if type(value) is list or type(value) is tuple:
            nul |= _any_nul(value)
        elif isinstance(value, str):
            nul |= _is_nul(value)
    return nul


def _any_nul(values: Sequence[object]) -> bool:
    nul = False
    for one in values:
        if isinstance(one, str):
            nul |= _is_nul(one)
        elif type(one) is tuple:
            nul |= _any_nul(one)
        elif one is not None and type(values) is list:
            break  # an array is of one type
    return nul


def _is_nul(text: str) -> bool:
    if not text.isascii():
        text.encode()
    return "\0" in text


def jsonb(text: str) -> str:
    """Give JSON text as a jsonb column takes it.

    Raises:
        UntranslatableCharacter: a NUL is escaped in it, which no text of PostgreSQL can hold.
    """
    if "\\u0000" in text and ESCAPED_NUL.search(text):
        raise errors.UntranslatableCharacter("unsupported Unicode escape sequence")
    return text


@cache
def span(seconds: float) -> timedelta:
    """Give a span of time."""
    return timedelta(seconds=seconds)


def columns(given: Given, *names: str) -> Iterator[tuple[Any, ...]]:
    """Give the rows of arrays that stand side by side."""
    return zip(*(given[name] for name in names), strict=True)


def of_one_case(old: object, new: object) -> None:
    """Make sure that a row stays its case's.

    Raises:
        NotNullViolation: it would become another's.
    """
    if old != new:
        raise errors.NotNullViolation('null value in column "subject_id"')


def only_once(keys: Sequence[object]) -> None:
    """Make sure that one statement writes no row twice.

    Raises:
        CardinalityViolation: it would.
    """
    if len(keys) != len(dict.fromkeys(keys)):
        raise errors.CardinalityViolation(
            "ON CONFLICT DO UPDATE command cannot affect row a second time"
        )
