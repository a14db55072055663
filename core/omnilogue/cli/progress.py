"""Progress of long reading, for a person who would otherwise see nothing."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from .session import Session

EVERY = 0.2
"""Seconds between two updates."""


class Progress:
    """Counts items on standard error while the result goes elsewhere; silent where nobody looks."""

    def __init__(self, session: Session) -> None:
        from ..http import SystemClock

        self._clock = SystemClock()
        self._is_seen = sys.stderr.isatty() and not session.quiet and not session.output.is_terminal
        self._count = 0
        self._began = self._told = self._clock.monotonic()
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def advance(self) -> None:
        """Count one item."""
        self._count += 1
        if self._is_seen and (now := self._clock.monotonic()) - self._told >= EVERY:
            self._told = now
            self._tell(f"{self._count} read, {self._count / (now - self._began):.0f}/s")

    def _tell(self, text: str) -> None:
        sys.stderr.write(f"\r{text.ljust(self._width)}\r")
        sys.stderr.flush()
        self._width = len(text)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._width:
            self._tell("")
