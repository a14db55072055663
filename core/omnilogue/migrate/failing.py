"""What an error means for a migration: one conversation's own fault, an outage, or the end of the run."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ..errors import OmnilogueError

Verdict: TypeAlias = Literal["dead", "outage", "unknown", "stop"]

DEAD = frozenset(
    {
        "bad_request",
        "bad_response",
        "busy",
        "conflict",
        "content_filtered",
        "content_too_large",
        "context_too_long",
        "invalid_input",
        "loss_refused",
        "not_found",
        "pagination",
        "run_failed",
        "source_changed",
        "stream_broken",
        "too_large",
        "unsupported",
        "vendor_error",
        "verification",
    }
)
"""The conversation's own content or state is the cause, or an answer that only it gets; the others go on."""

OUTAGE = frozenset({"circuit_open", "connect_failed", "connection_lost", "deadline", "rate_limit", "server", "timeout"})
"""The vendor, or the way to it: nothing is dead, everything waits."""


def verdict(error: OmnilogueError) -> Verdict:
    """Tell what becomes of the run after this error; what no table knows ends it."""
    if error.code == "outcome_unknown":
        return "unknown"
    if error.code in DEAD:
        return "dead"
    return "outage" if error.code in OUTAGE else "stop"
