"""iChati on loopback, and the provider that talks to it."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeAlias

import httpx
import pytest

from omnilogue.http import Http, SystemClock
from omnilogue.log import logger
from omnilogue.provider import Context
from omnilogue.remote.account import MemoryNotes
from omnilogue_ichati import IChati, IChatiSettings
from omnilogue_ichati.emulator import IChatiEmulator

Connect: TypeAlias = Callable[..., IChati]


@pytest.fixture
def vendor() -> Iterator[IChatiEmulator]:
    with IChatiEmulator() as emulator:
        yield emulator


@pytest.fixture
async def connect(anyio_backend: str, vendor: IChatiEmulator) -> AsyncIterator[Connect]:
    """Give what makes a provider with some settings of its own."""
    transport = httpx.AsyncHTTPTransport(verify=False)

    def connected(**changed: Any) -> IChati:
        settings = IChatiSettings.model_validate({**vendor.settings, "max_attempts": 1, **changed})
        clock = SystemClock()
        http = Http(settings, lambda: transport, clock)
        return IChati(settings, Context(remote="work", http=http, clock=clock, state=MemoryNotes(), log=logger()))

    yield connected
    await transport.aclose()


@pytest.fixture
def provider(connect: Connect) -> IChati:
    return connect()


@pytest.fixture
def topic(vendor: IChatiEmulator) -> str:
    """Give the id of an empty conversation."""
    return str(vendor.store.add_topic().id)
