"""Ending a run early: by request, or because its time is over. What is in flight is finished and noted."""

from __future__ import annotations

from ..http import Clock, SystemClock


class Stopped(Exception):  # noqa: N818  # no error: the run was asked to end
    """The run is to end; what was begun is noted, the rest stays pending."""


class Stop:
    """Asked between two writes whether to go on; `ask` may be called from any thread and from a signal handler."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._until: float | None = None
        self._is_asked = False

    def limit(self, max_duration: float | None) -> None:
        """Let the run last at most so many seconds from now."""
        self._until = None if max_duration is None else self._clock.monotonic() + max_duration

    def ask(self) -> None:
        """Let the run end after the message in flight."""
        self._is_asked = True

    @property
    def is_asked(self) -> bool:
        """Whether somebody asked for the end."""
        return self._is_asked

    @property
    def is_late(self) -> bool:
        """Whether the time is over."""
        return self._until is not None and self._clock.monotonic() >= self._until

    @property
    def is_due(self) -> bool:
        """Whether the run is to end."""
        return self._is_asked or self.is_late

    def check(self) -> None:
        """Raise Stopped where the run is to end."""
        if self.is_due:
            raise Stopped
