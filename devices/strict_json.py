"""JSON from devices, read strictly: what two readers could understand differently is Corrupt.

Refused: anything but one object, repeated keys (RFC 8259 section 4 leaves open which one counts,
and one of the two could be a press), NaN, Infinity and numbers beyond a double, NUL and lone
surrogates in strings (no text column takes them), more than MAX_DEPTH levels.
"""

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from devices.errors import Corrupt

MAX_DEPTH = 16
MAX_BODY_BYTES = 65_536

Object = dict[str, Any]

_decode = msgspec.json.Decoder().decode


def read_object(body: bytes) -> Object:
    """Read one JSON object.

    Raises:
        Corrupt: with what was found and what was expected.
    """
    if not 0 < len(body) <= MAX_BODY_BYTES:
        raise Corrupt(f"{len(body)} bytes, expected 1 to {MAX_BODY_BYTES}")
    try:
        value = _decode(body)
    except RecursionError:
        raise Corrupt(f"nested beyond measure, expected at most {MAX_DEPTH} levels") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Corrupt(f"{len(body)} bytes, expected a JSON object: {error}") from None
    if not isinstance(value, dict):
        raise Corrupt(f"JSON {type(value).__name__}, expected an object")
    strings = _count_strings(value, MAX_DEPTH)
    if b"\\" in body:
        _refuse_nul(value)
        json.loads(body, object_pairs_hook=_each_key_once)
    elif (found := body.count(b'"') // 2) != strings:
        # Without escapes each string is two quotation marks, and a key that was overwritten by
        # its repetition is not among the strings any more.
        raise Corrupt(f"{found} strings, {strings} kept, expected each key once")
    return value


def _each_key_once(pairs: list[tuple[str, object]]) -> None:
    keys = {key for key, _ in pairs}
    if len(keys) < len(pairs):
        raise Corrupt(f"{len(pairs)} keys, {len(keys)} different ones, expected each once")


def _count_strings(container: Object | list[Any], levels: int) -> int:
    """Count strings, keys included; a plain loop, because every message goes through it."""
    if levels == 0:
        raise Corrupt(f"nested deeper than {MAX_DEPTH} levels, expected at most {MAX_DEPTH}")
    strings = 0
    inner: Iterable[Any] = container
    if isinstance(container, dict):
        strings = len(container)
        inner = container.values()
    for item in inner:
        kind = type(item)
        if kind is str:
            strings += 1
        elif kind is dict or kind is list:
            strings += _count_strings(item, levels - 1)
    return strings


def _refuse_nul(value: object) -> None:
    """Look for NUL in strings; only an escape can bring it there, raw it is no JSON."""
    if isinstance(value, str):
        if "\0" in value:
            raise Corrupt(f"NUL at character {value.index(chr(0))} of a string, expected none")
    elif isinstance(value, dict | list):
        for item in (*value.keys(), *value.values()) if isinstance(value, dict) else value:
            _refuse_nul(item)
