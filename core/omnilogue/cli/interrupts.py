"""Signals while something is under way: Ctrl-C that stops it and not the program, and signals that end what blocks."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Coroutine, Iterator
from types import FrameType
from typing import Any


class Interrupts:
    """Within it SIGINT cancels what `run` runs and does nothing else; where it is not `wanted`, it does as ever."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> Interrupts:
        if self._wanted:
            self._before = signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(self, *_: object) -> None:
        if self._wanted:
            signal.signal(signal.SIGINT, self._before)

    def _interrupted(self, *_: object) -> None:
        if self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)

    async def run(self, action: Coroutine[Any, Any, None]) -> bool:
        """Do it; tell whether it came to its end, and was not stopped."""
        self._task = asyncio.ensure_future(action)
        try:
            await self._task
        except asyncio.CancelledError:
            whole = asyncio.current_task()
            if whole is None or whole.cancelling():  # it is the program that was asked to end
                raise
            return False
        finally:
            self._task = None
        return True


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let a signal end what blocks the event loop: a question to a person, or what comes from standard input."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def end(number: int, frame: FrameType | None) -> None:
        heard = before[signal.Signals(number)]
        if callable(heard):
            heard(number, frame)  # it cancels what waits in the loop, and this does not
        raise asyncio.CancelledError

    is_main = threading.current_thread() is threading.main_thread()
    watched = [number for number, heard in before.items() if is_main and callable(heard)]
    for number in watched:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in watched:
            signal.signal(number, before[number])
