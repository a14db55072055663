"""Progress of long work, for a person who would otherwise see nothing."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from .session import Session

EVERY = 0.2
"""Seconds between two updates."""


class Progress:
    """Counts items on standard error while the result goes elsewhere; silent where nobody looks.

    `shows` tells whether the items themselves appear on the terminal, `done` is the word for what is done to them.
    """

    def __init__(self, session: Session, *, shows: bool | None = None, done: str = "read") -> None:
        from ..http import SystemClock

        self._clock = SystemClock()
        shows = session.output.is_terminal if shows is None else shows
        self._is_seen = sys.stderr.isatty() and not session.quiet and not shows
        self._done = done
        self._count = 0
        self._began = self._told = self._clock.monotonic()
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def advance(self, total: int | None = None) -> None:
        """Count one item, of so many where that is known."""
        self._count += 1
        if self._is_seen and (now := self._clock.monotonic()) - self._told >= EVERY:
            self._told = now
            rate = self._count / (now - self._began)
            of, left = ("", "") if total is None else (f" of {total}", f", {(total - self._count) / rate:.0f} s left")
            self._tell(f"{self._count}{of} {self._done}, {rate:.0f}/s{left}")

    def _tell(self, text: str) -> None:
        sys.stderr.write(f"\r{text.ljust(self._width)}\r")
        sys.stderr.flush()
        self._width = len(text)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._width:
            self._tell("")
