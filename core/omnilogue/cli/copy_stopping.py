"""Ending a copy in good order: the first Ctrl-C or SIGTERM lets the message in flight be finished and noted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..migrate.stopping import Stop
from . import exits
from .copy_progress import CopyTelling

if TYPE_CHECKING:
    from .session import Session

CODES = {signal.SIGINT: exits.INTERRUPTED, signal.SIGTERM: exits.TERMINATED}


class OrderlyStop:
    """Watches for signals while a copy runs; a second one ends it at once, and so does one before it writes.

    Where it was stopped, further signals are ignored once the run is over: what it did is being told.
    """

    def __init__(self, session: Session, telling: CopyTelling) -> None:
        self.stop = Stop()
        self.code: int | None = None
        self._is_over = False
        self._session = session
        self._telling = telling
        self._before: dict[signal.Signals, Callable[[int, FrameType | None], Any]] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in CODES:
                before = signal.getsignal(number)
                if callable(before):  # else it is ignored, as with nohup, or ends the process as it is
                    self._before[number] = before
                    signal.signal(number, self._heard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        if self.code is None or error is not None:
            for number, before in self._before.items():
                signal.signal(number, before)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self._is_over:
            return
        is_second = self.stop.is_asked
        self.stop.ask()
        if is_second or self._telling.phase != "copy":
            self._before[signal.Signals(number)](number, frame)
            return
        self.code = CODES[signal.Signals(number)]
        self._telling.clear()
        self._session.note("Stopping after the message in flight; Ctrl-C stops at once.")
