"""The library's log on standard error: lines for a person, JSON for everything else."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from ..log import standard_logger
from .terminal import clean

LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
SAID_IN_WORDS = "list_incomplete"
"""An event that commands tell in a sentence of their own."""


class _Readable(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return clean(f"{record.levelname.lower()}: {record.getMessage()}")


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.getMessage()),
            **getattr(record, "fields", {}),
        }
        return json.dumps(line, default=str)


@contextlib.contextmanager
def logging_to_stderr(verbose: int, *, quiet: bool) -> Iterator[None]:
    """Show warnings meanwhile; with `verbose` 1 also decisions, with 2 each request; with `quiet` errors only.

    What OMNILOGUE_LOG asks for is left as it is unless an option says more.
    """
    logger = standard_logger()
    level = logging.ERROR if quiet else LEVELS[min(verbose, len(LEVELS) - 1)]
    if os.environ.get("OMNILOGUE_LOG") and not verbose and not quiet:
        yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Readable() if sys.stderr.isatty() else _Json())
    if not verbose:
        handler.addFilter(lambda record: getattr(record, "event", "") != SAID_IN_WORDS)
    before = logger.handlers[:], logger.level
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.handlers[:], level = before
        logger.setLevel(level)
