"""The verb under way: how much time it has left, and what became of what it sent.

A remote's verb opens a scope; the door below reads it. It travels in a context variable, so that a provider
passes nothing on and still no request outlives its verb.
"""

from __future__ import annotations

from contextvars import ContextVar

from ..errors import Outcome


class Scope:
    """One verb: when it must be over (monotonic seconds, None for never) and what became of its writes.

    `outcome` is that of the write under way or the last one; `applied` is True once any of them has happened;
    `left_over` says what a failed verb could not take away again, for the hint of its error.
    """

    __slots__ = ("applied", "endpoint", "expires", "left_over", "outcome")

    def __init__(self, expires: float | None = None) -> None:
        self.expires = expires
        self.outcome: Outcome = "not_sent"
        self.applied = False
        self.endpoint = ""
        self.left_over = ""

    def left(self, now: float) -> float | None:
        """Give the seconds left, at least 0, or None where there is no limit."""
        return None if self.expires is None else max(0.0, self.expires - now)


_UNLIMITED = Scope()
CURRENT: ContextVar[Scope] = ContextVar("omnilogue_scope", default=_UNLIMITED)
