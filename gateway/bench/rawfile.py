"""The raw samples as CSV: one compressed file a climb, one line a message.

    step, rate, id, due_us, queued_us, acked_us, stored_us, row_us, seen_us

Microseconds from the step's beginning: when the message was due, was handed to its connection, when
its acknowledgement was read, when the commits of its row and of its alarm row began, when its alert
was read.
Empty: it never was, or there is no such thing for it.
"""

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.bench.answers import NEVER
from gateway.bench.messages import NS
from gateway.bench.step import Observed, Where

HEAD = ("step", "rate", "id", "due_us", "queued_us", "acked_us", "stored_us", "row_us", "seen_us")
FOLDER = "raw"
NS_PER_US = 1_000
FAST = 1


class RawFile:
    """An open file."""

    def __init__(self, file: io.TextIOBase) -> None:
        """Write the head."""
        self._csv = csv.writer(file)
        self._csv.writerow(HEAD)

    def write(self, observed: Observed) -> None:
        """Write one step."""
        samples, order = observed.samples, observed.samples.order
        commits = (observed.stored.commits or {}, observed.stored.alarms)
        columns = zip(samples.queued_ns, samples.acked_ns, samples.seen_ns, strict=True)
        for number, (queued, acked, seen) in enumerate(columns):
            name = order.id(number)
            rows = (_since(one.get(name), samples.began_ns) for one in commits)
            times = (order.due_ns(number), queued, acked, *rows, seen)
            us = ("" if at == NEVER else at // NS_PER_US for at in times)
            self._csv.writerow((order.step, order.rate, name, *us))


def _since(at_s: float | None, began_ns: int) -> int:
    return NEVER if at_s is None else int(at_s * NS) - began_ns


@contextmanager
def raw_file(out: Path, where: Where) -> Iterator[RawFile]:
    """Open the file of one climb below the folder of the run."""
    folder = out / FOLDER
    folder.mkdir(exist_ok=True)
    name = f"{where.system}-{where.commit_ms}ms-{where.round}.csv.gz"
    with (
        gzip.open(folder / name, "wb", compresslevel=FAST) as packed,
        io.TextIOWrapper(packed, newline="") as text,
    ):
        yield RawFile(text)
