"""Exit codes, as data."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import OmnilogueError

INTERRUPTED = 130
TERMINATED = 143

BY_CODE = {
    "error": 1,
    "bad_response": 1,
    "too_large": 1,
    "pagination": 1,
    "stream_broken": 1,
    "run_failed": 1,
    "vendor_error": 1,
    "config": 2,
    "secret": 2,
    "invalid_input": 2,
    "unsupported": 2,
    "plugin_load": 2,
    "plugin_contract": 2,
    "plugin_version": 2,
    "plugin_duplicate": 2,
    "tls": 2,
    "bad_request": 2,
    "conflict": 2,
    "content_filtered": 2,
    "content_too_large": 2,
    "context_too_long": 2,
    "auth": 3,
    "forbidden": 3,
    "quota": 3,
    "not_found": 4,
    "rate_limit": 5,
    "server": 5,
    "connect_failed": 5,
    "connection_lost": 5,
    "circuit_open": 5,
    "timeout": 5,
    "deadline": 5,
    "busy": 5,
    "source_changed": 6,
    "verification": 6,
    "partial": 6,
    "ledger_locked": 8,
    "no_change": 9,
    "loss_refused": 10,
    "outcome_unknown": 11,
    "storage": 12,
    "ledger_corrupt": 12,
    "ledger_version": 12,
    "ledger_mismatch": 12,
}
"""The exit code of each code an error can carry."""

WORST_FIRST = (130, 143, 1, 12, 8, 3, 2, 11, 10, 7, 6, 4, 5, 9, 0)
"""Which one counts when several apply."""


def exit_code(error: OmnilogueError) -> int:
    """Give the exit code of an error; 1 for a code nobody knows."""
    return BY_CODE.get(error.code, 1)


def worst(codes: Iterable[int]) -> int:
    """Give the exit code that counts among several."""
    return min(codes, key=WORST_FIRST.index, default=0)
