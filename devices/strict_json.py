"""JSON from devices, read strictly: what two readers could understand differently is Corrupt.

Refused: anything but one object, repeated keys (RFC 8259 section 4 leaves open which one counts,
and one of the two could be a press), NaN, Infinity and numbers beyond a double, NUL and lone
surrogates in strings (no text column takes them), more than MAX_DEPTH levels.
"""

import json
from typing import Any

import msgspec

from devices.errors import Corrupt

MAX_DEPTH = 16
MAX_BODY_BYTES = 65_536

Object = dict[str, Any]


def read_object(body: bytes) -> Object:
    """Read one JSON object.

    Raises:
        Corrupt: with what was found and what was expected.
    """
    if not 0 < len(body) <= MAX_BODY_BYTES:
        raise Corrupt(f"{len(body)} bytes, expected 1 to {MAX_BODY_BYTES}")
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise Corrupt(f"nested beyond measure, expected at most {MAX_DEPTH} levels") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Corrupt(f"{len(body)} bytes, expected a JSON object: {error}") from None
    if not isinstance(value, dict):
        raise Corrupt(f"JSON {type(value).__name__}, expected an object")
    strings = _count_strings(value, MAX_DEPTH)
    if b"\\" in body:
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


def _count_strings(value: object, levels: int) -> int:
    if isinstance(value, str):
        if "\0" in value:
            raise Corrupt(f"NUL at character {value.index(chr(0))} of a string, expected none")
        return 1
    if not isinstance(value, dict | list):
        return 0
    if levels == 0:
        raise Corrupt(f"nested deeper than {MAX_DEPTH} levels, expected at most {MAX_DEPTH}")
    inner = (*value.keys(), *value.values()) if isinstance(value, dict) else value
    return sum(_count_strings(item, levels - 1) for item in inner)
