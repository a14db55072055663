"""Telling how far a copy has come: one line that changes for a person, a plain line now and then for a file."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .terminal import one_line

if TYPE_CHECKING:
    from ..migrate.progress import CopyProgress
    from .session import Session

ON_TERMINALS = 0.2
ELSEWHERE = 10.0
"""Seconds between two lines."""

VERBS = {"plan": "read", "copy": "copied", "check": "compared", "undo": "taken back"}


class CopyTelling:
    """Takes the events of a run and tells some of them on standard error; silent with `--quiet`."""

    def __init__(self, session: Session) -> None:
        self.phase = ""
        self._is_quiet = session.quiet
        self._is_terminal = sys.stderr.isatty()
        self._next = 0.0
        self._what = ""
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __call__(self, event: CopyProgress) -> None:
        """Take one event."""
        if (event.phase, event.what) != (self.phase, self._what):
            self.phase, self._what = event.phase, event.what
            self._next = 0.0 if self._is_terminal or event.what == "outage" else ELSEWHERE
        if self._is_quiet or event.seconds < self._next:
            return
        self._next = event.seconds + (ON_TERMINALS if self._is_terminal else ELSEWHERE)
        self._tell(outage(event) if event.what == "outage" else line(event))

    def _tell(self, text: str) -> None:
        text = one_line(text)
        sys.stderr.write(f"\r{text.ljust(self._width)}\r" if self._is_terminal else f"{text}\n")
        sys.stderr.flush()
        self._width = len(text)

    def clear(self) -> None:
        """Take the line away."""
        if self._width and self._is_terminal:
            self._tell("")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()


def line(event: CopyProgress) -> str:
    """Tell how far it has come: counts, rate, time left."""
    told = [f"{event.done:,} of {event.total:,} conversations {VERBS[event.phase]}"]
    if event.messages:
        told.append(f"{event.messages:,}{_of(event)} messages")
    steps, all_steps = _steps(event)
    if steps and event.seconds > 0:
        rate, what = (event.messages, " messages") if event.expected and event.messages else (event.done, "")
        told.append(f"{rate / event.seconds:,.1f}{what}/s")
        if event.done < event.total:
            told.append(f"about {span((all_steps - steps) * event.seconds / steps)} left")
    return ", ".join(told)


def _of(event: CopyProgress) -> str:
    """Tell how many messages are expected, while that is no fewer than there are."""
    return f" of {event.expected:,}" if event.expected >= event.messages and event.expected else ""


def _steps(event: CopyProgress) -> tuple[int, int]:
    """Give what was done and all there is to do; in a copy a conversation takes about as long as a message."""
    if not event.expected:
        return event.done, event.total
    messages = min(event.messages, event.expected)  # more may have come since they were counted
    return event.done + messages, event.total + event.expected


def outage(event: CopyProgress) -> str:
    """Tell that an end does not answer, and for how long."""
    return f"waiting for an end that does not answer, {span(event.seconds)} so far: {event.message}"


def span(seconds: float) -> str:
    """Give a duration for people: `45 s`, `3 min`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{round(whole / 60)} min"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
