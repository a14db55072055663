"""What a run tells while it goes on, for whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..http import Clock

EVERY = 0.25
"""Seconds between two events, at least, while messages arrive."""


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """How far a plan, a copy or a check has come: conversations, messages, seconds since it began.

    `done` of `total` are conversations. A copy tells of each that ended, and a few times a second while messages
    arrive: `messages` are those copied so far, of about `expected`; elsewhere `expected` is 0.
    `what` is `outage` while nothing new is begun because an end does not answer: `seconds` is how long that has lasted
    then, and `message` says why.
    """

    phase: Literal["plan", "copy", "check", "undo"]
    done: int
    total: int
    messages: int = 0
    seconds: float = 0.0
    what: Literal["progress", "outage"] = "progress"
    message: str = ""
    expected: int = 0


Progress: TypeAlias = Callable[[CopyProgress], object]


def silent(_: CopyProgress) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Tally:
    """Counts the messages a run has copied, and now and then lets somebody tell of it."""

    clock: Clock
    copied: int = 0
    _told: Callable[[], object] = field(default=lambda: None)
    _next: float = 0.0

    def watch(self, told: Callable[[], object]) -> None:
        """Call this from now on while messages arrive, a few times a second at most."""
        self._told = told
        self._next = self.clock.monotonic() + EVERY

    def add(self, messages: int) -> None:
        """Count messages that were copied."""
        self.copied += messages
        if (now := self.clock.monotonic()) >= self._next:
            self._next = now + EVERY
            self._told()
