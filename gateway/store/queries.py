"""The named queries of gateway/sql/queries.sql: `-- name --`, lines of purpose, the query."""

import re
from functools import cache
from importlib import resources

HEADER = re.compile(r"^-- ([a-z0-9_]+) --$", re.MULTILINE)


def parse(text: str) -> dict[str, str]:
    """Cut a file into its queries, by name.

    Raises:
        ValueError: when a name stands twice, or a query has no line of purpose.
    """
    parts = HEADER.split(text)
    found: dict[str, str] = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name in found:
            raise ValueError(f"queries.sql: the name {name!r} stands twice")
        if not body.lstrip("\n").startswith("-- "):
            raise ValueError(f"queries.sql: {name!r} has no line of purpose")
        lines = [line for line in body.splitlines() if not line.startswith("-- ")]
        found[name] = "\n".join(lines).strip()
    return found


@cache
def queries() -> dict[str, str]:
    """Give all queries of the package by name."""
    text = resources.files("gateway").joinpath("sql/queries.sql").read_text(encoding="utf-8")
    return parse(text)


def query(name: str) -> bytes:
    """Give one query.

    Raises:
        KeyError: when there is none of that name.
    """
    return queries()[name].encode()
