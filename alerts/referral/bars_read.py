"""Reading FHIR JSON that came from outside: whatever it is, it is looked at without an error.

Bounded: at most MAX_ENTRIES entries and MAX_TEXT characters of any text are looked at.
"""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
MAX_ENTRIES = 200
MAX_TEXT = 500


def dicts(value: object) -> list[Json]:
    """Give the objects of a list, of a single object, or none."""
    found = value if isinstance(value, list) else [value]
    return [one for one in found[:MAX_ENTRIES] if isinstance(one, dict)]


def text(value: object) -> str:
    """Give a text, cut to its bound; "" for anything else."""
    return value[:MAX_TEXT].strip() if isinstance(value, str) else ""


def resources(bundle: Json, kind: str) -> list[Json]:
    """Give the resources of a type in a Bundle."""
    found = (one.get("resource") for one in dicts(bundle.get("entry")))
    return [one for one in found if isinstance(one, dict) and one.get("resourceType") == kind]


def codes(concepts: object, system: str) -> Iterator[str]:
    """Give the codes of a system, named by the end of its address, whatever its case.

    Published examples write both /CodeSystem/ and /Codesystem/ (CLINICAL 3.3).
    """
    for one in dicts(concepts):
        for coding in dicts(one.get("coding")):
            if text(coding.get("system")).lower().endswith(f"/codesystem/{system}"):
                yield text(coding.get("code"))


def words(concepts: object) -> str:
    """Give the text of the first concept that has one, or else its first display."""
    displays = []
    for one in dicts(concepts):
        if text(one.get("text")):
            return text(one["text"])
        displays += [text(coding.get("display")) for coding in dicts(one.get("coding"))]
    return next(filter(None, displays), "")
