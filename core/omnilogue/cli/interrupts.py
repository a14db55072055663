"""Ctrl-C while something is under way: it stops that, and not the program."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
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
