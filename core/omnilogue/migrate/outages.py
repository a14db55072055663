"""Waiting for an end that does not answer: nothing new is begun until it does, and not for ever.

What only reads does not wait for an end that has never answered: its address is likelier wrong than its vendor down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self, TypeVar

from ..errors import OmnilogueError
from ..http import Clock
from ..remote.landing import Landing
from .failing import verdict
from .job import Job
from .pair import Pair
from .reports import address_of
from .stopping import Stop

T = TypeVar("T")

LOOK_THERE = "check base_url and the network, then try again"

PROBE_SECONDS = 30.0
TELL_SECONDS = 1.0
"""How often it is told how long the wait has been, and looked whether the run is to end."""


class Outage:
    """A gate that all workers pass before they begin a conversation; `lasted` is how many seconds it was shut."""

    def __init__(
        self,
        clock: Clock,
        longest: float,
        probe: Callable[[], Awaitable[object]],
        stop: Stop,
        told: Callable[[float, OmnilogueError], object],
        *,
        silent: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Take how long to wait at most, what tells whether both ends answer again, and who hears of the wait.

        `told` gets the seconds waited so far and the error that began the outage. `silent` names an end that is not
        waited for.
        """
        self.lasted = 0.0
        self._clock = clock
        self._longest = longest
        self._probe = probe
        self._stop = stop
        self._told = told
        self._silent = silent
        self._lock = asyncio.Lock()
        self._since: float | None = None
        self._answers = 0

    @classmethod
    def of(cls, job: Job, longest: float, told: Callable[[float, OmnilogueError], object]) -> Self:
        """Give the gate of a run over both ends of a job."""
        return cls(job.pair.clock, longest, lambda: probe(job.pair), job.stop, told)

    @classmethod
    def of_reading(cls, job: Job, longest: float, told: Callable[[float, OmnilogueError], object]) -> Self:
        """Give the gate of what only reads both ends: one that was asked and has never answered ends it at once."""
        pair = job.pair
        return cls(pair.clock, longest, lambda: probe(pair), job.stop, told, silent=lambda: never_answered(pair))

    def end(self) -> None:
        """Note that something was done: both ends answer."""
        if self._since is not None:
            self.lasted += self._clock.monotonic() - self._since
        self._since = None

    async def through(self, read: Callable[[], Awaitable[T]]) -> T:
        """Do what only reads, from its beginning again after each outage.

        Raises what is no outage, the error of one that takes too long, Stopped where the run is to end.
        """
        while True:
            try:
                found = await read()
            except OmnilogueError as error:
                if verdict(error) != "outage":
                    raise
                await self.wait(error)
                self._stop.check()
            else:
                self.end()
                return found

    async def wait(self, error: OmnilogueError) -> None:
        """Wait until both ends answer again, or the run is to end.

        Raises the error where that takes too long, or an end is not waited for.
        """
        self._require_patience(error)
        if self._since is None:
            self._since = self._clock.monotonic()
        until, before = self._since + self._longest, self._answers
        async with self._lock:
            while self._since is not None and self._clock.monotonic() < until:
                if self._answers != before:  # another worker has waited, for all
                    return
                await self._pause(min(error.retry_after or PROBE_SECONDS, PROBE_SECONDS), until, error)
                if self._stop.is_due:
                    return
                self._answers += self._since is not None and await self._is_over()
        if self._since is not None and not self._stop.is_due:  # else another worker has done something meanwhile
            raise error

    async def _pause(self, seconds: float, until: float, error: OmnilogueError) -> None:
        """Let time pass until the next probe; it is told how long the outage has lasted."""
        over = min(self._clock.monotonic() + seconds, until)
        while self._since is not None and not self._stop.is_due:
            now = self._clock.monotonic()
            self._told(now - self._since, error)
            if now >= over:
                return
            await self._clock.sleep(min(TELL_SECONDS, over - now))

    async def _is_over(self) -> bool:
        try:
            await self._probe()
        except OmnilogueError as error:
            if verdict(error) == "outage":
                self._require_patience(error)
                return False
            raise
        return True

    def _require_patience(self, error: OmnilogueError) -> None:
        """Raise the error where an end is not waited for, and tell what to look at."""
        if end := self._silent():
            error.hint = f"{LOOK_THERE}; {end} has never answered, and is not waited for"
            raise error


async def probe(pair: Pair) -> None:
    """See whether both ends answer, with the smallest read there is. Raises any error of the tree."""
    for remote in (pair.source, pair.target):
        async for _ in remote.conversations(limit=1):
            break


def never_answered(pair: Pair) -> str | None:
    """Give the address of an end that was asked and has never answered, None where there is none."""
    silent = [remote.name for remote in (pair.source, pair.target) if Landing.on(remote).never_answered]
    return address_of(silent[0]) if silent else None
