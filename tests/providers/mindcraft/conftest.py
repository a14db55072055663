"""MindCraft on loopback, and the provider that talks to it."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeAlias

import httpx
import pytest

from omnilogue.http import Http, Sockets, SystemClock
from omnilogue.log import logger
from omnilogue.provider import Context
from omnilogue.state import Kept, State
from omnilogue_mindcraft import MindCraft, MindCraftSettings
from omnilogue_mindcraft.emulator import MindCraftEmulator

Connect: TypeAlias = Callable[..., MindCraft]


@pytest.fixture
def vendor() -> Iterator[MindCraftEmulator]:
    with MindCraftEmulator() as emulator:
        yield emulator


@pytest.fixture
async def connect(anyio_backend: str, vendor: MindCraftEmulator) -> AsyncIterator[Connect]:
    """Give what makes a provider with some settings of its own."""
    transport = httpx.AsyncHTTPTransport(verify=False)

    def connected(**changed: Any) -> MindCraft:
        settings = MindCraftSettings.model_validate({**vendor.settings, "max_attempts": 1, **changed})
        clock = SystemClock()
        notes = Kept(State("memory:"), "work")
        http = Http(settings, lambda: transport, clock)
        sockets = Sockets(settings, clock)
        context = Context(remote="work", http=http, clock=clock, state=notes, log=logger(), sockets=sockets)
        return MindCraft(settings, context)

    yield connected
    await transport.aclose()


@pytest.fixture
def provider(connect: Connect) -> MindCraft:
    return connect()


@pytest.fixture
def session(vendor: MindCraftEmulator) -> str:
    """Give the id of an empty conversation."""
    return str(vendor.store.add_session("Trip").session_id)
