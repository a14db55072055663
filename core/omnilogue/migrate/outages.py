"""Waiting for an end that does not answer: nothing new is begun until it does, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ..errors import OmnilogueError
from ..http import Clock
from .failing import verdict

PROBE_SECONDS = 30.0


class Outage:
    """A gate that all workers pass before they begin a conversation."""

    def __init__(self, clock: Clock, longest: float, probe: Callable[[], Awaitable[object]]) -> None:
        """Take how long to wait at most, seconds, and what tells whether both ends answer again."""
        self._clock = clock
        self._longest = longest
        self._probe = probe
        self._lock = asyncio.Lock()
        self._since: float | None = None
        self._answers = 0

    def end(self) -> None:
        """Note that something was done: both ends answer."""
        self._since = None

    async def wait(self, error: OmnilogueError) -> None:
        """Wait until both ends answer again. Raises the error where that takes too long."""
        if self._since is None:
            self._since = self._clock.monotonic()
        until, before = self._since + self._longest, self._answers
        async with self._lock:
            while self._since is not None and self._clock.monotonic() < until:
                if self._answers != before:  # another worker has waited, for all
                    return
                await self._clock.sleep(min(error.retry_after or PROBE_SECONDS, PROBE_SECONDS))
                self._answers += await self._is_over()
        if self._since is not None:  # else another worker has done something meanwhile
            raise error

    async def _is_over(self) -> bool:
        try:
            await self._probe()
        except OmnilogueError as error:
            if verdict(error) == "outage":
                return False
            raise
        return True
