"""Logs: one JSON object a line on standard error, named fields, no personal data.

A field whose name is not on the list is dropped and named in `dropped`, so that a name, an address
or a message body cannot slip into a log by a careless call (DESIGN 9).
"""

import logging
import sys
import traceback
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from gateway.errors import StoreError

FIELDS = frozenset(
    {
        "event", "level", "timestamp", "error", "worker", "line", "lane", "link", "fault", "what",
        "recipient", "sessions", "role", "port", "count", "seconds", "drift_s", "storage",
        "alarm", "referral", "subject", "dropped", "reason", "pid", "state", "partitions",
        "version", "connections", "all_acknowledged", "bytes", "path",
    }
)  # fmt: skip

# These log every address they ask for, and a search for a referral names its person by number.
TALKATIVE = ("httpx", "httpcore")


def only_known_fields(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Drop fields that are not on the list, and say so."""
    del logger, method
    strangers = sorted(set(event) - FIELDS)
    if strangers:
        for name in strangers:
            del event[name]
        event["dropped"] = strangers
    return event


def place(error: BaseException) -> str:
    """Say what an error is and where it was raised: no message, which may hold personal data.

    What the database said is told: by its class and code, which is all that our own error holds.
    """
    said = f" ({error})" if isinstance(error, StoreError) else ""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + said + where


def configure(level: str) -> None:
    """Set up logging for the process.

    Args:
        level: `debug`, `info`, `warning` or `error`.
    """
    processors: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        only_known_fields,
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
