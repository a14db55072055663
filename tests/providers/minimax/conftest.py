"""MiniMax on loopback, and the provider that talks to it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from typing import Any, TypeAlias

import httpx
import pytest

from omnilogue.http import Http, SystemClock
from omnilogue.log import logger
from omnilogue.provider import Context
from omnilogue.state import Kept, State
from omnilogue_minimax import MiniMax, MiniMaxSettings
from omnilogue_minimax.emulator import MiniMaxEmulator

Connect: TypeAlias = Callable[..., MiniMax]


class SkippingClock(SystemClock):
    """Lets all time pass at once, and remembers how long it would have slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return super().monotonic() + sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def vendor() -> Iterator[MiniMaxEmulator]:
    with MiniMaxEmulator() as emulator:
        yield emulator


@pytest.fixture
def notes() -> Iterator[Kept]:
    """Give what outlives a provider."""
    with closing(State("memory:")) as state:
        yield Kept(state, "old")


@pytest.fixture
def clock() -> SkippingClock:
    return SkippingClock()


@pytest.fixture
async def connect(
    anyio_backend: str, vendor: MiniMaxEmulator, notes: Kept, clock: SkippingClock
) -> AsyncIterator[Connect]:
    """Give what makes a provider with some settings of its own; one after the other they share their notes."""
    transport = httpx.AsyncHTTPTransport(verify=False)

    def connected(**changed: Any) -> MiniMax:
        settings = MiniMaxSettings.model_validate({**vendor.settings, "max_attempts": 1, **changed})
        http = Http(settings, lambda: transport, clock)
        return MiniMax(settings, Context(remote="old", http=http, clock=clock, state=notes, log=logger()))

    yield connected
    await transport.aclose()


@pytest.fixture
def provider(connect: Connect) -> MiniMax:
    return connect()


@pytest.fixture
def thread(vendor: MiniMaxEmulator) -> str:
    """Give the id of an empty conversation."""
    return vendor.store.add_thread().id
