"""COPY alone: rows of vitals into PostgreSQL over one connection, and nothing else.

It runs by itself (`python copy_rows.py`, the address of the database in PEER_DSN) and knows nothing
of this package. Each line on standard input is an order, `STEP SECONDS`: rows with the ids
`v<STEP>-<n>` for so many seconds, as fast as they go, in binary COPYs of 500 rows, each in a
transaction of its own. Each order is answered by one line of JSON: rows, seconds, and for each
batch the seconds from its first row to after its commit.
"""

import json
import os
import sys
import time
from datetime import datetime, timedelta
from typing import Any

import psycopg

BATCH_ROWS = 500
DEVICES = 1_000
TYPES = ("text", "timestamptz", "text", "text", "text", "float8", "int2")
COPY = "copy vitals from stdin (format binary)"

Connection = psycopg.Connection[Any]


def write(connection: Connection, step: int, first: int, now: datetime) -> None:
    """Write one batch, and commit."""
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        copy.set_types(TYPES)
        for number in range(first, first + BATCH_ROWS):
            who = f"bench-{number % DEVICES:05d}"
            copy.write_row((f"v{step}-{number}", now, who, who, "hr", 70.0 + number % 30, 1))


def pour(connection: Connection, step: int, seconds: float) -> str:
    """Write rows for so long; give what is answered."""
    began_at = clock(connection)
    began_s = last_s = time.perf_counter()
    batches_s: list[float] = []
    while last_s - began_s < seconds:
        first = len(batches_s) * BATCH_ROWS
        write(connection, step, first, began_at + timedelta(seconds=last_s - began_s))
        done_s = time.perf_counter()
        batches_s.append(done_s - last_s)
        last_s = done_s
    rows = len(batches_s) * BATCH_ROWS
    return json.dumps({"rows": rows, "took_s": last_s - began_s, "batches_s": batches_s})


def clock(connection: Connection) -> datetime:
    """Give the database's time."""
    found = connection.execute("select clock_timestamp()").fetchone()
    assert found is not None, "a select without a from gives one row"
    assert isinstance(found[0], datetime), "clock_timestamp is one"
    return found[0]


def main(dsn: str) -> None:
    """Do what standard input orders, until it ends."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for line in sys.stdin:
            step, seconds = line.split()
            sys.stdout.write(f"{pour(connection, int(step), float(seconds))}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(os.environ["PEER_DSN"])
