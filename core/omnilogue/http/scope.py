"""The verb under way: how much time it has left, and what became of what it sent.

A remote's verb opens a scope; the door below reads it. It travels in a context variable, so that a provider
passes nothing on and still no request outlives its verb.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..errors import Outcome


class Scope:
    """One verb: when it must be over (monotonic seconds, None for never) and what became of its writes.

    `outcome` is that of the write under way or the last one; `applied` is True once any of them has happened;
    `left_over` says what a failed verb leaves behind, for the hint of its error; `run_id` is the run that is under
    way at the vendor, as far as it is known; `give_way` ends the verb for another that takes its place.
    """

    __slots__ = ("applied", "endpoint", "expires", "give_way", "left_over", "outcome", "run_id")

    def __init__(self, expires: float | None = None) -> None:
        self.expires = expires
        self.outcome: Outcome = "not_sent"
        self.applied = False
        self.endpoint = ""
        self.left_over = ""
        self.run_id: str | None = None
        self.give_way: Callable[[], Awaitable[None]] | None = None

    def left(self, now: float) -> float | None:
        """Give the seconds left, at least 0, or None where there is no limit."""
        return None if self.expires is None else max(0.0, self.expires - now)


_UNLIMITED = Scope()
CURRENT: ContextVar[Scope] = ContextVar("omnilogue_scope", default=_UNLIMITED)


class Pauses:
    """The seconds that requests have waited for the pace of their remote, as long as they are noted."""

    def __init__(self) -> None:
        self.seconds = 0.0


_PAUSES: ContextVar[Pauses | None] = ContextVar("omnilogue_pauses", default=None)


@contextmanager
def noted_pauses() -> Iterator[Pauses]:
    """Add up how long the requests made in here wait for their pace: what is left of the time is the vendor's."""
    token = _PAUSES.set(pauses := Pauses())
    try:
        yield pauses
    finally:
        _PAUSES.reset(token)


def note_pause(seconds: float) -> None:
    """Tell that a request has waited for its pace."""
    if pauses := _PAUSES.get():
        pauses.seconds += seconds


def note_run(run_id: str) -> None:
    """Tell which run is under way, as soon as its id is known: it is stopped when nobody waits for it any more."""
    CURRENT.get().run_id = run_id
